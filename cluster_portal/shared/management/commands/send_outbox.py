import logging
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from cluster_portal.shared import outbox

logger = logging.getLogger("portal.outbox")

SECONDS_BETWEEN = 10


class Command(BaseCommand):
    help = (
        "Send the letters that are due. With --loop go on until SIGTERM, whatever becomes of the "
        "mail server or the database; several senders at once never send the same letter."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Look again every 10 seconds.")

    def handle(self, *args: Any, loop: bool, **options: Any) -> None:
        if not loop:
            self.stdout.write(f"{outbox.send_due()} sent")
            return
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: stop.set())
        while not stop.is_set():
            try:
                outbox.send_due(stop.is_set)
            except DatabaseError as error:
                logger.error("The database does not answer: %s", type(error).__name__)
                connection.close()
            stop.wait(SECONDS_BETWEEN)

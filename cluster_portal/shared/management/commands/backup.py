from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cluster_portal.shared.archive import BadArchive, write_archive


class Command(BaseCommand):
    help = "Write database and media into one archive. Safe while the site runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            default=str(settings.VAR_DIR / "backups"),
            help="where the archive goes (default: var/backups)",
        )
        parser.add_argument("--keep", type=int, help="keep only the newest KEEP archives there")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"])
        try:
            path = write_archive(folder)
        except (BadArchive, OSError) as error:
            raise CommandError(str(error)) from error
        if options["keep"]:
            for old in sorted(folder.glob("portal-*.tar"))[: -options["keep"]]:
                old.unlink()
        self.stdout.write(str(path))

"""Letters: written into the database with the thing they tell of, sent outside the request."""

import contextlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import make_msgid
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPServerDisconnected,
)
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError, connection
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from cluster_portal.shared.models import OutboxMessage
from cluster_portal.shared.text import clean_text

logger = logging.getLogger("portal.outbox")

# After each failure the next try waits longer; after the last of these it stays at six hours.
WAITS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360)]
KEEP_TRYING = timedelta(days=5)
# How long a letter belongs to the sender that took it; longer than one sending can last.
CLAIM = timedelta(minutes=5)
MARKING_TRIES = 5


def one_line(text: str) -> str:
    """Return `text` as a single line, so that nothing in it starts a header of its own."""
    return " ".join(clean_text(text).split())


def queue(
    to: str, template: str, context: dict[str, Any], reply_to: str = "", about: str = ""
) -> OutboxMessage:
    """Write a letter to `to` into the outbox and return it; call it in the thing's transaction.

    The letter is made of templates/emails/<template>.subject.txt, .txt and .html. `about` is the
    reference of the submission with which the letter is to be erased.
    """
    path = f"emails/{template}"
    return OutboxMessage.objects.create(
        to=one_line(to),
        subject=one_line(render_to_string(f"{path}.subject.txt", context))[:200],
        text=clean_text(render_to_string(f"{path}.txt", context)),
        html=clean_text(render_to_string(f"{path}.html", context)),
        reply_to=one_line(reply_to),
        message_id=make_msgid(domain=urlsplit(settings.SITE_URL).hostname or "localhost"),
        about=about,
    )


def claim_next() -> OutboxMessage | None:
    """Return the oldest letter that is due, taken so that no other sender gets it; or None."""
    while True:
        now = timezone.now()
        letter = (
            OutboxMessage.objects.filter(
                sent_at__isnull=True, next_try_at__lte=now, created_at__gt=now - KEEP_TRYING
            )
            .order_by("next_try_at", "pk")
            .first()
        )
        if letter is None:
            return None
        # Only one of two senders finds the time of the next try as it was read.
        if OutboxMessage.objects.filter(
            pk=letter.pk, sent_at__isnull=True, next_try_at=letter.next_try_at
        ).update(next_try_at=now + CLAIM, attempts=F("attempts") + 1):
            letter.attempts += 1
            return letter


def mail_of(letter: OutboxMessage, connection: Any) -> EmailMultiAlternatives:
    """Return the e-mail that `letter` is; its Message-ID is the same at every try."""
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        to=[letter.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


def put_back(letter: OutboxMessage, error: Exception) -> None:
    """Note why `letter` was not sent, and when it is tried again."""
    wait = WAITS[min(letter.attempts, len(WAITS)) - 1]
    OutboxMessage.objects.filter(pk=letter.pk).update(
        next_try_at=timezone.now() + wait,
        last_error=clean_text(f"{type(error).__name__}: {error}")[:300],
    )
    # The error may repeat the address, which belongs in no log.
    logger.warning("Letter %d was not sent: %s", letter.pk, type(error).__name__)


def mark_sent(letter: OutboxMessage) -> None:
    """Note that `letter` went out; patiently, since one that is not marked goes out again."""
    for tries_left in reversed(range(MARKING_TRIES)):
        try:
            OutboxMessage.objects.filter(pk=letter.pk).update(sent_at=timezone.now(), last_error="")
            return
        except DatabaseError:
            if not tries_left:
                raise
            time.sleep(1)
            if not connection.in_atomic_block:
                connection.close()  # the next try opens a new one


def send_due(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send the letters that are due, one after the other; return how many went out.

    A letter that fails waits for its next try and holds up no other. When the mail server cannot
    be reached at all, the rest stay due instead of each waiting for it in turn. Raises only what
    the database raises.
    """
    sent = 0
    server = get_connection()
    try:
        while not should_stop() and (letter := claim_next()):
            try:
                server.open()
                mail_of(letter, server).send()
            except Exception as error:  # Whatever is wrong with one letter, the others go on.
                put_back(letter, error)
                if is_about_server(error):
                    break
            else:
                mark_sent(letter)
                sent += 1
    finally:
        # A server that is gone is no reason to fail after the letters were handed over.
        with contextlib.suppress(OSError):
            server.close()
    return sent


def is_about_server(error: Exception) -> bool:
    """Say whether `error` would meet every letter: no connection, or no log-in."""
    if isinstance(error, SMTPException):
        return isinstance(
            error,
            SMTPServerDisconnected | SMTPConnectError | SMTPHeloError | SMTPAuthenticationError,
        )
    return isinstance(error, OSError)

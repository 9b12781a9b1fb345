import os
import signal
import smtplib
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from cluster_portal.shared import outbox
from cluster_portal.shared.models import OutboxMessage, SiteSettings
from tests import builders, public_forms

PROJECT = Path(__file__).resolve().parent.parent.parent
CONTEXT = {
    "kind": "message",
    "reference": "7K3Q-9XWT-A2MB",
    "site_name": "אשכול נגב מערבי",
    "status_url": "http://127.0.0.1:8000/submissions/7K3Q-9XWT-A2MB/",
    "admin_url": "http://127.0.0.1:8000/admin/",
}
DEAD_SERVER = "tests.shared.test_outbox.DeadServer"
MOODY_SERVER = "tests.shared.test_outbox.MoodyServer"

pytestmark = pytest.mark.django_db


class DeadServer(EmailBackend):
    """A mail server that nobody reaches."""

    tries = 0

    def open(self):
        type(self).tries += 1
        raise ConnectionRefusedError("nobody listens")


class MoodyServer(EmailBackend):
    """A mail server that does not know one of the people written to."""

    def send_messages(self, messages):
        if messages[0].to == ["unknown@example.org"]:
            raise smtplib.SMTPRecipientsRefused({"unknown@example.org": (550, b"no such user")})
        return super().send_messages(messages)


def test_letter_is_hebrew_in_both_parts_and_names_nobody_it_should_not():
    letter = outbox.queue("dana@example.org", "submission_received", CONTEXT)
    assert "7K3Q-9XWT-A2MB" in letter.subject
    assert '<html lang="he" dir="rtl">' in letter.html
    lines = letter.text.splitlines()
    assert CONTEXT["status_url"] in lines
    assert CONTEXT["reference"] in lines
    assert mail.outbox == []


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: all@example.org",
        "x\nSubject: y",
        "x\u2028Bcc: y",
        "\u202ex\x00",
        "x\r\n\r\n<html>",
        "=?utf-8?q?x=0aBcc:_y?=",
    ],
)
def test_no_value_makes_a_header_of_its_own(evil):
    context = CONTEXT | {"reference": evil}
    outbox.queue("dana@example.org", "submission_received", context, reply_to="a@example.org")
    assert outbox.send_due() == 1
    [letter] = mail.outbox
    assert "\n" not in letter.subject
    raw = letter.message()
    assert raw["Bcc"] is None
    assert len(raw.get_all("Subject", [])) == 1
    assert letter.recipients() == ["dana@example.org"]


def test_due_letter_is_sent_once():
    letter = outbox.queue("dana@example.org", "submission_received", CONTEXT)
    call_command("send_outbox", verbosity=0)
    call_command("send_outbox", verbosity=0)
    letter.refresh_from_db()
    assert letter.sent_at is not None
    [sent] = mail.outbox
    assert sent.extra_headers["Message-ID"] == letter.message_id
    assert sent.alternatives[0].mimetype == "text/html"


def test_dead_server_costs_one_letter_one_try(settings):
    settings.EMAIL_BACKEND = DEAD_SERVER
    DeadServer.tries = 0
    for _ in range(3):
        outbox.queue("dana@example.org", "submission_received", CONTEXT)
    assert outbox.send_due() == 0
    assert DeadServer.tries == 1
    assert sorted(OutboxMessage.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    tried = OutboxMessage.objects.get(attempts=1)
    assert "ConnectionRefusedError" in tried.last_error


def test_all_go_out_after_the_server_is_back(settings):
    settings.EMAIL_BACKEND = DEAD_SERVER
    with time_machine.travel(timezone.now(), tick=False) as clock:
        ids = {
            outbox.queue("dana@example.org", "submission_received", CONTEXT).message_id
            for _ in range(3)
        }
        for _ in range(30):
            outbox.send_due()
            clock.shift(timedelta(hours=2))
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        clock.shift(timedelta(hours=6))
        assert outbox.send_due() == 3
    assert {letter.extra_headers["Message-ID"] for letter in mail.outbox} == ids
    assert set(OutboxMessage.objects.values_list("last_error", flat=True)) == {""}


def test_waits_grow_to_six_hours():
    letter = builders.outbox_message()
    waits = []
    with time_machine.travel(timezone.now(), tick=False):
        for attempts in range(1, 9):
            letter.attempts = attempts
            outbox.put_back(letter, OSError("no"))
            letter.refresh_from_db()
            waits.append((letter.next_try_at - timezone.now()).total_seconds() / 60)
    assert waits == [1, 5, 15, 60, 180, 360, 360, 360]


def test_letter_is_given_up_after_five_days():
    old = timezone.now() - timedelta(days=5, minutes=1)
    builders.outbox_message(created_at=old, next_try_at=old)
    assert outbox.send_due() == 0


def test_one_bad_address_holds_up_no_other(settings):
    settings.EMAIL_BACKEND = MOODY_SERVER
    bad = builders.outbox_message(to="unknown@example.org")
    builders.outbox_message(to="broken\nheader@example.org")
    good = builders.outbox_message()
    assert outbox.send_due() == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert bad.sent_at is None
    assert "SMTPRecipientsRefused" in bad.last_error
    assert good.sent_at is not None


def test_two_senders_never_take_the_same_letter():
    builders.outbox_message()
    assert outbox.claim_next() is not None
    assert outbox.claim_next() is None


def test_letter_of_a_sender_that_died_is_taken_up_again():
    letter = builders.outbox_message()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert outbox.claim_next() == letter
        clock.shift(outbox.CLAIM)
        taken = outbox.claim_next()
    assert taken == letter
    assert taken.message_id == letter.message_id


def test_locked_database_does_not_make_a_letter_go_out_twice(monkeypatch):
    letter = builders.outbox_message()
    really = QuerySet.update
    refusals = iter([OperationalError("database is locked")] * 2)

    def update(rows, **values):
        if "sent_at" in values and (error := next(refusals, None)):
            raise error
        return really(rows, **values)

    monkeypatch.setattr(QuerySet, "update", update)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    assert outbox.send_due() == 1
    letter.refresh_from_db()
    assert letter.sent_at is not None
    assert len(mail.outbox) == 1


def test_letter_is_not_written_when_the_thing_is_not():
    def thing_and_letter():
        with transaction.atomic():
            outbox.queue("dana@example.org", "submission_received", CONTEXT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        thing_and_letter()
    assert OutboxMessage.objects.count() == 0


def test_sender_gets_a_confirmation_that_repeats_nothing_typed(client):
    builders.administrator(email="boss@example.org")
    builders.administrator(email="gone@example.org", is_active=False)
    builders.user(email="editor@example.org")
    data = public_forms.message()
    reference = client.post("/contact/", data).url.split("/")[2]
    letters = {letter.to: letter for letter in OutboxMessage.objects.all()}
    assert set(letters) == {"dana@example.org", "boss@example.org"}
    for letter in letters.values():
        assert reference in letter.text
        for name in ("subject", "message", "contact_name", "contact_phone"):
            assert data[name] not in letter.subject + letter.text + letter.html
    assert "dana@example.org" not in letters["boss@example.org"].text
    assert f"/submissions/{reference}/" in letters["dana@example.org"].text
    assert "/admin/shared/contactmessage/" in letters["boss@example.org"].text
    assert mail.outbox == []


def test_notice_goes_to_the_address_set_for_it(client):
    builders.administrator(email="boss@example.org")
    SiteSettings(notice_email="office@example.org", contact_email="info@example.org").save()
    client.post("/contact/", public_forms.message())
    assert set(OutboxMessage.objects.values_list("to", "reply_to")) == {
        ("dana@example.org", "info@example.org"),
        ("office@example.org", ""),
    }


# The command as a service runs it.


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_loop_outlives_a_locked_database_and_ends_at_once_when_told(tmp_path):
    environment = os.environ | {
        "PORTAL_ENV": "demo",
        "PORTAL_VAR": str(tmp_path),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "cluster_portal.settings",
    }
    # No tables at all: every look into the database fails.
    process = subprocess.Popen(
        [sys.executable, "manage.py", "send_outbox", "--loop"],
        cwd=PROJECT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "does not answer" in process.stderr.readline()
        assert process.poll() is None
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - told < 3
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_connection_is_usable_after_failures(settings):
    settings.EMAIL_BACKEND = DEAD_SERVER
    builders.outbox_message()
    outbox.send_due()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from cluster_portal.shared.models import ContactMessage, OutboxMessage, RateLimitHit, SiteSettings
from forums.models import Proposal
from tests import builders

pytestmark = pytest.mark.django_db


def days_ago(days: float):
    return timezone.now() - timedelta(days=days)


def purge(*arguments: str) -> str:
    out = StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def old_proposal() -> Proposal:
    """A proposal past its time, with a file and a letter that never went out."""
    SiteSettings(retention_days=60).save()
    proposal = builders.proposal(
        created_at=days_ago(61),
        attachment=ContentFile(builders.PDF, name="a.pdf"),
        attachment_name="a.pdf",
    )
    builders.outbox_message(about=proposal.reference)
    return proposal


def test_submission_past_its_time_leaves_nothing(old_proposal, django_capture_on_commit_callbacks):
    fresh = builders.contact_message(created_at=days_ago(59))
    letter = builders.outbox_message(about=fresh.reference)
    initiative = builders.initiative(proposal=old_proposal)
    with django_capture_on_commit_callbacks(execute=True):
        report = purge()
    assert "forums.Proposal: 1" in report
    assert "shared.ContactMessage: 0" in report
    assert list(Proposal.objects.all()) == []
    assert not default_storage.exists(old_proposal.attachment.name)
    assert list(ContactMessage.objects.all()) == [fresh]
    assert list(OutboxMessage.objects.all()) == [letter]
    initiative.refresh_from_db()
    assert initiative.proposal is None


def test_dry_run_counts_and_erases_nothing(old_proposal):
    assert "forums.Proposal: 1" in purge("--dry-run")
    assert Proposal.objects.count() == 1
    assert default_storage.exists(old_proposal.attachment.name)


def test_other_records_go_when_their_time_is_over():
    builders.outbox_message(sent_at=days_ago(31))
    recent = builders.outbox_message(sent_at=days_ago(29))
    waiting = builders.outbox_message()
    RateLimitHit.objects.create(scope="a", client="b", at=days_ago(2))
    hit = RateLimitHit.objects.create(scope="a", client="b")
    Session.objects.create(session_key="old", session_data="", expire_date=days_ago(1))
    session = Session.objects.create(session_key="new", session_data="", expire_date=days_ago(-1))
    attempts = [AccessAttempt.objects.create(failures_since_start=1) for _ in range(2)]
    AccessAttempt.objects.filter(pk=attempts[0].pk).update(attempt_time=days_ago(91))
    purge()
    assert set(OutboxMessage.objects.all()) == {recent, waiting}
    assert list(RateLimitHit.objects.all()) == [hit]
    assert list(Session.objects.all()) == [session]
    assert list(AccessAttempt.objects.all()) == [attempts[1]]

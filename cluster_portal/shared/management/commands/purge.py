from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone

from cluster_portal.shared import presence, working_copies
from cluster_portal.shared.models import OutboxMessage, PreviewLink, RateLimitHit, SiteSettings
from cluster_portal.shared.outbox import KEEP_TRYING
from cluster_portal.shared.submissions import expired, kinds

LETTERS = timedelta(days=30)
LIMITS = timedelta(days=1)
LOG_INS = timedelta(days=90)


def out_of_date() -> list[QuerySet[Any]]:
    """Return the rows whose time is over, a queryset for each model.

    Submissions are kept as long as the site settings say; their files and letters go with them.
    """
    now = timezone.now()
    days = SiteSettings.load().retention_days
    return [
        *(expired(model, days) for model in kinds()),
        OutboxMessage.objects.filter(
            Q(sent_at__lt=now - LETTERS)
            | Q(sent_at__isnull=True, created_at__lt=now - KEEP_TRYING - LETTERS)
        ),
        working_copies.out_of_date(),
        presence.out_of_date(),
        PreviewLink.objects.filter(expires_at__lt=now - LETTERS),
        RateLimitHit.objects.filter(at__lt=now - LIMITS),
        Session.objects.filter(expire_date__lt=now),
        AccessAttempt.objects.filter(attempt_time__lt=now - LOG_INS),
        AccessLog.objects.filter(attempt_time__lt=now - LOG_INS),
        AccessFailureLog.objects.filter(attempt_time__lt=now - LOG_INS),
    ]


class Command(BaseCommand):
    help = (
        "Erase what is out of date: submissions past the days in the site settings with their "
        "files and letters, letters and unsaved words of 30 days, links to previews that ended 30 "
        "days ago, limits, sessions, log-in records of 90 days."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count only; erase nothing.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        for rows in out_of_date():
            count = rows.count()
            if not dry_run:
                rows.delete()
            self.stdout.write(f"{rows.model._meta.label}: {count}")

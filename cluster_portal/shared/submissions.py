"""What the public sends: taken in once, told of by letter, erased when its time is over."""

import logging
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, OperationalError, models, transaction
from django.db.models.signals import post_delete
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.csrf import CSRF_FAILED
from cluster_portal.shared.forms import SubmissionForm
from cluster_portal.shared.limits import is_over_limit
from cluster_portal.shared.models import OutboxMessage, SiteSettings, Submission, User
from cluster_portal.shared.outbox import queue
from cluster_portal.shared.policy import Role

logger = logging.getLogger("portal.submissions")

OVER_LIMIT = _(
    "Too many forms were sent from your internet address within an hour, so this one was not sent. "
    "All that you typed is still here: please send it again in a while."
)
NOT_SAVED = _(
    "The form could not be saved just now. All that you typed is still here: please send it again "
    "in a few moments."
)


def take_in(request: HttpRequest, form: SubmissionForm) -> tuple[Submission | None, int]:
    """Store what `form` brings, with its letters; return the submission, and the answer's status.

    Without a submission the form itself says why, and the caller shows it again. The same form sent
    twice gives the one submission that it made. No letter is sent here, so a dead mail server
    cannot be noticed by the sender.
    """
    if request.csrf_failed:  # type: ignore[attr-defined]
        form.add_error(None, CSRF_FAILED)
        return None, 403
    if not form.is_valid():
        return None, 200
    try:
        if sent_before := form.already_sent():
            return sent_before, 302
        if is_over_limit(request, "submission", settings.SUBMISSIONS_PER_HOUR):
            form.add_error(None, OVER_LIMIT)
            return None, 429
        with transaction.atomic():
            submission = form.save()
            write_letters(submission, form.kind)
        return submission, 302
    except IntegrityError:
        # Two of the same at one moment: the other one was quicker.
        remove_files(form.instance)
        if sent_before := form.already_sent():
            return sent_before, 302
    except (OperationalError, OSError) as error:
        # The database is locked or gone, or the disk is full.
        logger.error("A submission could not be saved: %s", type(error).__name__)
        remove_files(form.instance)
    form.add_error(None, NOT_SAVED)
    return None, 503


def write_letters(submission: Submission, kind: str) -> None:
    """Put into the outbox a confirmation for the sender and a notice for staff.

    Neither repeats what was typed: a confirmation that did would let anybody send their words to
    anybody's address in our name, and personal data stay in the house.
    """
    site = SiteSettings.load()
    path = reverse("front:submission_status_of", kwargs={"reference": submission.reference})
    options = submission._meta
    admin_path = reverse(
        f"admin:{options.app_label}_{options.model_name}_change", args=[submission.pk]
    )
    context = {
        "kind": kind,
        "reference": submission.reference,
        "site_name": site.name,
        "status_url": f"{settings.SITE_URL}{path}",
        "admin_url": f"{settings.SITE_URL}{admin_path}",
    }
    queue(
        submission.contact_email,
        "submission_received",
        context,
        reply_to=site.contact_email,
        about=submission.reference,
    )
    for address in notice_addresses(site):
        queue(address, "submission_notice", context, about=submission.reference)


def notice_addresses(site: SiteSettings) -> list[str]:
    """Return who is told of a new submission: the address set for it, else the administrators."""
    if site.notice_email:
        return [site.notice_email]
    administrators = User.objects.filter(is_active=True, role=Role.ADMINISTRATOR)
    return list(administrators.values_list("email", flat=True))


def kinds() -> list[type[Submission]]:
    """Return every model of submissions in the project."""
    return [model for model in apps.get_models() if issubclass(model, Submission)]


def expired(model: type[Submission], days: int) -> models.QuerySet[Any]:
    """Return the rows of `model` that were sent more than `days` days ago."""
    return model._default_manager.filter(created_at__lt=timezone.now() - timedelta(days=days))


def remove_files(thing: models.Model) -> None:
    """Remove from the storage every file that `thing` holds."""
    for field in thing._meta.concrete_fields:
        if isinstance(field, models.FileField):
            file = getattr(thing, field.name)
            if file and file._committed:
                file.storage.delete(file.name)


def forget(sender: type[Submission], instance: Submission, **kwargs: Any) -> None:
    """A submission that is erased leaves nothing: its files and its letters go with it."""
    OutboxMessage.objects.filter(about=instance.reference).delete()
    transaction.on_commit(lambda: remove_files(instance))


# Each by itself: a receiver for all models would slow down every other deletion.
for kind in kinds():
    post_delete.connect(forget, sender=kind)

"""Letters about reviews: to the editors when something waits, to its people when it is answered."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from cluster_portal.shared import outbox, policy
from cluster_portal.shared.models import SiteSettings, User
from cluster_portal.shared.models.review import PendingRevision, ReviewNote
from cluster_portal.shared.publishing import PublicationState


def absolute(path: str) -> str:
    """Return `path` of this site as an address for a letter."""
    return f"{settings.SITE_URL}{path}"


def admin_url(thing: models.Model) -> str:
    name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change"
    return reverse(name, args=(thing.pk,))


def common(thing: models.Model, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "kind": thing._meta.verbose_name,
        "place": getattr(thing, "forum", None),
        "site_name": SiteSettings.load().name,
    }


def editors() -> list[str]:
    """Return where the editors hear that something waits: one address, or each of the staff's."""
    address = SiteSettings.load().notice_email
    if address:
        return [address]
    staff = User.objects.filter(is_active=True, role__in=policy.STAFF_ROLES).order_by("pk")
    return list(staff.values_list("email", flat=True))


def submitted(thing: models.Model, revision: PendingRevision | None, user: Any) -> None:
    """Tell the editors that `thing`, or a change of it, waits for them."""
    if revision is None:
        path = reverse("admin:review_thing", args=(thing._meta.label_lower, thing.pk))
    else:
        path = reverse("admin:review_revision", args=(revision.pk,))
    context = common(thing, revision.title if revision else str(thing)) | {
        "is_change": revision is not None,
        "writer": user.get_full_name(),
        "url": absolute(path),
    }
    for address in editors():
        outbox.queue(address, "review_submitted", context)


def answered(thing: Any, note: ReviewNote, people: Iterable[Any], desk_address: str | None) -> None:
    """Tell each of `people` but the editor themselves what was answered to `thing`."""
    context = common(thing, str(thing)) | {
        "approved": note.outcome == ReviewNote.Outcome.APPROVED,
        "remark": note.remark,
        "editor": note.by.get_full_name() if note.by else "",
        "is_public": thing.is_published(),
        # Put off to a time of its own; what was taken down has none.
        "publish_at": thing.publish_at if thing.state == PublicationState.PUBLISHED else None,
        "page_url": absolute(thing.get_absolute_url()),
    }
    for person in people:
        if person.pk == note.by_id:
            continue
        path = admin_url(thing) if policy.is_staff(person) else desk_address
        outbox.queue(
            person.email,
            "review_answered",
            context
            | {
                "name": person.get_short_name(),
                "url": absolute(path) if path else context["page_url"],
            },
        )

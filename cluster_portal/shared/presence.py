"""Who has a thing open for editing at this moment: a courtesy, not a lock.

A page in which somebody writes sends a small POST now and then; opening a page writes nothing.
"""

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from cluster_portal.shared.models.review import Presence

LASTS = timedelta(minutes=2)


def note(user: Any, thing: models.Model) -> None:
    """Keep that `user` has `thing` open now."""
    Presence.objects.update_or_create(
        user=user,
        kind=thing._meta.label_lower,
        object_id=thing.pk,
        defaults={"at": timezone.now()},
    )


def leave(user: Any, thing: models.Model) -> None:
    """Forget that `user` has `thing` open, after saving or leaving."""
    Presence.objects.filter(user=user, kind=thing._meta.label_lower, object_id=thing.pk).delete()


def others(user: Any, thing: models.Model) -> list[str]:
    """Return the names of those, but for `user`, who had `thing` open in the last two minutes."""
    rows = (
        Presence.objects.filter(
            kind=thing._meta.label_lower,
            object_id=thing.pk,
            at__gt=timezone.now() - LASTS,
            user__is_active=True,
        )
        .exclude(user=user)
        .select_related("user")
        .order_by("-at", "pk")
    )
    return [row.user.get_full_name() or row.user.get_username() for row in rows]


def sentence(names: list[str]) -> str:
    """Return what a page tells about those who have it open; empty for nobody."""
    if not names:
        return ""
    return _("Open for editing at this moment by: %(names)s") % {
        # Isolated, so that a name in Latin letters does not turn its neighbours round.
        "names": ", ".join(f"\u2068{name}\u2069" for name in names)
    }


def out_of_date() -> models.QuerySet[Presence]:
    """Return the rows that no longer say anything."""
    return Presence.objects.filter(at__lte=timezone.now() - LASTS)

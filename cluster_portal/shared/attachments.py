"""Which photos, documents and recordings may be fetched: those that something public holds."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import models

from cluster_portal.shared import policy


class Holder(NamedTuple):
    """A kind of thing that shows attachments."""

    public: Callable[[], models.QuerySet]
    everything: Callable[[], models.QuerySet]
    lookup: str


_holders: dict[type[models.Model], list[Holder]] = {}
# Each tells which things show an attachment in a change that waits for approval.
_waiting: list[Callable[[models.Model], Iterable[models.Model]]] = []


def register_holder(
    attachment: type[models.Model],
    *,
    public: Callable[[], models.QuerySet],
    everything: Callable[[], models.QuerySet],
    lookup: str,
) -> None:
    """Tell that rows of `everything` show `attachment`s found by `lookup`, `public` of them openly.

    Example: updates show photos by ``photo_links__photo``.
    """
    _holders.setdefault(attachment, []).append(Holder(public, everything, lookup))


def register_waiting(find: Callable[[models.Model], Iterable[models.Model]]) -> None:
    """Tell that `find` returns the things that will show an attachment once they are approved.

    Who may view such a thing may fetch the attachment; the public may not.
    """
    _waiting.append(find)


def is_public(attachment: models.Model) -> bool:
    """Say whether anything that is public at this moment shows `attachment`."""
    return any(
        holder.public().filter(**{holder.lookup: attachment}).exists()
        for holder in _holders.get(type(attachment), [])
    )


def may_view(user: Any, attachment: models.Model) -> bool:
    """Say whether `user` may fetch `attachment`: public, own, or held by what the user may view."""
    if is_public(attachment):
        return True
    if not (user.is_authenticated and user.is_active):
        return False
    if policy.is_staff(user) or getattr(attachment, "uploaded_by_id", None) == user.pk:
        return True
    return any(
        policy.may(user, policy.Action.VIEW, thing)
        for holder in _holders.get(type(attachment), [])
        for thing in holder.everything().filter(**{holder.lookup: attachment})
    ) or any(
        policy.may(user, policy.Action.VIEW, thing)
        for find in _waiting
        for thing in find(attachment)
    )


def shown_by(attachment: models.Model) -> list[models.Model]:
    """Return all things that show `attachment`, public or not."""
    return [
        thing
        for holder in _holders.get(type(attachment), [])
        for thing in holder.everything().filter(**{holder.lookup: attachment}).distinct()
    ]


def is_shared(attachment: models.Model) -> bool:
    """Say whether more than one place shows `attachment`, so that changing it changes others.

    A change that waits for approval counts as such a place: what was read in it must not change.
    """
    links = 0
    for relation in attachment._meta.related_objects:
        if relation.one_to_many or relation.one_to_one:
            rows = relation.related_model._default_manager
            links += rows.filter(**{relation.field.name: attachment}).count()
    return links > 1 or any(True for find in _waiting for _thing in find(attachment))

"""Working copies: what somebody has typed and not yet saved, kept so that nothing is lost.

One per person and thing; never a version, and gone when the thing is saved. Something new has no
number yet: its `scope` says of what it is to be, such as the forum.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import models
from django.http import QueryDict
from django.utils import timezone

from cluster_portal.shared.models.review import WorkingCopy
from cluster_portal.shared.text import clean_text

KEPT_FOR = timedelta(days=30)
MOST_BYTES = 200_000

Typed = dict[str, list[str]]


class TooLarge(ValueError):
    """More was typed than a working copy holds."""


def typed_of(data: Mapping[str, Any], names: Iterable[str]) -> Typed:
    """Return what was typed into the fields `names` of form `data`, fit to store.

    Raises TooLarge above MOST_BYTES.
    """
    getlist: Any = getattr(data, "getlist", lambda name: [data[name]])
    typed: Typed = {}
    size = 0
    for name in names:
        if name not in data:
            continue
        typed[name] = [clean_text(value) for value in getlist(name) if isinstance(value, str)]
        size += len(name) + sum(len(value.encode()) for value in typed[name])
        if size > MOST_BYTES:
            raise TooLarge
    return typed


def form_data(copy: WorkingCopy) -> QueryDict:
    """Return what was typed as a form would send it."""
    data = QueryDict(mutable=True)
    for name, values in copy.typed.items():
        data.setlist(name, values)
    return data


def of(user: Any, thing: models.Model, scope: str = "") -> models.QuerySet[WorkingCopy]:
    """Return the working copy that `user` has of `thing`, in a queryset of at most one.

    An unsaved `thing` stands for a new one; `scope` then tells which.
    """
    return WorkingCopy.objects.filter(
        user=user,
        kind=thing._meta.label_lower,
        object_id=thing.pk or 0,
        scope="" if thing.pk else scope,
    )


def keep(
    user: Any, thing: models.Model, typed: Typed, base_number: int = 0, scope: str = ""
) -> WorkingCopy:
    """Keep `typed` in place of what `user` had typed of `thing` before."""
    copy, _created = WorkingCopy.objects.update_or_create(
        user=user,
        kind=thing._meta.label_lower,
        object_id=thing.pk or 0,
        scope="" if thing.pk else scope,
        defaults={"typed": typed, "base_number": base_number, "updated_at": timezone.now()},
    )
    return copy


def drop(user: Any, thing: models.Model, scope: str = "") -> None:
    """Forget what `user` typed of `thing`: it was saved, or is not wanted."""
    of(user, thing, scope).delete()


def out_of_date() -> models.QuerySet[WorkingCopy]:
    """Return the working copies that nobody has touched for KEPT_FOR."""
    return WorkingCopy.objects.filter(updated_at__lt=timezone.now() - KEPT_FOR)

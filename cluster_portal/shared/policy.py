"""Who may do what: the only place where that is decided.

Views, the desk, the admin and templates all ask `may(user, action, thing)`. Each app registers how
its things find their forum; this module knows no app.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    COORDINATOR = "coordinator", _("Forum coordinator")
    EDITOR = "editor", _("Editor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Action(models.TextChoices):
    """The closed list of what can be asked about."""

    VIEW = "view"
    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"
    # Make public, or take down, without anybody's approval.
    PUBLISH = "publish"
    # Approve or send back what others wrote.
    REVIEW = "review"
    # Bring back an older version, or what was deleted.
    RESTORE = "restore"


STAFF_ROLES = frozenset({Role.EDITOR, Role.ADMINISTRATOR})

# What a coordinator does to the things of their own forums; to publish, the forum must be trusted.
COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.ADD, Action.CHANGE})
WRITING = frozenset(Action) - {Action.VIEW, Action.DELETE}

_administrators_only: set[type[models.Model]] = set()
_read_only: set[type[models.Model]] = set()
_forum_ids_of_thing: dict[type[models.Model], Callable[[Any], Iterable[int]]] = {}
_is_trusted: dict[type[models.Model], Callable[[Any], bool]] = {}
_forum_ids_of_user: list[Callable[[Any], frozenset[int]]] = []


def register_administrators_only(*kinds: type[models.Model]) -> None:
    """People and settings: only administrators see and change these."""
    _administrators_only.update(kinds)


def is_administrators_only(kind: type[models.Model]) -> bool:
    """Say whether only administrators see rows of `kind`."""
    return kind in _administrators_only


def register_read_only(*kinds: type[models.Model]) -> None:
    """Records that nobody writes by hand; they can be viewed and deleted."""
    _read_only.update(kinds)


def register_forum_scope(
    kind: type[models.Model],
    forum_ids: Callable[[Any], Iterable[int]],
    is_trusted: Callable[[Any], bool] | None = None,
) -> None:
    """Let coordinators write things of `kind` whose `forum_ids(thing)` they coordinate.

    They publish such a thing without review where `is_trusted(thing)`; never, if it is not given.
    """
    _forum_ids_of_thing[kind] = forum_ids
    if is_trusted is not None:
        _is_trusted[kind] = is_trusted


def register_forums_of_user(forum_ids: Callable[[Any], frozenset[int]]) -> None:
    """Tell how to find the ids of the forums that a user coordinates today."""
    _forum_ids_of_user[:] = [forum_ids]


def is_staff(user: Any) -> bool:
    """Say whether `user` may enter the admin."""
    return bool(user.is_authenticated and user.is_active and user.role in STAFF_ROLES)


def forum_ids(user: Any) -> frozenset[int]:
    """Return the ids of the forums that `user` coordinates today; none for a disabled user."""
    if not (user.is_authenticated and user.is_active and _forum_ids_of_user):
        return frozenset()
    return _forum_ids_of_user[0](user)


def may(user: Any, action: str, thing: models.Model | type[models.Model]) -> bool:
    """Say whether `user` may do `action` to `thing`, a model or one of its rows.

    Asked of a model, the answer is about the kind as such (staff only); asked of a row, it counts
    the row's forum too. Raises ValueError for an action outside the closed list.
    """
    action = Action(action)
    if not (user.is_authenticated and user.is_active):
        return False
    kind = thing if isinstance(thing, type) else type(thing)
    if kind in _read_only and action in WRITING:
        return False
    if user.role == Role.ADMINISTRATOR:
        return True
    if user.role == Role.EDITOR:
        return kind not in _administrators_only
    if isinstance(thing, type) or kind not in _forum_ids_of_thing:
        return False
    if action == Action.PUBLISH:
        allowed = kind in _is_trusted and _is_trusted[kind](thing)
    else:
        allowed = action in COORDINATOR_ACTIONS
    return allowed and bool(forum_ids(user).intersection(_forum_ids_of_thing[kind](thing)))

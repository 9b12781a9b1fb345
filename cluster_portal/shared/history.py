"""History: every save is a version, a deleted thing can come back, nobody overwrites unseen.

A *thing* is a row with its many-to-many links and its parts (the rows that its page edits with it,
such as the photos of an update). Each app's scope.py registers its things. Signals notice every
save, on whatever path, and write the whole thing as a version; the saves of one request make one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from cluster_portal.shared.models.history import Version

Snapshot = dict[str, Any]

# kind -> the related names of its parts
_things: dict[type[models.Model], tuple[str, ...]] = {}
# a part's kind -> (name of its foreign key to the thing)
_parts: dict[type[models.Model], str] = {}


@dataclass
class Editing:
    """One act of writing: a request or a command, and what it has written so far."""

    user: Callable[[], Any]
    note: str = ""
    action: str | None = None
    written: dict[tuple[str, int], int] = field(default_factory=dict)
    before_delete: dict[tuple[str, int], Snapshot] = field(default_factory=dict)


_editing: ContextVar[Editing | None] = ContextVar("editing", default=None)


@contextmanager
def editing(
    user: Callable[[], Any] = lambda: None, note: str = "", action: str | None = None
) -> Iterator[Editing]:
    """All saves within are one act of `user()`: each thing gets one version, with `note`."""
    act = Editing(user, note, action)
    token = _editing.set(act)
    try:
        yield act
    finally:
        _editing.reset(token)


def register(kind: type[models.Model], *, parts: tuple[str, ...] = ()) -> None:
    """Keep versions of `kind`; `parts` are the related names of the rows edited with it."""
    _things[kind] = parts
    for name in parts:
        relation = kind._meta.get_field(name)
        _parts[relation.related_model] = relation.field.name  # type: ignore[union-attr]


def is_registered(kind: type[models.Model]) -> bool:
    return kind in _things


def registered_kinds() -> list[type[models.Model]]:
    return list(_things)


def kind_of(label: str) -> type[models.Model] | None:
    """Return the registered kind with this lower-case label."""
    return next((kind for kind in _things if kind._meta.label_lower == label), None)


# --- What a thing is ----------------------------------------------------------------------------


def kept_fields(kind: type[models.Model]) -> list[models.Field]:
    """The columns that a version keeps: not the key, not what the clock writes."""
    return [
        f
        for f in kind._meta.concrete_fields
        if not f.primary_key
        and not getattr(f, "auto_now", False)
        and not getattr(f, "auto_now_add", False)
    ]


def kept_links(kind: type[models.Model]) -> list[models.ManyToManyField]:
    """The many-to-many fields without a model of their own between."""
    return [f for f in kind._meta.many_to_many if f.remote_field.through._meta.auto_created]


def plain(value: Any) -> Any:
    """Return `value` as JSON keeps it."""
    if value is None or isinstance(value, bool | int | float | dict | list):
        return value
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "name") and hasattr(value, "storage"):
        return value.name or ""
    try:
        return DjangoJSONEncoder().default(value)
    except TypeError:
        return str(value)


def row(thing: models.Model, leave_out: str = "") -> dict[str, Any]:
    return {
        f.attname: plain(getattr(thing, f.attname))
        for f in kept_fields(type(thing))
        if f.name != leave_out
    }


def snapshot(thing: models.Model) -> Snapshot:
    """Return all of `thing` as it stands in the database now, fit for JSON."""
    kind = type(thing)
    fresh = kind._base_manager.get(pk=thing.pk)
    return {
        "fields": row(fresh),
        "links": {
            f.name: sorted(getattr(fresh, f.name).values_list("pk", flat=True))
            for f in kept_links(kind)
        },
        "parts": {
            name: [
                {"pk": part.pk} | row(part, leave_out=_parts[type(part)])
                for part in getattr(fresh, name).order_by("pk")
            ]
            for name in _things[kind]
        },
    }


# --- Writing versions ---------------------------------------------------------------------------


def latest_number(thing: models.Model) -> int:
    """Return the number of the newest version of `thing`; 0 while there is none."""
    newest = Version.objects.of(thing).values_list("number", flat=True).first()
    return newest or 0


def record(thing: models.Model, action: str, data: Snapshot | None = None) -> None:
    """Write `thing` as a version, or into the version that this act has already written."""
    act = _editing.get() or Editing(lambda: None)
    key = (thing._meta.label_lower, thing.pk)
    data = snapshot(thing) if data is None else data
    title = str(thing)[:200]
    if (pk := act.written.get(key)) and Version.objects.filter(pk=pk).update(
        data=data,
        title=title,
        **({"action": action} if action == Version.Action.DELETED else {}),
    ):
        return
    newest = Version.objects.of(thing).first()
    if newest and action == Version.Action.CHANGED and newest.data == data:
        return
    if newest and newest.action == Version.Action.DELETED and action == Version.Action.CREATED:
        action = Version.Action.RESTORED
    user = act.user()
    version = Version.objects.create(
        kind=key[0],
        object_id=key[1],
        number=(newest.number if newest else 0) + 1,
        action=action if action == Version.Action.DELETED else act.action or action,
        title=title,
        data=data,
        user=user if user is not None and user.is_authenticated else None,
        note=act.note,
    )
    act.written[key] = version.pk


def thing_of(instance: models.Model) -> models.Model | None:
    """Return the registered thing that `instance` is, or is a part of."""
    kind = type(instance)
    if kind in _things:
        return instance
    if kind in _parts:
        parent = kind._meta.get_field(_parts[kind])
        return parent.related_model._base_manager.filter(  # type: ignore[union-attr]
            pk=getattr(instance, parent.attname)  # type: ignore[attr-defined]
        ).first()
    return None


def on_save(sender: Any, instance: models.Model, created: bool, raw: bool, **kwargs: Any) -> None:
    if raw or (thing := thing_of(instance)) is None:
        return
    is_new = created and thing is instance
    record(thing, Version.Action.CREATED if is_new else Version.Action.CHANGED)


def on_links(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, model: Any, **kwargs: Any
) -> None:
    if not action.startswith("post_"):
        return
    if not reverse:
        changed = [instance]
    elif type(instance) in _things and model in _things:
        changed = list(model._base_manager.filter(pk__in=pk_set or ()))
    else:
        changed = []
    for thing in changed:
        if type(thing) in _things:
            record(thing, Version.Action.CHANGED)


def before_delete(sender: Any, instance: models.Model, **kwargs: Any) -> None:
    if sender in _things:
        act = _editing.get()
        data = snapshot(instance)
        instance._deleted_snapshot = data  # type: ignore[attr-defined]
        if act is not None:
            act.before_delete[instance._meta.label_lower, instance.pk] = data


def after_delete(sender: Any, instance: models.Model, **kwargs: Any) -> None:
    if sender in _things:
        record(instance, Version.Action.DELETED, getattr(instance, "_deleted_snapshot", None))
    elif sender in _parts and (thing := thing_of(instance)) is not None:
        act = _editing.get()
        if act is None or (thing._meta.label_lower, thing.pk) not in act.before_delete:
            record(thing, Version.Action.CHANGED)


def connect() -> None:
    """Listen to every save; called once all things are registered."""
    post_save.connect(on_save, dispatch_uid="history")
    m2m_changed.connect(on_links, dispatch_uid="history")
    pre_delete.connect(before_delete, dispatch_uid="history")
    post_delete.connect(after_delete, dispatch_uid="history")


# --- Bringing back ------------------------------------------------------------------------------


class CannotRestore(ValueError):
    """The version cannot be brought back; the text says why, for people."""


def existing(field: models.ForeignKey, value: Any) -> Any:
    """Return `value` if the row it points at is still there, None if it may be left empty."""
    if value is None or field.related_model._base_manager.filter(pk=value).exists():
        return value
    if field.null:
        return None
    raise CannotRestore(str(field.verbose_name))


def filled(kind: type[models.Model], data: dict[str, Any], **given: Any) -> models.Model:
    """Return an unsaved row of `kind` with what `data` keeps of its columns."""
    values = dict(given)
    for f in kept_fields(kind):
        if f.attname in data and f.attname not in values and f.name not in values:
            value = data[f.attname]
            if isinstance(f, models.ForeignKey):
                value = existing(f, value)
            elif not isinstance(f, models.FileField):
                value = f.to_python(value)
            values[f.attname] = value
    return kind(**values)


def apply(kind: type[models.Model], pk: int, data: Snapshot) -> models.Model:
    """Make the thing `pk` of `kind` be what `data` says, and return it; made anew if it is gone.

    Raises CannotRestore when something it cannot be without no longer exists.
    """
    with transaction.atomic():
        old = kind._base_manager.filter(pk=pk).first()
        thing = filled(kind, data["fields"], pk=pk)
        if old is not None:
            for f in kind._meta.concrete_fields:
                if f not in kept_fields(kind) and not f.primary_key:
                    setattr(thing, f.attname, getattr(old, f.attname))
            thing._state.adding = False
        thing.save(force_insert=old is None)
        for name, pks in data["links"].items():
            manager = getattr(thing, name)
            manager.set(manager.model._base_manager.filter(pk__in=pks))
        for name, rows in data["parts"].items():
            relation = kind._meta.get_field(name)
            part_kind = relation.related_model
            manager = getattr(thing, name)
            kept = {r["pk"] for r in rows}
            for gone in manager.exclude(pk__in=kept):
                gone.delete()
            for r in rows:
                try:
                    part = filled(part_kind, r, pk=r["pk"], **{relation.field.name: thing})
                except CannotRestore:
                    # What it showed is gone for good; the thing comes back without it.
                    part_kind._base_manager.filter(pk=r["pk"]).delete()
                    continue
                taken = part_kind._base_manager.filter(pk=r["pk"]).first()
                part._state.adding = taken is None
                part.save(force_insert=taken is None)
    return thing


def restore(version: Version) -> models.Model:
    """Bring the thing back to what it was in `version`; this is a new version.

    Raises CannotRestore, with nothing changed.
    """
    kind = kind_of(version.kind)
    if kind is None:
        raise CannotRestore(version.kind)
    outer = _editing.get()
    with (
        editing(
            outer.user if outer else lambda: None,
            note=f"{version.number}",
            action=Version.Action.RESTORED,
        ),
        transaction.atomic(),
    ):
        return apply(kind, version.object_id, version.data)


def bin_of(kind: type[models.Model]) -> models.QuerySet:
    """Return the last version of each deleted thing of `kind`, the latest deletion first."""
    newest = (
        Version.objects.filter(kind=models.OuterRef("kind"), object_id=models.OuterRef("object_id"))
        .order_by("-number")
        .values("number")[:1]
    )
    return Version.objects.filter(
        kind=kind._meta.label_lower,
        action=Version.Action.DELETED,
        number=models.Subquery(newest),
    )

"""History: every save is a version, a deleted thing can come back, nobody overwrites unseen.

A *thing* is a row with its many-to-many links and its parts (the rows that its page edits with it,
such as the photos of an update). Each app's scope.py registers its things. Signals notice every
save, on whatever path, and write the whole thing as a version; the saves of one request make one.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, models, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cluster_portal.shared.models.history import Version
from cluster_portal.shared.publishing import Publishable

Snapshot = dict[str, Any]

# What the clock and the workflow decide: an older text that is brought back leaves it as it is.
PUBLISHING_FIELDS = ("state", "publish_at", "expire_at", "reviewed_at")

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
_is_unrecorded: ContextVar[bool] = ContextVar("is_unrecorded", default=False)


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


@contextmanager
def unrecorded() -> Iterator[None]:
    """Within, no versions are written: for rows that are made up for a trial, and for nothing else.

    Whoever uses it says so to the people it concerns.
    """
    token = _is_unrecorded.set(True)
    try:
        yield
    finally:
        _is_unrecorded.reset(token)


def register(kind: type[models.Model], *, parts: tuple[str, ...] = ()) -> None:
    """Keep versions of `kind`; `parts` are the related names of the rows edited with it."""
    _things[kind] = parts
    for name in parts:
        relation: Any = kind._meta.get_field(name)
        _parts[relation.related_model] = relation.field.name


def is_registered(kind: type[models.Model]) -> bool:
    return kind in _things


def registered_kinds() -> list[type[models.Model]]:
    return list(_things)


def parts_of(kind: type[models.Model]) -> dict[str, type[models.Model]]:
    """Return the kinds of the parts of things of `kind`, by their related names."""
    return {name: kind._meta.get_field(name).related_model for name in _things.get(kind, ())}


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
    with transaction.atomic():
        if connection.features.has_select_for_update:
            # Whoever writes a part alone waits here, so that numbers are given out one by one.
            rows = type(thing)._base_manager.filter(pk=thing.pk).order_by()
            list(rows.select_for_update(of=("self",)).values_list("pk"))
        write_version(thing, action, data)


def write_version(thing: models.Model, action: str, data: Snapshot | None) -> None:
    act = _editing.get() or Editing(lambda: None)
    key = (thing._meta.label_lower, thing.pk)
    data = snapshot(thing) if data is None else data
    title = str(thing)[:200]
    # Asked for by its thing too: after a roll-back its key may have been given to another.
    mine = Version.objects.of(thing).filter(pk=act.written.get(key, 0))
    if key in act.written and mine.update(
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
        parent: Any = kind._meta.get_field(_parts[kind])
        rows = parent.related_model._base_manager.filter(pk=getattr(instance, parent.attname))
        return rows.first()
    return None


def on_save(sender: Any, instance: models.Model, created: bool, raw: bool, **kwargs: Any) -> None:
    if raw or _is_unrecorded.get() or (thing := thing_of(instance)) is None:
        return
    is_new = created and thing is instance
    record(thing, Version.Action.CREATED if is_new else Version.Action.CHANGED)


def on_links(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, model: Any, **kwargs: Any
) -> None:
    if _is_unrecorded.get() or not action.startswith("post_"):
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
    if sender in _things and not _is_unrecorded.get():
        act = _editing.get()
        data = snapshot(instance) | {"incoming": incoming(instance)}
        instance._deleted_snapshot = data  # type: ignore[attr-defined]
        if act is not None:
            act.before_delete[instance._meta.label_lower, instance.pk] = data


def after_delete(sender: Any, instance: models.Model, **kwargs: Any) -> None:
    if _is_unrecorded.get():
        return
    if sender in _things:
        data = getattr(instance, "_deleted_snapshot", None)
        record(instance, Version.Action.DELETED, data)
        # What pointed at it has changed by that, though no signal tells.
        for thing in pointed_from(data or {}):
            record(thing, Version.Action.CHANGED)
    elif sender in _parts and (whole := thing_of(instance)) is not None:
        act = _editing.get()
        if act is None or (whole._meta.label_lower, whole.pk) not in act.before_delete:
            record(whole, Version.Action.CHANGED)


# --- What points at a thing ---------------------------------------------------------------------


def relations_to(kind: type[models.Model]) -> Iterator[Any]:
    """Yield every relation by which rows of some kind point at `kind`, hidden ones included."""
    for relation in kind._meta.get_fields(include_hidden=True):
        if (
            relation.is_relation
            and relation.auto_created
            and not relation.concrete
            and not relation.related_model._meta.auto_created
        ):
            yield relation


def is_own_part(relation: Any) -> bool:
    """Say whether the rows behind `relation` are parts of what they point at."""
    return _parts.get(relation.related_model) == relation.field.name


def incoming(thing: models.Model) -> dict[str, list[Any]]:
    """Return what points at `thing` and would be lost with it, fit for JSON.

    "fields": foreign keys that are set to null; "links": many-to-many links of others; "parts":
    rows of other things, such as an update's link to a photo.
    """
    found: dict[str, list[Any]] = {"fields": [], "links": [], "parts": []}
    for relation in relations_to(type(thing)):
        model, f = relation.related_model, relation.field
        rows = model._base_manager.filter(**{f.name: thing}).order_by("pk")
        if relation.many_to_many:
            if f.remote_field.through._meta.auto_created and (pks := [r.pk for r in rows]):
                found["links"].append([model._meta.label_lower, f.name, pks])
        elif is_own_part(relation):
            continue
        elif relation.on_delete is models.SET_NULL:
            if pks := list(rows.values_list("pk", flat=True)):
                found["fields"].append([model._meta.label_lower, f.name, pks])
        elif model in _parts:
            found["parts"] += [[model._meta.label_lower, r.pk, row(r)] for r in rows]
    return found


def pointed_from(data: Snapshot) -> list[models.Model]:
    """Return the things that pointed at the deleted thing of `data` and are there."""
    found: dict[tuple[str, int], models.Model] = {}
    for label, _name, pks in [
        *data.get("incoming", {}).get("fields", ()),
        *data.get("incoming", {}).get("links", ()),
    ]:
        for other in apps.get_model(label)._base_manager.filter(pk__in=pks):
            if (thing := thing_of(other)) is not None:
                found[thing._meta.label_lower, thing.pk] = thing
    return list(found.values())


def uses(thing: models.Model) -> list[models.Model]:
    """Return everything that shows or names `thing`: the things whose rows point at it.

    A row that is neither a thing nor a part of one, such as a proposal, stands for itself.
    """
    found: dict[tuple[str, int], models.Model] = {}
    for relation in relations_to(type(thing)):
        model, f = relation.related_model, relation.field
        if is_own_part(relation):
            continue
        if relation.many_to_many and not f.remote_field.through._meta.auto_created:
            continue  # its rows are found by themselves
        for other in model._base_manager.filter(**{f.name: thing}).order_by("pk"):
            user = thing_of(other) or other
            found[user._meta.label_lower, user.pk] = user
    return list(found.values())


def put_back(thing: models.Model, incoming: dict[str, list[Any]]) -> None:
    """Make what pointed at `thing` point at it again, where that is still empty."""
    for label, name, pks in incoming.get("fields", ()):
        for other in apps.get_model(label)._base_manager.filter(pk__in=pks, **{name: None}):
            setattr(other, name, thing)
            try_saving(other)
    for label, name, pks in incoming.get("links", ()):
        for other in apps.get_model(label)._base_manager.filter(pk__in=pks):
            getattr(other, name).add(thing)
    for label, pk, values in incoming.get("parts", ()):
        kind = apps.get_model(label)
        is_taken = kind._base_manager.filter(pk=pk).exists()
        try:
            part = filled(kind, values, **({} if is_taken else {"pk": pk}))
            part.validate_constraints()
            part.validate_unique()
        except (CannotRestore, ValidationError):
            continue  # the thing that showed it is gone, or shows it again already
        part.save(force_insert=True)


def try_saving(other: models.Model) -> None:
    """Save `other` unless that breaks a rule that came after its link was lost."""
    try:
        other.validate_constraints()
        other.validate_unique()
    except ValidationError:
        return
    other.save()


def connect() -> None:
    """Listen to every save; called once all things are registered."""
    post_save.connect(on_save, dispatch_uid="history")
    m2m_changed.connect(on_links, dispatch_uid="history")
    pre_delete.connect(before_delete, dispatch_uid="history")
    post_delete.connect(after_delete, dispatch_uid="history")


# --- Bringing back ------------------------------------------------------------------------------


class CannotRestore(ValueError):
    """The version cannot be brought back; the text says why, for people."""


def reasons(error: ValidationError) -> str:
    return " ".join(error.messages)


def existing(field: models.ForeignKey, value: Any) -> Any:
    """Return `value` if the row it points at is still there, None if it may be left empty."""
    if value is None or field.related_model._base_manager.filter(pk=value).exists():
        return value
    if field.null:
        return None
    raise CannotRestore(
        _("What it belongs to (%(name)s) no longer exists; bring that back first.")
        % {"name": field.verbose_name}
    )


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
        try:
            thing.validate_constraints()
            thing.validate_unique()
        except ValidationError as error:
            raise CannotRestore(reasons(error)) from error
        thing.save(force_insert=old is None)
        for name, pks in data["links"].items():
            manager = getattr(thing, name)
            manager.set(manager.model._base_manager.filter(pk__in=pks))
        for name, rows in data["parts"].items():
            relation = kind._meta.get_field(name)
            manager = getattr(thing, name)
            kept = {r["pk"] for r in rows}
            for gone in manager.exclude(pk__in=kept):
                gone.delete()
            for r in rows:
                restore_part(relation, thing, r)
    return thing


def restore_part(relation: Any, thing: models.Model, data: dict[str, Any]) -> None:
    """Make a part of `thing` be what `data` says; drop it if what it shows is gone for good."""
    kind, key = relation.related_model, relation.field
    standing = kind._base_manager.filter(pk=data["pk"]).first()
    # A key that was given to another thing's part in the meantime stays with that one.
    is_other = standing is not None and getattr(standing, key.attname) != thing.pk
    given = {key.name: thing} | ({} if is_other else {"pk": data["pk"]})
    try:
        part = filled(kind, data, **given)
    except CannotRestore:
        if standing is not None and not is_other:
            standing.delete()
        return
    part._state.adding = standing is None or is_other
    try:
        part.validate_constraints()
    except ValidationError as error:
        raise CannotRestore(f"{capfirst(kind._meta.verbose_name)}: {reasons(error)}") from error
    part.save(force_insert=part._state.adding)


def data_to_restore(version: Version, kept_parts: Iterable[str] = ()) -> Snapshot:
    """Return what the thing of `version` would be once it is brought back.

    What is there keeps its place in the workflow: bringing back a text neither publishes nor takes
    down. `kept_parts` are parts that stay as they are, whatever the version says.
    """
    kind = kind_of(version.kind)
    data = {**version.data}
    standing = kind._base_manager.filter(pk=version.object_id).first() if kind else None
    if standing is None:
        return data
    if isinstance(standing, Publishable):
        kept = {name: row(standing)[name] for name in PUBLISHING_FIELDS}
        data["fields"] = {**data["fields"], **kept}
    if kept_parts := [name for name in kept_parts if name in data["parts"]]:
        parts = snapshot(standing)["parts"]
        data["parts"] = {**data["parts"], **{name: parts[name] for name in kept_parts}}
    return data


def restore(version: Version, kept_parts: Iterable[str] = ()) -> models.Model:
    """Bring the thing back to what it was in `version`; this is a new version.

    A deleted thing comes back with what pointed at it. Raises CannotRestore, with nothing changed.
    """
    kind = kind_of(version.kind)
    if kind is None:
        raise CannotRestore(_("Things of this kind are no longer kept."))
    outer = _editing.get()
    with (
        editing(
            outer.user if outer else lambda: None,
            note=_("Version %(number)s") % {"number": version.number},
            action=Version.Action.RESTORED,
        ) as act,
        transaction.atomic(),
    ):
        was_gone = not kind._base_manager.filter(pk=version.object_id).exists()
        thing = apply_whole(kind, version.object_id, data_to_restore(version, kept_parts))
        act.action = None
        act.note = ""
        if was_gone:
            put_back(thing, version.data.get("incoming", {}))
        return thing


def apply_whole(kind: type[models.Model], pk: int, data: Snapshot) -> models.Model:
    """Do what apply() does; tell in words of a clash that only the database sees."""
    try:
        with transaction.atomic():
            return apply(kind, pk, data)
    except IntegrityError as error:
        raise CannotRestore(_("Something that is there now stands in its way.")) from error


def bin_of(*kinds: type[models.Model]) -> models.QuerySet:
    """Return the last version of each deleted thing of `kinds`, the latest deletion first."""
    newest = (
        Version.objects.filter(kind=models.OuterRef("kind"), object_id=models.OuterRef("object_id"))
        .order_by("-number")
        .values("number")[:1]
    )
    return Version.objects.filter(
        kind__in=[kind._meta.label_lower for kind in kinds],
        action=Version.Action.DELETED,
        number=models.Subquery(newest),
    )

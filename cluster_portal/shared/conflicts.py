"""Nobody overwrites unseen: a form knows the version it was opened on, and refuses a newer one.

The form carries that version's number. Saved on top of somebody else's newer version it shows both
texts side by side with all that was typed, and takes the newer number: saving once more is knowing.
A part changed elsewhere counts too, since a version is the whole thing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db import IntegrityError, OperationalError, connection, models
from django.forms.models import BaseModelFormSet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cluster_portal.shared import differences, history, policy
from cluster_portal.shared.models.history import Version

# The constraint that is the last gate when two saves pass the check at the same instant.
NUMBER_TAKEN = ("shared_version_number", "shared_version.kind")
LONGEST_NUMBER = 9


@dataclass
class Difference:
    """A field in which the typed text is not what stands: its name and both texts."""

    label: str
    theirs: str
    mine: str


@dataclass
class Conflict:
    """What somebody else saved in between: their version, what they changed, what differs now."""

    newest: Version | None
    changes: list[differences.Change] = field(default_factory=list)
    fields: list[Difference] = field(default_factory=list)
    # Browsers send a file once: whoever chose one has to choose it again.
    has_files: bool = False

    @property
    def is_deleted(self) -> bool:
        return self.newest is not None and self.newest.action == Version.Action.DELETED


class NumberInput(forms.HiddenInput):
    """The hidden number; browsers must not fill in an older one when a page is reloaded."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off"})


class BaseNumberField(forms.CharField):
    """Holds the number of the version that a form was opened on; never a change by itself."""

    widget = NumberInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=20, label=_("version"))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False

    def clean(self, value: Any) -> int | None:
        """Return the number, or None for anything that is none."""
        text = str(value or "")
        return (
            int(text)
            if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
            else None
        )


def lock(queryset: models.QuerySet) -> models.QuerySet:
    """Return `queryset` so that its rows stay as they are until the transaction ends.

    PostgreSQL locks the rows. SQLite's transactions hold the whole database from their start
    (transaction_mode IMMEDIATE). Raises TransactionManagementError outside a transaction.
    """
    if connection.features.has_select_for_update:
        return queryset.order_by().select_for_update(of=("self",))
    return queryset


def is_number_taken(error: IntegrityError) -> bool:
    """Say whether `error` means that another save wrote the same version number first."""
    return any(name in str(error) for name in NUMBER_TAKEN)


def is_deadlock(error: OperationalError) -> bool:
    """Say whether PostgreSQL ended this transaction: it and another waited for each other."""
    return "deadlock detected" in str(error)


def numbers(kind: type[models.Model], pks: Iterable[int]) -> dict[int, int]:
    """Return the newest version's number of each of the things `pks` of `kind`; 0 without one."""
    pks = list(pks)
    found = (
        Version.objects.filter(kind=kind._meta.label_lower, object_id__in=pks)
        .order_by()
        .values("object_id")
        .annotate(newest=models.Max("number"))
        .values_list("object_id", "newest")
    )
    return dict.fromkeys(pks, 0) | dict(found)


def number_of(instance: models.Model) -> int:
    """Return the number of the version that `instance` was read at, or one that refuses a save.

    The row is read once more after the number: if somebody saved in between, what `instance` holds
    is no longer what the number stands for, and a save on top of it must count as a conflict.
    """
    number = history.latest_number(instance)
    fresh = type(instance)._base_manager.filter(pk=instance.pk).first()
    if fresh is None and instance._state.adding:
        return number  # a single thing that nobody has saved yet
    if fresh is None or history.row(fresh) != history.row(instance):
        return number - 1
    return number


class VersionedFormMixin:
    """For a ModelForm of a registered kind: refuses to save over somebody else's newer version.

    `conflict` is None, or says what happened. `formsets` are the inline formsets that are saved
    with the form; give them before is_valid() so that their rows are compared too.
    """

    conflict: Conflict | None = None
    formsets: Sequence[BaseModelFormSet] = ()

    def __init__(self, *args: Any, base_number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        form: Any = self
        self.is_versioned = history.is_registered(type(form.instance))
        if self.is_versioned and form.instance.pk is not None:
            form.fields["base_number"] = BaseNumberField()
            if base_number is None and not form.is_bound:
                base_number = number_of(form.instance)
            form.initial["base_number"] = "" if base_number is None else base_number

    def edited_with(self) -> Sequence[BaseModelFormSet]:
        """Return the formsets saved with this form: those given, or those the admin put by."""
        form: Any = self
        return self.formsets or getattr(form.instance, "_formsets_beside", ())

    def _post_clean(self) -> None:
        # Here the instance holds what was typed, whatever a subclass's clean() did.
        super()._post_clean()
        form: Any = self
        if "base_number" in form.fields:
            self.look_for_conflict()

    def look_for_conflict(self) -> None:
        """Compare the form's version with the newest, the row locked; note a conflict."""
        form: Any = self
        instance = form.instance
        kind = type(instance)
        fresh = lock(kind._base_manager.filter(pk=instance.pk)).first()
        newest = Version.objects.of(instance).first()
        latest = newest.number if newest else 0
        base = form.cleaned_data.get("base_number")
        if base == latest and (fresh is not None or instance._state.adding):
            return
        fields = self.differing(fresh) if fresh is not None else []
        if fresh is not None and not fields and not form.errors and not form.files:
            return
        changes: list[differences.Change] = []
        if newest is not None and base is not None and fresh is not None:
            older = Version.objects.of(instance).filter(number=base).first()
            if older is not None:
                hidden = self.parts_for_administrators(kind)
                changes = differences.differences(kind, older.data, newest.data, hidden)
        self.conflict = Conflict(newest, changes, fields, has_files=bool(form.files))
        form.data = form.data.copy()
        form.data[form.add_prefix("base_number")] = str(latest)
        if fresh is None:
            message = _("Meanwhile somebody deleted this. Nothing was saved.")
        else:
            message = _(
                "Meanwhile somebody else saved this. Nothing was saved and nothing that you typed "
                "is lost: compare below, correct if you like, and save again."
            )
        form.add_error(None, forms.ValidationError(message, code="conflict"))

    def parts_for_administrators(self, kind: type[models.Model]) -> list[str]:
        """Return the parts that are told to administrators alone and that this form has not."""
        edited = {formset.model for formset in self.edited_with()}
        return [
            name
            for name, part_kind in history.parts_of(kind).items()
            if policy.is_administrators_only(part_kind) and part_kind not in edited
        ]

    def differing(self, fresh: models.Model) -> list[Difference]:
        """Return each field in which what was typed is not what stands in `fresh`."""
        kind = type(fresh)
        result = []
        for f in (*history.kept_fields(kind), *history.kept_links(kind)):
            if (texts := self.both_texts(f, fresh)) is not None:
                result.append(Difference(capfirst(str(f.verbose_name)), *texts))
        for formset in self.edited_with():
            theirs, mine = both_rows(formset, fresh)
            if theirs != mine:
                label = capfirst(str(formset.model._meta.verbose_name_plural))
                result.append(Difference(label, theirs, mine))
        return result

    def both_texts(self, f: Any, fresh: models.Model) -> tuple[str, str] | None:
        """Return what stands and what was typed of the field `f`; None if it is the same."""
        form: Any = self
        is_link = isinstance(f, models.ManyToManyField)
        theirs = f.value_from_object(fresh)
        if f.name not in form.fields:
            if is_link:
                return None
            old, new = (history.plain(getattr(o, f.attname)) for o in (fresh, form.instance))
            return None if old == new else (shown(f, old), shown(f, new))
        widget = form.fields[f.name].widget
        if hasattr(theirs, "microsecond") and not widget.supports_microseconds:
            theirs = theirs.replace(microsecond=0)
        if not form.fields[f.name].has_changed(theirs, form[f.name].data):
            return None
        if is_link:
            typed = form.cleaned_data.get(f.name, ())
            old_keys, new_keys = sorted(o.pk for o in theirs), sorted(o.pk for o in typed)
            if old_keys == new_keys and f.name not in form.errors:
                return None
            related = f.related_model
            return differences.names(related, old_keys), differences.names(related, new_keys)
        old = history.plain(getattr(fresh, f.attname))
        if f.name in form.errors:
            raw = form[f.name].value()
            return shown(f, old), "" if raw is None else str(raw)
        new = history.plain(getattr(form.instance, f.attname))
        return None if old == new else (shown(f, old), shown(f, new))


def shown(f: models.Field, value: Any) -> str:
    return differences.shown(f, value)


def both_rows(formset: BaseModelFormSet, fresh: models.Model) -> tuple[str, str]:
    """Return the rows that stand and the rows as typed, a line each."""
    kind: Any = formset.model
    key: Any = formset.fk  # type: ignore[attr-defined]
    formset.is_valid()
    standing = {
        row.pk: line(kind, row, key.name)
        for row in kind._base_manager.filter(**{key.name: fresh}).order_by("pk")
    }
    mine = dict(standing)
    added = []
    for form in formset.forms:
        if form in formset.deleted_forms:
            mine.pop(form.instance.pk, None)
        elif form.has_changed():
            typed = line(kind, form.instance, key.name)
            extra = getattr(form, "new_attachment", None)
            typed = " · ".join(part for part in (typed, str(extra) if extra else "") if part)
            if form.instance.pk in mine:
                mine[form.instance.pk] = typed
            else:
                added.append(typed)
    return "\n".join(standing.values()), "\n".join([*mine.values(), *added])


def line(kind: type[models.Model], row: models.Model, leave_out: str) -> str:
    """Return a row of a formset as one line of text."""
    return " · ".join(
        text
        for f in history.kept_fields(kind)
        if f.name not in (leave_out, "order")
        and (text := shown(f, history.plain(getattr(row, f.attname))))
    )

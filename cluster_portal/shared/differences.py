"""What changed between two versions, said in words and not in columns."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from cluster_portal.shared.history import Snapshot, kept_fields, kept_links
from cluster_portal.shared.richtext import RichTextField, html_to_markup

# How many rows a list of changes names before it only counts.
MAX_WORDS = 6000


@dataclass
class Piece:
    """A run of words: kept ("equal"), taken out ("delete") or put in ("insert")."""

    kind: str
    text: str


@dataclass
class Change:
    """One field that differs: its Hebrew name, and its text as pieces."""

    label: str
    pieces: list[Piece]
    old: str
    new: str


def words(text: str) -> list[str]:
    """Split text so that joining gives it again: words with the space behind them."""
    result: list[str] = []
    for line in text.splitlines(keepends=True):
        parts = line.split(" ")
        result += [part + " " for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
    return result


def compare(old: str, new: str) -> list[Piece]:
    """Return the pieces that lead from `old` to `new`, word by word."""
    before, after = words(old), words(new)
    if len(before) + len(after) > MAX_WORDS:
        return [Piece("delete", old), Piece("insert", new)]
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("equal", "".join(before[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(Piece("delete", "".join(before[i1:i2])))
        if j2 > j1:
            pieces.append(Piece("insert", "".join(after[j1:j2])))
    return pieces


def shown(field: models.Field, value: Any) -> str:
    """Return `value` of `field` as a person reads it."""
    if value is None or value == "":
        return ""
    if isinstance(field, models.ForeignKey):
        related = field.related_model._base_manager.filter(pk=value).first()
        return str(related) if related else _("no longer exists")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, RichTextField):
        return html_to_markup(str(value))
    if isinstance(field, models.DateTimeField) and (moment := parse_datetime(str(value))):
        return date_format(
            localtime(moment) if is_aware(moment) else moment, "SHORT_DATETIME_FORMAT"
        )
    if isinstance(field, models.DateField) and (day := parse_date(str(value))):
        return date_format(day, "SHORT_DATE_FORMAT")
    return str(value)


def names(kind: type[models.Model], pks: list[int]) -> str:
    found = kind._base_manager.in_bulk(pks)
    return "\n".join(str(found[pk]) if pk in found else _("no longer exists") for pk in pks)


def part_lines(kind: type[models.Model], rows: list[dict[str, Any]]) -> str:
    """Return the parts as text, a line each."""
    fields = [f for f in kept_fields(kind) if f.name != "order"]
    return "\n".join(
        " · ".join(text for f in fields if f.attname in row and (text := shown(f, row[f.attname])))
        for row in sorted(rows, key=lambda r: (r.get("order") or 0, r["pk"]))
    )


def differences(kind: type[models.Model], old: Snapshot | None, new: Snapshot) -> list[Change]:
    """Return what differs between two snapshots of a thing of `kind`; from nothing, all of it."""
    empty: Snapshot = {"fields": {}, "links": {}, "parts": {}}
    before = old or empty
    texts: list[tuple[str, str, str]] = []
    for f in kept_fields(kind):
        a, b = before["fields"].get(f.attname), new["fields"].get(f.attname)
        if a != b:
            texts.append((str(f.verbose_name), shown(f, a), shown(f, b)))
    for link in kept_links(kind):
        a, b = before["links"].get(link.name, []), new["links"].get(link.name, [])
        if a != b:
            model = link.related_model
            texts.append((str(link.verbose_name), names(model, a), names(model, b)))
    for name, rows in new["parts"].items():
        part_kind = kind._meta.get_field(name).related_model
        a, b = before["parts"].get(name, []), rows
        if a != b:
            label = str(part_kind._meta.verbose_name_plural)
            texts.append((label, part_lines(part_kind, a), part_lines(part_kind, b)))
    return [Change(capfirst(label), compare(a, b), a, b) for label, a, b in texts if a != b]

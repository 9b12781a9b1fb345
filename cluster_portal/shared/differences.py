"""What changed between two versions, said in words and not in columns."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Any

from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from cluster_portal.shared.history import Snapshot, kept_fields, kept_links
from cluster_portal.shared.models.media import Attachment
from cluster_portal.shared.richtext import RichTextField, html_to_markup

# A text longer than this many words is shown as a whole, before and after.
MAX_WORDS = 6000
# So is one that says few words over and over: comparing takes time by the pairs of equal words, of
# which 6000 words of language have some twenty thousand, and one word said 6000 times nine million.
MAX_PAIRS = 50_000


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


def pairs(before: list[str], after: list[str]) -> int:
    """Return how many pairs of equal words there are, one of each text."""
    counts = Counter(after)
    return sum(number * counts[word] for word, number in Counter(before).items())


def compare(old: str, new: str) -> list[Piece]:
    """Return the pieces that lead from `old` to `new`, word by word."""
    before, after = words(old), words(new)
    if len(before) + len(after) > MAX_WORDS or pairs(before, after) > MAX_PAIRS:
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


def full_name(row: models.Model) -> str:
    """Return the name of `row`; of a photo or document all that the public is told, and its number.

    Another picture under the same caption would else be no difference, and be approved unseen.
    """
    if not isinstance(row, Attachment):
        return str(row)
    told = [getattr(row, name, "") for name in ("title", "caption", "alt_text", "credit")]
    number = f"{row._meta.verbose_name} {row.pk}"
    return " · ".join([number, *(text for text in told if text)])


class Names:
    """The names of rows that foreign keys and links point at, fetched kind by kind."""

    def __init__(self) -> None:
        self.known: dict[tuple[type[models.Model], Any], str] = {}

    def load(self, kind: type[models.Model], pks: Iterable[Any]) -> None:
        """Fetch the names of the rows `pks` of `kind` with one query."""
        missing = {pk for pk in pks if pk is not None and (kind, pk) not in self.known}
        if missing:
            found = kind._base_manager.in_bulk(missing)
            for pk in missing:
                self.known[kind, pk] = (
                    full_name(found[pk]) if pk in found else _("no longer exists")
                )

    def of(self, kind: type[models.Model], pk: Any) -> str:
        self.load(kind, [pk])
        return self.known[kind, pk]


def shown(field: models.Field, value: Any, known: Names | None = None) -> str:
    """Return `value` of `field` as a person reads it."""
    if value is None or value == "":
        return ""
    if isinstance(field, models.ForeignKey):
        return (known or Names()).of(field.related_model, value)
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
    if isinstance(field, models.FileField):
        return PurePosixPath(str(value)).name
    return str(value)


def names(kind: type[models.Model], pks: list[int], known: Names | None = None) -> str:
    """Return the names of the rows `pks` of `kind`, a line each."""
    known = known or Names()
    known.load(kind, pks)
    return "\n".join(known.of(kind, pk) for pk in pks)


def part_lines(
    kind: type[models.Model], rows: list[dict[str, Any]], known: Names | None = None
) -> str:
    """Return the parts as text, a line each."""
    known = known or Names()
    fields = [f for f in kept_fields(kind) if f.name != "order"]
    for f in fields:
        if isinstance(f, models.ForeignKey):
            known.load(f.related_model, [r.get(f.attname) for r in rows])
    return "\n".join(
        " · ".join(
            text for f in fields if f.attname in row and (text := shown(f, row[f.attname], known))
        )
        for row in sorted(rows, key=lambda r: (r.get("order") or 0, r["pk"] or 0))
    )


NOTHING = (None, "")
EMPTY: Snapshot = {"fields": {}, "links": {}, "parts": {}}


def changed_places(
    kind: type[models.Model], old: Snapshot | None, new: Snapshot, leave_out: Iterable[str] = ()
) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield (Hebrew label, field or kind of part, old, new) of what differs; asks no database.

    `leave_out` names parts that are not to be told.
    """
    before = old or EMPTY
    for f in kept_fields(kind):
        if isinstance(f, models.UUIDField):
            continue  # a number that machines gave it tells people nothing
        a, b = before["fields"].get(f.attname), new["fields"].get(f.attname)
        if a != b and not (a in NOTHING and b in NOTHING):
            yield capfirst(str(f.verbose_name)), f, a, b
    for link in kept_links(kind):
        a, b = before["links"].get(link.name, []), new["links"].get(link.name, [])
        if a != b:
            yield capfirst(str(link.verbose_name)), link, a, b
    for name, rows in new["parts"].items():
        part_kind = kind._meta.get_field(name).related_model
        a = before["parts"].get(name, [])
        if a != rows and name not in leave_out:
            yield capfirst(str(part_kind._meta.verbose_name_plural)), part_kind, a, rows


def changed_labels(
    kind: type[models.Model], old: Snapshot | None, new: Snapshot, leave_out: Iterable[str] = ()
) -> list[str]:
    """Return the names of what differs between two snapshots; asks no database."""
    return [label for label, *_rest in changed_places(kind, old, new, leave_out)]


def differences(
    kind: type[models.Model],
    old: Snapshot | None,
    new: Snapshot,
    leave_out: Iterable[str] = (),
) -> list[Change]:
    """Return what differs between two snapshots of a thing of `kind`; from nothing, all of it."""
    known = Names()
    places = list(changed_places(kind, old, new, leave_out))
    for _label, place, a, b in places:
        if isinstance(place, models.ForeignKey):
            known.load(place.related_model, [a, b])
    changes = []
    for label, place, a, b in places:
        if isinstance(place, models.ManyToManyField):
            texts = [names(place.related_model, pks, known) for pks in (a, b)]
        elif isinstance(place, models.Field):
            texts = [shown(place, value, known) for value in (a, b)]
        else:
            texts = [part_lines(place, rows, known) for rows in (a, b)]
        if texts[0] != texts[1]:
            changes.append(Change(label, compare(*texts), *texts))
    return changes

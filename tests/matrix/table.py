"""Reads docs/permissions.md, which says who may do what: the document is the expectation."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
COLUMNS = ("visitor", "account", "coordinator", "editor", "administrator")
ANSWERS = {"yes", "404", "403", "login", "302", "409"}


class Row(NamedTuple):
    """One line of the table of answers; an empty set of methods or things means any."""

    line: str
    places: frozenset[str]
    methods: frozenset[str]
    things: frozenset[str]
    answers: dict[str, str]

    def covers(self, place: str, method: str, thing: str) -> bool:
        return (
            place in self.places
            and (not self.methods or method in self.methods)
            and (not self.things or thing in self.things)
        )


class AdminKind(NamedTuple):
    """One line of the table of the admin: what a kind of thing has there."""

    label: str
    group: str
    pages: tuple[str, ...]
    actions: frozenset[str]
    inlines: frozenset[str]
    searches: frozenset[str]


def tables() -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each table of the document: the heading above it, and its rows without the first."""
    heading, rows = "", []
    for line in [*DOCUMENT.read_text().splitlines(), ""]:
        if line.startswith("|"):
            rows.append(
                [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
            )
            continue
        if rows:
            yield heading, rows[2:]
            rows = []
        if line.startswith("#"):
            heading = line.strip("# ")


@cache
def table(heading: str) -> list[list[str]]:
    found = [rows for title, rows in tables() if title == heading]
    assert len(found) == 1, f"docs/permissions.md needs one table under {heading!r}"
    return found[0]


def words(cell: str) -> tuple[str, ...]:
    return () if cell in {"", "–", "any"} else tuple(cell.replace(",", " ").split())


def places(cell: str) -> frozenset[str]:
    """Read ``content: list add`` as two places of the group content."""
    found: set[str] = set()
    for part in cell.split(";"):
        group, colon, pages = part.partition(":")
        found |= {f"{group.strip()} {page}" for page in pages.split()} if colon else {group.strip()}
    return frozenset(found)


@cache
def answers() -> list[Row]:
    rows = []
    for where, methods, things, *given in table("Answers"):
        assert len(given) == len(COLUMNS), where
        assert set(given) <= ANSWERS, (where, given)
        rows.append(
            Row(
                f"{where} · {methods} · {things}",
                places(where),
                frozenset(words(methods)),
                frozenset(words(things)),
                dict(zip(COLUMNS, given, strict=True)),
            )
        )
    return rows


def row_for(place: str, method: str, thing: str) -> Row:
    """Return the first line that speaks of this cell; a cell of which none speaks is unset."""
    method = "GET" if method == "HEAD" else method
    for row in answers():
        if row.covers(place, method, thing):
            return row
    raise AssertionError(f"docs/permissions.md has no line for {place!r}, {method}, {thing!r}")


@cache
def people() -> dict[str, dict[str, str]]:
    """Return, for each person of the cast, which column they are for things of each forum."""
    return {
        who: dict(zip(("A", "B", "none"), columns, strict=True))
        for who, *columns in table("People")
    }


@cache
def counting_kinds() -> frozenset[str]:
    """Return the kinds of things whose forum gives its coordinators rights."""
    return frozenset(label for label, how in table("Kinds that know a forum") if how == "counts")


@cache
def staff_only_kinds() -> frozenset[str]:
    return frozenset(label for label, how in table("Kinds that know a forum") if how != "counts")


@cache
def admin_kinds() -> dict[str, AdminKind]:
    return {
        label: AdminKind(
            label,
            group,
            words(pages),
            frozenset(words(actions)),
            frozenset(words(inlines)),
            frozenset(words(searches)),
        )
        for label, group, pages, actions, inlines, searches in table("The admin")
    }

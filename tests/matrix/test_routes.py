"""The matrix: every address × every person × every method × every forum and state."""

import os
from collections import Counter
from fnmatch import fnmatch

import pytest
from django.db import connection

from tests.matrix import table
from tests.matrix.cast import GONE, Thing, World
from tests.matrix.cells import (
    Answer,
    Cell,
    ask,
    dead_addresses,
    fingerprint,
    form_of,
    in_other_words,
    path_of,
    undone,
    without,
)
from tests.matrix.routes import ALL_METHODS, Route, leaves, registry

# Only the rows that fit; what a deliberate breakage is tried on.
WANTED = os.environ.get("MATRIX_ROWS", "*").split()
PATTERNS = [p for p in sorted(registry()) if any(fnmatch(p, wanted) for wanted in WANTED)]
PEOPLE = list(table.people())
# To whom everything is open, and whose forms are what others would forge.
HIGHEST = "administrator"

pytestmark = pytest.mark.django_db


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    there = list(leaves())
    assert sorted(set(there) - set(registry())) == [], "routes without an entry in the matrix"
    assert sorted(set(registry()) - set(there)) == [], "entries of the matrix without a route"
    twice = [pattern for pattern, times in Counter(there).items() if times > 1]
    assert twice == []


def test_every_line_of_the_table_is_asked(world: World) -> None:
    asked = {
        table.row_for(route.place, method, thing.state if thing else "none").line
        for route in registry().values()
        for method in route.methods
        for thing in things_of(world, route)
    }
    assert [row.line for row in table.answers() if row.line not in asked] == []
    assert len(table.answers()) <= 60


def things_of(world: World, route: Route) -> list[Thing | None]:
    if not route.kinds:
        return [None]
    return [thing for kind in route.kinds for thing in world.of(kind)]


# Permissions do not depend on the database: on PostgreSQL fewer states are asked, on SQLite all.
FEWER = {"draft", "published", "there", "deleted", "never"}


def asked_things(world: World, route: Route) -> list[Thing | None]:
    things = things_of(world, route)
    if connection.vendor != "postgresql":
        return things
    return [thing for thing in things if thing is None or thing.state in FEWER]


def forged(world: World, pattern: str, route: Route) -> dict[str, str]:
    """Return what the form at this address would send, read by who may do everything.

    Of a thing that nobody may change there is none; that of another state does for it.
    """
    if route.data:
        return route.data
    client = world.client(HIGHEST)
    for thing in things_of(world, route):
        if thing is not None and thing.state in GONE:
            continue
        answer = ask(client, "GET", path_of(pattern, route, thing))
        if answer.status == 200 and (data := form_of(answer.body)):
            return in_other_words(data)
    return {}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_route(world: World, pattern: str) -> None:
    route = registry()[pattern]
    wrong: list[str] = []
    cells = [
        Cell(world, pattern, route, method, who, thing)
        for thing in asked_things(world, route)
        for who in PEOPLE
        for method in ALL_METHODS
    ]
    data = {}
    if "POST" in route.methods:
        with undone():
            data = forged(world, pattern, route)
    clients = {who: world.client(who) for who in PEOPLE}
    before = fingerprint()
    alike: dict[tuple[str, str], tuple[str, str]] = {}
    # What is denied is not undone afterwards: nothing may have been done.
    for cell in (cell for cell in cells if not cell.is_allowed):
        answer = ask(clients[cell.who], cell.method, cell.path, data)
        wrong += [f"{cell.name}: {fault}" for fault in cell.faults(answer)]
        wrong += unlike(cell, answer, alike)
    if fingerprint() != before:
        wrong.append("what was denied has changed the database")
    for cell in (cell for cell in cells if cell.is_allowed and is_asked(cell)):
        with undone():
            client = world.client(cell.who)
            sent = data
            if cell.method == "POST":
                shown = ask(client, "GET", cell.path)
                sent = form_of(shown.body) if shown.status == 200 else data
            answer = ask(client, cell.method, cell.path, sent)
            wrong += [f"{cell.name}: {fault}" for fault in cell.faults(answer)]
            if cell.method in {"GET", "HEAD"} and answer.writes and fingerprint() != before:
                wrong.append(f"{cell.name}: reading wrote to {sorted(set(answer.writes))}")
            if cell.method == "GET" and answer.status == 200 and "<html" in answer.body:
                wrong += [f"{cell.name}: leads nowhere: {to}" for to in dead_addresses(answer.body)]
    assert not wrong, f"{len(wrong)} of {len(cells)} cells:\n" + "\n".join(wrong[:30])


def unlike(cell: Cell, answer: Answer, alike: dict[tuple[str, str], tuple[str, str]]) -> list[str]:
    """Hold a 404 against the others that this person got: there must be no telling them apart."""
    if answer.status != 404:
        return []
    body = without(answer.body, cell.path)
    first, name = alike.setdefault((cell.who, cell.method), (body, cell.name))
    return [] if body == first else [f"{cell.name}: not the same 404 as {name}"]


def is_asked(cell: Cell) -> bool:
    """Say whether an allowed cell is asked.

    Staff have the same rights over all forums and states, and their pages are slow: the editor
    asks about each state, the administrator about one of each kind, HEAD is asked once.
    """
    thing = cell.thing
    if thing is None or cell.column not in {"editor", "administrator"}:
        return True
    is_first = thing is cell.world.of(thing.kind)[0]
    if cell.column == "administrator" or cell.method == "HEAD":
        return is_first or (not cell.in_admin and cell.method == "GET")
    return thing.forum in {"A", "none"}

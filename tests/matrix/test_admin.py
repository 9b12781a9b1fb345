"""The admin's registry against the document: kinds, pages, actions, rows inside, search boxes."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse

from cluster_portal.shared.admin import site
from cluster_portal.shared.models import Page
from tests import builders as b
from tests.matrix import table
from tests.matrix.cast import GONE, MARK, World
from tests.matrix.cells import ask, fingerprint, form_of, undone

PEOPLE = list(table.people())
STAFF = {"editor": "editor", "administrator": "administrator"}
KINDS = {model._meta.label_lower: admin for model, admin in site._registry.items()}

pytestmark = pytest.mark.django_db


def request_of(world: World, who: str) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = world.people[who] or AnonymousUser()
    return request


def answer(label: str, page: str, who: str, thing: str = "there") -> str:
    """Return what the table says of a page of a kind, to somebody."""
    group = table.admin_kinds()[label].group
    return table.row_for(f"{group} {page}", "GET", thing).answers[table.people()[who]["none"]]


def test_every_kind_in_the_admin_has_a_line_and_every_line_a_kind() -> None:
    assert sorted(KINDS) == sorted(table.admin_kinds())


@pytest.mark.parametrize("label", sorted(KINDS))
def test_what_a_kind_has_is_what_its_line_says(world: World, label: str) -> None:
    line, model_admin = table.admin_kinds()[label], KINDS[label]
    assert model_admin.list_editable == ()
    assert model_admin.raw_id_fields == ()
    for who in STAFF:
        request = request_of(world, who)
        offered = set(model_admin.get_actions(request))
        if answer(label, "list", who) == "yes":
            assert offered == line.actions, (label, who)
        inlines = {i.model._meta.label_lower for i in model_admin.get_inlines(request, None)}
        assert inlines == line.inlines, (label, who)
    searches = {
        f"{part.model._meta.label_lower}.{name}"
        for part in (model_admin, *(i(model_admin.model, site) for i in model_admin.inlines))
        for name in part.get_autocomplete_fields(request_of(world, "administrator"))
    }
    assert searches == line.searches, label


ACTIONS = [(label, name) for label, line in table.admin_kinds().items() for name in line.actions]


def chosen(world: World, label: str, action: str, rows: list[int]) -> dict[str, Any]:
    """Return what the list sends when `rows` are ticked, read by who may do everything."""
    shown = ask(world.client("administrator"), "GET", list_of(label))
    data = form_of(shown.body) if shown.status == 200 else {}
    return data | {"action": action, ACTION_CHECKBOX_NAME: rows, "post": "yes", "index": "0"}


def list_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


@pytest.mark.parametrize(("label", "action"), sorted(ACTIONS))
def test_an_action_is_taken_from_those_who_may_use_the_list(
    world: World, label: str, action: str
) -> None:
    """Each action × each person: to whom the list is closed, the action is, and does nothing."""
    rows = [thing.row.pk for thing in world.of(label) if thing.state not in GONE]
    data = chosen(world, label, action, rows)
    before = fingerprint()
    for who in PEOPLE:
        expected = answer(label, "list", who)
        got = None
        if expected == "yes":
            with undone():
                got = ask(world.client(who), "POST", list_of(label), data | {"post": ""})
            assert got.status in {200, 302, 404}, (who, got.status)
        else:
            got = ask(world.client(who), "POST", list_of(label), data)
            assert not got.writes, who
            # To who is not logged in, with words in hand, their words are given back.
            wanted = {"login": {302, 403}, "403": {403}, "404": {404}}[expected]
            assert got.status in wanted, (who, got.status)
        assert not {m for m in MARK.findall(got.words) if not world.readable(who)(m)}, who
    assert fingerprint() == before


def test_a_mixed_choice_is_refused_whole(world: World) -> None:
    """Rows that one may delete and one that one may not: nothing is deleted.

    A page that every footer links to stays; a forum with coordinators goes by administrators only.
    """
    fixed = Page.objects.get(slug="privacy").pk
    free = world.one("shared.page", "none", "draft").pk
    empty = b.forum().pk
    staffed = world.one("forums.forum", "A", "there").pk
    before = fingerprint()
    for label, rows in (("shared.page", [free, fixed]), ("forums.forum", [empty, staffed])):
        data = chosen(world, label, "delete_selected", rows)
        got = ask(world.client("editor"), "POST", list_of(label), data)
        assert got.status in {200, 404}, label  # 200: the page that says why not
        assert fingerprint() == before, label


# In a form of content, but offering people, whom administrators alone see.
PEOPLE_FIELDS = {"user", "stands_in_for"}
SEARCHES = sorted({field for line in table.admin_kinds().values() for field in line.searches})


@pytest.mark.parametrize("field", SEARCHES)
def test_a_search_box_answers_only_who_may_fill_in_its_form(world: World, field: str) -> None:
    app, model, name = field.split(".")
    owner = next(label for label, line in table.admin_kinds().items() if field in line.searches)
    query = urlencode({"app_label": app, "model_name": model, "field_name": name, "term": ""})
    for who in PEOPLE:
        got = ask(world.client(who), "GET", f"/admin/autocomplete/?{query}")
        assert not {m for m in MARK.findall(got.words) if not world.readable(who)(m)}, who
        expected = answer(owner, "add", who)
        if name in PEOPLE_FIELDS and who == "editor":
            expected = "404"
        wanted = {"yes": {200}, "404": {404}, "403": {403}, "login": {302}}[expected]
        assert got.status in wanted, (who, got.status)
        assert "no-store" in got.headers["Cache-Control"]


def test_a_search_box_that_no_form_has_answers_nobody(world: World) -> None:
    for label, name in (("shared.photo", "uploaded_by"), ("forums.forumupdate", "author")):
        app, model = label.split(".")
        query = urlencode({"app_label": app, "model_name": model, "field_name": name, "term": ""})
        for who in PEOPLE:
            got = ask(world.client(who), "GET", f"/admin/autocomplete/?{query}")
            assert got.status in {302, 403, 404}, (label, who)


def test_a_list_answers_no_guesses_about_what_it_does_not_show(world: World) -> None:
    for label in KINDS:
        address = reverse(f"admin:{label.replace('.', '_')}_changelist")
        for lookup in ("author__email__startswith", "password", "uploaded_by__password__gt", "pk"):
            got = ask(world.client("editor"), "GET", f"{address}?{lookup}=zq")
            assert got.status in {302, 400, 404}, (label, lookup)

"""Sweeps beyond the grid: forged fields, ids of others, rights that end, rights that would grow."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared.models import Document, Photo, User
from forums.models import Coordinator, Forum, ForumUpdate, ForumUpdatePhoto
from tests import builders as b
from tests.matrix import table
from tests.matrix.cast import GONE, MARK, World, state_fields
from tests.matrix.cells import FormReader, ask, fingerprint, form_of, path_of, undone
from tests.matrix.routes import ADMIN_PAGES, FORM, registry

PEOPLE = list(table.people())
COORDINATORS = [who for who in PEOPLE if table.people()[who]["A"] == "coordinator"]
STAFF = ["editor", "administrator"]

pytestmark = pytest.mark.django_db


def edit(update: ForumUpdate) -> str:
    return reverse("forums:desk_update_edit", args=[update.pk])


def create(forum: Forum) -> str:
    return reverse("forums:desk_update_create", args=[forum.slug])


def opened(world: World, who: str, address: str) -> dict[str, Any]:
    """Return what the form at `address` sends when `who` changes nothing."""
    shown = ask(world.client(who), "GET", address)
    assert shown.status == 200, (who, address, shown.status)
    return form_of(shown.body)


def columns(row: models.Model) -> dict[str, Any]:
    fresh = type(row)._base_manager.get(pk=row.pk)
    return {f.attname: getattr(fresh, f.attname) for f in fresh._meta.concrete_fields}


# Forged fields


def forgeries(world: World, row: models.Model) -> dict[str, Any]:
    """Return a value for every column of `row`, as an attacker would like it."""
    forged: dict[str, Any] = {}
    for column in row._meta.concrete_fields:
        if column.primary_key:
            forged[column.name] = forged["pk"] = "999"
        elif isinstance(column, models.ForeignKey):
            other = column.related_model._base_manager.exclude(
                pk=getattr(row, column.attname)
            ).first()
            if other is not None:
                forged[column.name] = forged[column.attname] = str(other.pk)
        elif isinstance(column, models.BooleanField):
            forged[column.name] = "" if getattr(row, column.name) else "on"
        elif column.choices:
            others = [v for v, _label in column.flatchoices if v != getattr(row, column.name)]
            forged[column.name] = others[-1] if others else ""
        elif isinstance(column, models.DateTimeField | models.DateField):
            forged[column.name] = "2013-03-18T10:00"
            forged[f"{column.name}_0"], forged[f"{column.name}_1"] = "18.03.2013", "10:00"
        elif isinstance(column, models.IntegerField | models.DecimalField):
            forged[column.name] = "31"
        else:
            forged[column.name] = "forged"
    return forged | {"is_staff": "on", "is_superuser": "on", "role": "administrator"}


@pytest.mark.parametrize("state", ["draft", "published"])
@pytest.mark.parametrize("who", COORDINATORS)
def test_the_desk_takes_no_field_that_it_does_not_offer(world: World, who: str, state: str) -> None:
    update = world.one("forums.forumupdate", "A", state)
    address = edit(update)
    offered = opened(world, who, address)
    forged = {k: v for k, v in forgeries(world, update).items() if k not in offered}
    assert {"state", "forum", "author"} <= set(forged)
    before, users = columns(update), list(User.objects.values_list("pk", "role"))
    with undone():
        ask(world.client(who), "POST", address, forged | offered)
        after = columns(update)
        for name in forged:
            if name in before and name not in {"updated_at"}:
                assert after[name] == before[name], name
        assert (after["forum_id"], after["author_id"]) == (before["forum_id"], before["author_id"])
        assert list(User.objects.values_list("pk", "role")) == users


@pytest.mark.parametrize("who", COORDINATORS)
def test_a_new_update_is_of_its_forum_and_author_whatever_is_sent(world: World, who: str) -> None:
    forums = {f.pk for f in Forum.objects.all()}
    forum = world.one("forums.forum", "A", "there")
    other = world.one("forums.forum", "B", "there")
    address = create(forum)
    known = set(ForumUpdate.objects.values_list("pk", flat=True))
    with undone():
        data = {"forum": other.pk, "forum_id": other.pk, "author": "1", "state": "published"}
        data |= opened(world, who, address) | {"title": "חדש", "body": "נוסח", "action": "save"}
        got = ask(world.client(who), "POST", address, data)
        assert got.status == 302
        made = ForumUpdate.objects.exclude(pk__in=known).get()
        assert (made.forum, made.author) == (forum, world.people[who])
        assert made.state == "draft"
        assert {f.pk for f in Forum.objects.all()} == forums


@pytest.mark.parametrize("label", sorted(table.admin_kinds()))
def test_the_admin_takes_no_field_that_it_does_not_offer(world: World, label: str) -> None:
    """Each column of each kind, sent to the form that changes it by who may open that form."""
    app, model = label.split(".")
    thing = next(t for t in world.of(label) if t.state not in GONE)
    address = f"/admin/{app}/{model}/{thing.row.pk}/change/"
    for who in STAFF:
        shown = ask(world.client(who), "GET", address)
        if shown.status != 200:
            continue
        offered = form_of(shown.body)
        names = all_names(shown.body)
        forged = {k: v for k, v in forgeries(world, thing.row).items() if k not in names}
        before, users = columns(thing.row), list(User.objects.values_list("pk", "role"))
        with undone():
            ask(world.client(who), "POST", address, forged | offered)
            after = columns(thing.row)
            clock = {"updated_at", "state_changed_at", "reviewed_at"}
            changed = {n for n in forged if n in before and before[n] != after[n]} - clock
            # What publishing sets by itself is not what was sent.
            assert not changed, (who, label)
            assert list(User.objects.values_list("pk", "role")) == users


def all_names(html: str) -> set[str]:
    """Return the names of all fields on a page, empty and unticked ones too."""
    found: set[str] = set()

    class Names(FormReader):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.update(str(value) for name, value in attrs if name == "name" and value)

    Names(html)
    return found | {name[:-2] for name in found if name.endswith(("_0", "_1"))}


# Ids of others


@pytest.mark.parametrize("kind", ["photos", "documents"])
@pytest.mark.parametrize("who", COORDINATORS)
def test_nobody_shows_the_file_of_another_forum_in_their_update(
    world: World, who: str, kind: str
) -> None:
    """The number of a kept file is signed for a person and a form; of another it is refused."""
    mine = world.one("forums.forumupdate", "A", "draft")
    theirs = world.one("forums.forumupdate", "B", "draft")
    data = opened(world, who, edit(mine))
    foreign = opened(world, "coordinator of B", edit(theirs))
    link = getattr(mine, f"{kind[:-1]}_links")
    before = set(link.values_list(f"{kind[:-1]}_id", flat=True))
    raw = world.one(f"shared.{kind[:-1]}", "B", "draft").pk
    for kept in (foreign[f"{kind}-0-kept"], str(raw), f"[{raw}, 0]"):
        with undone():
            got = ask(world.client(who), "POST", edit(mine), data | {f"{kind}-0-kept": kept})
            assert set(link.values_list(f"{kind[:-1]}_id", flat=True)) <= before
            assert not {m for m in MARK.findall(got.words) if not world.readable(who)(m)}


@pytest.mark.parametrize("who", COORDINATORS)
def test_a_form_of_one_forum_makes_nothing_in_another(world: World, who: str) -> None:
    """The signed number of a form for forum A, sent to forum B, by who may write only for A."""
    forum, other = (world.one("forums.forum", name, "there") for name in "AB")
    data = opened(world, who, create(forum)) | {"title": "x", "body": "y", "action": "save"}
    before = fingerprint()
    if table.people()[who]["B"] == "account":
        assert ask(world.client(who), "POST", create(other), data).status == 404
    else:
        # They may write for B too, but not with a form that was opened for A.
        with undone():
            ask(world.client(who), "POST", create(other), data)
            assert not ForumUpdate.objects.filter(title="x").exists()
    assert fingerprint() == before


def test_a_change_of_details_does_not_reach_another_forum_through_a_shared_photo(
    world: World,
) -> None:
    mine = world.one("forums.forumupdate", "A", "draft")
    theirs = world.one("forums.forumupdate", "B", "published")
    with undone():
        shared = theirs.photo_links.get().photo
        mine.photo_links.all().delete()
        b.update_photo(mine, shared)
        data = opened(world, "coordinator of A", edit(mine))
        data |= {"photos-0-alt": "נוסח אחר", "photos-0-caption": "אחר"}
        got = ask(world.client("coordinator of A"), "POST", edit(mine), data)
        assert got.status == 302
        shared.refresh_from_db()
        assert shared.alt != "נוסח אחר"
        assert mine.photo_links.get().photo.alt == "נוסח אחר"
        assert theirs.photo_links.get().photo == shared


def test_inline_rows_of_another_thing_cannot_be_reached(world: World) -> None:
    """An inline row's id of another update, in the form of one's own: refused, nothing moves."""
    mine, theirs = (world.one("forums.forumupdate", name, "published") for name in "AB")
    link = theirs.photo_links.get()
    address = f"/admin/forums/forumupdate/{mine.pk}/change/"
    with undone():
        data = opened(world, "editor", address)
        data |= {"photo_links-0-id": str(link.pk), "photo_links-0-update": str(theirs.pk)}
        data |= {"photo_links-0-DELETE": "on"}
        ask(world.client("editor"), "POST", address, data)
        assert ForumUpdatePhoto.objects.filter(pk=link.pk, update=theirs).exists()


# Time


@pytest.mark.parametrize("page", ["edit", "create"])
def test_a_right_that_ends_between_opening_and_sending_is_gone(world: World, page: str) -> None:
    who = "coordinator of A"
    update = world.one("forums.forumupdate", "A", "draft")
    forum = world.one("forums.forum", "A", "there")
    address = edit(update) if page == "edit" else create(forum)
    data = opened(world, who, address) | {"title": "אחרי", "body": "נוסח", "action": "publish"}
    ends: dict[str, Any] = {
        "revoked": lambda: Coordinator.objects.filter(user=world.people[who]).delete(),
        "over": lambda: Coordinator.objects.filter(user=world.people[who]).update(
            ends_on=timezone.localdate() - timedelta(days=1)
        ),
        "disabled": lambda: User.objects.filter(pk=world.people[who].pk).update(is_active=False),
    }
    for name, end in ends.items():
        with undone():
            end()
            before = fingerprint()
            got = ask(world.client(who), "POST", address, data)
            assert got.status == (403 if name == "disabled" else 404), name
            assert fingerprint() == before, name
            assert not got.writes, name


@pytest.mark.parametrize("label", ["forums.forumupdate", "members.goal", "shared.user"])
def test_staff_who_are_no_longer_staff_send_in_vain(world: World, label: str) -> None:
    app, model = label.split(".")
    row = next(t.row for t in world.of(label) if t.state not in GONE)
    address = f"/admin/{app}/{model}/{row.pk}/change/"
    data = opened(world, "administrator", address)
    for fields, status in (({"role": "coordinator"}, 403), ({"is_active": False}, 403)):
        with undone():
            User.objects.filter(pk=world.people["administrator"].pk).update(**fields)
            before = fingerprint()
            got = ask(world.client("administrator"), "POST", address, data)
            assert got.status == status, fields
            assert fingerprint() == before


# Escalation


HEIGHT = {"coordinator": 0, "editor": 1, "administrator": 2}


def heights() -> dict[int, int]:
    return {user.pk: HEIGHT[user.role] for user in User.objects.all()}


@pytest.mark.parametrize(
    "who",
    [
        "account without a forum",
        "coordinator of A and B",
        "stand-in of A today",
        "editor",
        "disabled after log-in",
    ],
)
def test_no_role_raises_anybody(world: World, who: str) -> None:
    """Every form that somebody may send, with every forged field: nobody stands higher after it.

    Nor is anybody disabled or enabled, given a forum, or a new password but one's own.
    """
    user = world.people[who]
    assert user is not None
    target = world.people["coordinator of B"]
    forged = {"role": "administrator", "is_active": "on", "is_trusted": "on", "user": str(user.pk)}
    forged |= {"is_superuser": "on", "is_staff": "on", "groups": "1", "user_permissions": "1"}
    for pattern, route in registry().items():
        if "POST" not in route.methods or route.place in {"log-in", "log-out", "one-time link"}:
            continue
        rows = [t for kind in route.kinds for t in world.of(kind) if t.state not in GONE]
        thing = next((t for t in rows if t.row == target), rows[0] if rows else None)
        address = path_of(pattern, route, thing)
        with undone():
            shown = ask(world.client(who), "GET", address)
            data = form_of(shown.body) if shown.status == 200 else {}
            before = heights(), rights()
            for sent in (data | forged, forged | data):
                ask(world.client(who), "POST", address, sent)
            after = heights(), rights()
            raised = {pk for pk, high in after[0].items() if high > before[0].get(pk, 0)}
            assert not raised, (pattern, raised)
            assert after[1] == before[1], pattern


def rights() -> tuple[list[Any], list[Any], list[Any]]:
    """Return what else than roles gives rights."""
    return (
        list(
            Coordinator.objects.order_by("pk").values_list("user", "forum", "starts_on", "ends_on")
        ),
        list(User.objects.order_by("pk").values_list("pk", "is_active", "password", "email")),
        list(Forum.objects.order_by("pk").values_list("pk", "is_trusted")),
    )


def test_an_editor_gives_nobody_a_forum_and_takes_none_away(world: World) -> None:
    """The rows of a forum's coordinators, forged into the form in which editors do not see them."""
    forum = world.one("forums.forum", "A", "there")
    address = f"/admin/forums/forum/{forum.pk}/change/"
    data = opened(world, "editor", address)
    assert not [name for name in data if name.startswith("coordinators-")]
    user, editor = world.people["coordinator of B"], world.people["editor"]
    assert user is not None
    assert editor is not None
    ours = opened(world, "administrator", address)
    number = int(ours["coordinators-INITIAL_FORMS"])
    forged = {k: v for k, v in ours.items() if k.startswith("coordinators-")}
    forged["coordinators-TOTAL_FORMS"] = str(number + 2)
    for at, person in enumerate((user, editor)):
        forged[f"coordinators-{number + at}-user"] = str(person.pk)
        forged[f"coordinators-{number + at}-forum"] = str(forum.pk)
        forged[f"coordinators-{number + at}-id"] = ""
    # Rows to be deleted are not looked at otherwise.
    emptied = {k: v for k, v in ours.items() if k.startswith("coordinators-")}
    emptied |= {f"coordinators-{at}-DELETE": "on" for at in range(number)}
    before = rights()
    for sent in (data | forged, forged | data, data | emptied):
        with undone():
            ask(world.client("editor"), "POST", address, sent)
            assert rights() == before
    # An administrator's, sent alike, is taken: the forgery would work where it may.
    with undone():
        ask(world.client("administrator"), "POST", address, ours | forged)
        assert Coordinator.objects.filter(forum=forum, user=user).exists()


def test_an_administrator_does_not_change_their_own_role(world: World) -> None:
    user = world.people["administrator"]
    assert user is not None
    address = f"/admin/shared/user/{user.pk}/change/"
    data = opened(world, "administrator", address)
    for change in ({"role": "editor"}, {"is_active": ""}):
        with undone():
            b.administrator()
            ask(world.client("administrator"), "POST", address, data | change)
            user.refresh_from_db()
            assert (user.role, user.is_active) == ("administrator", True)


# Publishing where a forum is not trusted to


@pytest.mark.parametrize("who", ["coordinator of B", "coordinator of A and B"])
@pytest.mark.parametrize("state", ["draft", "in_review", "archived", "expired", "scheduled"])
def test_a_forum_that_is_not_trusted_makes_nothing_public(
    world: World, who: str, state: str
) -> None:
    update = world.one("forums.forumupdate", "B", state)
    with undone():
        data = opened(world, who, edit(update))
        for action in ("publish", "save", "submit", "approve"):
            sent = data | {
                "action": action,
                "state": "published",
                "publish_at": "",
                "expire_at": "",
            }
            ask(world.client(who), "POST", edit(update), sent)
            assert not ForumUpdate.objects.published().filter(pk=update.pk).exists(), action


@pytest.mark.parametrize("state", ["published", "pending"])
def test_where_a_forum_is_not_trusted_the_public_sees_the_approved_text(
    world: World, state: str
) -> None:
    update = world.one("forums.forumupdate", "B", state)
    with undone():
        data = opened(world, "coordinator of B", edit(update))
        for action in ("publish", "save", "submit"):
            sent = data | {"title": "שינוי שלא אושר", "body": "גוף שלא אושר", "action": action}
            sent |= {"photos-0-alt": "תמונה שלא אושרה", "photos-0-caption": "כיתוב שלא אושר"}
            ask(world.client("coordinator of B"), "POST", edit(update), sent)
            for path in (update.get_absolute_url(), "/", "/updates/", "/sitemap/", "/sitemap.xml"):
                page = ask(world.client("anonymous"), "GET", path)
                assert "שלא אושר" not in page.body, (action, path)
            assert ForumUpdate.objects.published().filter(pk=update.pk).exists()
        photo = Photo.objects.get(pk=update.photo_links.get().photo_id)
        assert "שלא אושר" not in photo.alt + photo.caption


# Files


@pytest.mark.parametrize("kind", ["shared.photo", "shared.document"])
def test_a_file_is_fetched_only_while_something_public_shows_it(world: World, kind: str) -> None:
    update = world.one("forums.forumupdate", "A", "draft")
    thing = next(t for t in world.of(kind) if (t.forum, t.state) == ("A", "draft"))
    pattern = next(p for p, r in registry().items() if r.place == "file" and r.kinds == (kind,))
    address = path_of(pattern, registry()[pattern], thing)

    def status(who: str = "anonymous") -> int:
        return ask(world.client(who), "GET", address).status

    with undone():
        for fields, expected in (
            (state_fields("draft"), 404),
            (state_fields("scheduled"), 404),
            (state_fields("published") | {"publish_at": timezone.now()}, 200),
            (state_fields("archived"), 404),
            (state_fields("expired"), 404),
        ):
            ForumUpdate.objects.filter(pk=update.pk).update(**{"expire_at": None} | fields)
            assert status() == status("coordinator of B") == expected, fields
            assert status("coordinator of A") == status("editor") == 200
        model: Any = Photo if kind == "shared.photo" else Document
        ForumUpdate.objects.filter(pk=update.pk).update(
            state="published", publish_at=timezone.now(), expire_at=None
        )
        assert status() == 200
        ForumUpdate.objects.get(pk=update.pk).delete()
        assert model.objects.filter(pk=thing.row.pk).exists()
        assert status() == status("coordinator of A") == 404


def test_every_page_of_the_admin_that_takes_words_is_swept() -> None:
    """The lists of the sweeps above come from the registry; none of its kinds is without a form."""
    assert {name for name, (_rest, methods) in ADMIN_PAGES.items() if methods == FORM} >= {
        "list",
        "add",
        "change",
        "delete",
    }
    assert all(apps.get_model(label) for label in table.admin_kinds())

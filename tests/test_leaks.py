"""Nothing unpublished leaks: every text is marked, then everything public is fetched and searched.

The world is that of the permission matrix: a thing of every kind in every state, each of its texts
with a mark of its own, a change that waits beside each published thing, remarks of reviewers, a
working copy, notes of staff, deleted things and letters.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.core.cache import cache
from django.urls import reverse

from cluster_portal.shared import history
from cluster_portal.shared.models import OutboxMessage, PendingRevision, ReviewNote, Version
from forums.models import ForumUpdate
from tests import builders as b
from tests.matrix.cast import (
    GONE,
    MARK,
    PUBLIC,
    PUBLIC_STATES,
    World,
    mark,
    reference,
    standing,
)
from tests.matrix.cells import FormReader, ask, path_of
from tests.matrix.routes import registry

PUBLIC_PLACES = {"page", "form", "technical", "page of a thing", "file", "receipt", "log-in"}
# To whom the world's updates of forum A are foreign.
STRANGERS = ("anonymous", "coordinator of B")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with standing(django_db_blocker, tmp_path_factory.mktemp("leaks")) as made:
        send_back(made)
        yield made


@pytest.fixture(autouse=True)
def own_files(world: World) -> Iterator[None]:
    """Stand in for the files of a test's own: here the world has them."""
    cache.clear()
    yield


def send_back(world: World) -> None:
    """Add a draft that was sent back, and a published update whose change was."""
    forum = world.one("forums.forum", "A", "there")
    with history.editing():
        draft = world.marked(b.forum_update(forum, state="draft"), "A")
    remark = ReviewNote(**reference(draft), outcome="sent_back", remark="x")
    world.marked(remark, "A")
    update = b.forum_update(forum)
    data = history.snapshot(update)
    changed = mark()
    world.readers[changed] = "A"
    data["fields"] |= {"title": changed, "body": f"<p>{changed}</p>", "summary": changed}
    PendingRevision.objects.create(
        **reference(update), state="sent_back", title=changed, data=data, base_number=1
    )
    world.marked(ReviewNote(**reference(update), outcome="sent_back", remark="x"), "A")


def secrets_of(world: World) -> set[str]:
    return {m for m, reader in world.readers.items() if reader != PUBLIC}


def known_addresses(world: World) -> Iterator[str]:
    """Yield every public address: of each route and thing, and those that no link leads to."""
    for pattern, route in registry().items():
        if route.place not in PUBLIC_PLACES:
            continue
        things: list[Any] = [thing for kind in route.kinds for thing in world.of(kind)] or [None]
        for thing in things:
            yield path_of(pattern, route, thing)
    yield from ("/no-such-page/", "/forums/no-such-forum/", "/updates/1999/", "/media/", "/static/")
    yield from ("/updates/?page=2", "/events/?page=2", "/incubator/?page=2", "/sitemap.xml?x=1")
    yield from (f"/preview/{word}/" for word in ("1", "x.y", "1.abc"))
    yield from ("/accounts/login/?next=/desk/", "/%00", "/%ff/")


def reachable(world: World, who: str) -> dict[str, Any]:
    """Fetch all public addresses, and what they, the site map and robots.txt lead to."""
    client = world.client(who)
    answers: dict[str, Any] = {}
    queue = list(known_addresses(world))
    staff = ("/admin/", "/desk/", "/accounts/logout", "/static/")
    while queue:
        path = queue.pop()
        if path in answers:
            continue
        answer = answers[path] = ask(client, "GET", path)
        addresses = re.findall(r"<loc>([^<]+)</loc>", answer.body)
        if "<html" in answer.body:
            reader = FormReader(answer.body)
            addresses += reader.addresses
        addresses += re.findall(r'(?:src|srcset|content|poster)="([^"]+)"', answer.body)
        for found in addresses:
            for address in found.split():
                parts = urlsplit(address)
                if parts.path.startswith("/") and not parts.path.startswith(staff):
                    query = f"?{parts.query}" if parts.query else ""
                    queue.append(unquote(parts.path) + query)
    return answers


@pytest.mark.parametrize("who", STRANGERS)
def test_no_unpublished_word_is_public(world: World, who: str) -> None:
    secret = secrets_of(world)
    assert len(secret) > 150
    answers = reachable(world, who)
    assert len(answers) > 150
    leaks = []
    shown = set()
    for path, answer in answers.items():
        # The address that was asked for may come back in the page; its marks tell nothing new.
        asked = set(MARK.findall(unquote(path)))
        words = set(MARK.findall(f"{answer.words} {answer.location}"))
        shown |= words
        leaks += [(path, world.readers[m]) for m in (words & secret) - asked]
    assert leaks == []
    # The search finds what is there: the marks of what is public were seen.
    assert len(shown - secret) > 50


@pytest.mark.parametrize("who", STRANGERS)
def test_no_file_of_an_unpublished_thing_is_served(world: World, who: str) -> None:
    client = world.client(who)
    fetched = 0
    for pattern, route in registry().items():
        if not route.place.startswith("file"):
            continue
        for kind in route.kinds:
            for thing in world.of(kind):
                if who != "anonymous" and thing.forum == "B" and thing.state not in GONE:
                    continue
                answer = ask(client, "GET", path_of(pattern, route, thing))
                is_open = thing.state in PUBLIC_STATES and route.place == "file"
                assert answer.status == (200 if is_open else 404), (pattern, thing)
                fetched += 1
    assert fetched > 50


def test_a_file_of_a_change_that_waits_is_served_to_nobody_outside(world: World) -> None:
    """A photo and a document that only a pending revision shows."""
    forum = world.one("forums.forum", "A", "there")
    update = b.forum_update(forum)
    photo, document = b.photo(), b.document()
    data = history.snapshot(update)
    data["parts"]["photo_links"].append({"pk": 10**15 + 1, "photo_id": photo.pk, "order": 1})
    data["parts"]["document_links"].append(
        {"pk": 10**15 + 1, "document_id": document.pk, "order": 1}
    )
    PendingRevision.objects.create(
        **reference(update), title="שינוי", data=data, base_number=history.latest_number(update)
    )
    for address in (
        photo.url(photo.widths[0], "jpg"),
        photo.url(photo.widths[0], "webp"),
        document.get_absolute_url(),
    ):
        for who in STRANGERS:
            assert ask(world.client(who), "GET", address).status == 404, (who, address)
        for who in ("coordinator of A", "editor"):
            assert ask(world.client(who), "GET", address).status == 200, (who, address)


def test_the_search_box_of_the_admin_tells_strangers_nothing(world: World) -> None:
    for who in STRANGERS:
        for model, name in (("forumupdatephoto", "photo"), ("coordinator", "user")):
            query = f"app_label=forums&model_name={model}&field_name={name}&term="
            answer = ask(world.client(who), "GET", f"{reverse('admin:autocomplete')}?{query}")
            assert answer.status in {302, 403}
            assert not MARK.findall(answer.words)


def test_letters_to_strangers_carry_nothing(world: World) -> None:
    """What the world's making has queued goes to no one who may not read what it tells."""
    by_mail = {user.email: who for who, user in world.people.items() if user}
    for letter in OutboxMessage.objects.all():
        who = by_mail.get(letter.to)
        found = MARK.findall(f"{letter.subject} {letter.text} {letter.html}")
        if who is not None:
            assert all(world.readable(who)(m) for m in found), who


def test_there_is_something_to_leak(world: World) -> None:
    """Every state of every kind is there, and none of them is public by mistake."""
    states = {thing.state for thing in world.of("forums.forumupdate")}
    assert states >= {"draft", "in_review", "scheduled", "expired", "archived", "pending"}
    assert Version.objects.filter(action="deleted").exists()
    assert PendingRevision.objects.filter(state="sent_back").exists()
    hidden = [
        thing.row.pk
        for thing in world.of("forums.forumupdate")
        if thing.state not in PUBLIC_STATES | GONE
    ]
    assert len(hidden) == 10
    assert not ForumUpdate.objects.published().filter(pk__in=hidden).exists()

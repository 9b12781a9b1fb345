"""Somebody stands in for a coordinator: from the first day to the end of the last, in Israel."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cluster_portal.shared.policy import Role
from forums.models import Coordinator, Forum, ForumUpdate
from tests import builders
from tests.desk_forms import create_url, edit_url, opened, text_of, typed

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 10)
# Israel is two hours ahead in December: the days begin and end at 22:00 of the day before.
BEFORE = datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC)
BEGINS = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
LAST_MOMENT = datetime(2026, 12, 10, 21, 59, 59, tzinfo=UTC)
OVER = datetime(2026, 12, 10, 22, 0, tzinfo=UTC)


@pytest.fixture
def forum() -> Forum:
    return builders.forum()


@pytest.fixture
def stand_in(forum: Forum) -> Any:
    person = builders.user(Role.COORDINATOR)
    Coordinator.objects.create(
        forum=forum,
        user=person,
        stands_in_for=builders.coordinator(forum, display_name="נועה כהן"),
        starts_on=FIRST,
        ends_on=LAST,
    )
    return person


def logged_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize(
    ("at", "allowed"), [(BEFORE, False), (BEGINS, True), (LAST_MOMENT, True), (OVER, False)]
)
def test_rights_begin_and_end_with_the_day(
    forum: Forum, stand_in: Any, at: datetime, allowed: bool
) -> None:
    with time_machine.travel(at, tick=False):
        client = logged_in(stand_in)
        update = builders.forum_update(forum)
        status = 200 if allowed else 404
        for url in (create_url(forum), edit_url(update)):
            assert client.get(url).status_code == status
        assert (update.title in text_of(client.get("/desk/"))) is allowed


def test_the_desk_says_for_whom_and_until_when(forum: Forum, stand_in: Any) -> None:
    with time_machine.travel(BEGINS, tick=False):
        page = text_of(logged_in(stand_in).get("/desk/"))
        role = page[page.index("desk-forum__role") :].split("</p>")[0]
        assert "<bdi>נועה כהן</bdi>" in role
        assert "10.12.2026" in role
    with time_machine.travel(BEGINS, tick=False):
        regular = Coordinator.objects.get(stands_in_for=None).user
        assert "desk-forum__role" not in text_of(logged_in(regular).get("/desk/"))


def test_the_day_ends_while_one_writes(forum: Forum, stand_in: Any) -> None:
    with time_machine.travel(LAST_MOMENT, tick=False) as clock:
        client = logged_in(stand_in)
        data = typed(client, forum)
        clock.move_to(OVER)
        assert client.post(create_url(forum), data).status_code == 404
        assert not ForumUpdate.objects.exists()


def test_a_stand_in_publishes_as_the_forum_may(forum: Forum, stand_in: Any) -> None:
    with time_machine.travel(BEGINS, tick=False):
        client = logged_in(stand_in)
        client.post(create_url(forum), typed(client, forum))
        assert ForumUpdate.objects.get().is_published()
        assert ForumUpdate.objects.get().author == stand_in
        update = ForumUpdate.objects.get()
        answer = client.post(edit_url(update), opened(client, edit_url(update), title="אחר"))
        assert answer.status_code == 302


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.EDITOR])
def test_administrators_alone_give_a_stand_in(forum: Forum, role: str) -> None:
    page = text_of(
        logged_in(builders.user(role)).get(reverse("admin:forums_forum_change", args=[forum.pk]))
    )
    assert ("coordinators-0-stands_in_for" in page) is (role == Role.ADMINISTRATOR)
    assert "coordinators-__prefix__-stands_in_for" in page or role == Role.EDITOR

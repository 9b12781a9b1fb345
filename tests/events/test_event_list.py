from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from events.models import Event
from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 10, 12, tzinfo=timezone.get_default_timezone())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(start: timedelta, end: timedelta | None = None, **kw: Any) -> Event:
    return b.event(starts_at=NOON + start, ends_at=None if end is None else NOON + end, **kw)


@time_machine.travel(NOON, tick=False)
def test_coming_comes_first_then_past_by_time_of_event(client: Client) -> None:
    order = [
        at(-HOUR, HOUR),  # still on
        at(-11 * HOUR, None, is_all_day=True),  # today, to its end
        at(DAY),
        at(9 * DAY),
        at(-2 * HOUR, -HOUR),
        at(-DAY, None, is_all_day=True),
        at(-30 * DAY),
    ]
    order[:2] = [order[1], order[0]]
    links = read(client, "/events/").links()
    places = [links.index(event.get_absolute_url()) for event in order]
    assert places == sorted(places)
    assert [event.is_over() for event in order] == [False] * 4 + [True] * 3
    page = read(client, "/events/")
    past = page.text.index(order[4].title)
    assert page.text.index(order[3].title) < past


@time_machine.travel(NOON, tick=False)
def test_hidden_events_do_not_show(client: Client) -> None:
    events = hidden(b.event, starts_at=NOON + DAY) + hidden(b.event, starts_at=NOON - DAY)
    text = read(client, "/events/").text
    assert [event for event in events if event.title in text] == []


def test_past_events_are_paged_and_coming_stand_on_the_first(client: Client) -> None:
    coming = b.event()
    now = timezone.now()
    events = [b.event(starts_at=now - n * DAY, ends_at=None) for n in range(1, 22)]
    first, second = read(client, "/events/"), read(client, "/events/?page=2")
    assert coming.get_absolute_url() in first.links()
    assert coming.get_absolute_url() not in second.links()
    assert events[-1].get_absolute_url() in second.links()
    assert client.get("/events/?page=3").status_code == 404

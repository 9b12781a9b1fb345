"""Who else has a thing open: told to those who have it open too, and written by no GET."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared import presence
from cluster_portal.shared.models import Presence
from tests import builders as b
from tests.admin_forms import filled
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


def address(goal, page: str = "presence") -> str:
    return reverse(f"admin:members_goal_{page}", args=(goal.pk,))


def test_others_are_named_and_oneself_is_not():
    goal, dana, yosef = b.goal(), b.user(display_name="דנה"), b.user(display_name="יוסף")
    presence.note(dana, goal)
    presence.note(dana, goal)
    assert presence.others(yosef, goal) == ["דנה"]
    assert presence.others(dana, goal) == []
    assert presence.others(yosef, b.goal()) == []
    presence.leave(dana, goal)
    assert presence.others(yosef, goal) == []


def test_it_lasts_two_minutes_and_is_purged():
    goal, dana, yosef = b.goal(), b.user(display_name="דנה"), b.user()
    presence.note(dana, goal)
    assert not presence.out_of_date().exists()
    Presence.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert presence.others(yosef, goal) == []
    assert presence.out_of_date().count() == 1


def test_the_admin_tells_it_and_opening_writes_nothing(client):
    goal, dana = b.goal(), b.user(display_name="דנה")
    me = log_in(client, "editor")
    page = client.get(address(goal, "change"))
    assert page.context["present"] == ""
    assert not Presence.objects.exists()
    presence.note(dana, goal)
    page = client.get(address(goal, "change")).content.decode()
    assert "דנה" in page
    assert f'data-presence="{address(goal)}"' in page
    answer = client.post(address(goal))
    assert "דנה" in answer.json()["text"]
    assert presence.others(dana, goal) == [me.display_name or me.email]
    client.post(address(goal), {"leave": "1"})
    assert presence.others(dana, goal) == []


def test_saving_leaves_and_going_on_stays(client):
    goal, dana = b.goal(), b.user()
    log_in(client, "editor")
    data = filled(client.get(address(goal, "change")).content.decode())
    client.post(address(goal, "change"), data | {"title": ["אחד"], "_continue": ["1"]})
    assert len(presence.others(dana, goal)) == 1
    data = filled(client.get(address(goal, "change")).content.decode())
    client.post(address(goal, "change"), data | {"title": ["שניים"]})
    assert presence.others(dana, goal) == []


def test_only_who_may_change_a_thing_is_present(client):
    goal = b.goal()
    assert client.post(address(goal)).status_code in {302, 403}
    log_in(client, "coordinator")
    assert client.post(address(goal)).status_code == 403
    log_in(client, "editor")
    assert client.get(address(goal)).status_code == 405
    assert client.post(address(goal).replace(str(goal.pk), "987654")).status_code == 404
    assert client.post("/admin/shared/sitesettings/1/presence/").status_code == 404
    strict = Client(enforce_csrf_checks=True)
    log_in(strict, "editor")
    assert strict.post(address(goal)).status_code == 403
    assert not Presence.objects.exists()

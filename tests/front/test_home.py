from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cluster_portal.shared.models import SiteSettings
from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_home_gathers_from_all(client: Client) -> None:
    SiteSettings(name="שם האתר", home_heading="מי אנחנו", home_intro="כמה שורות.").save()
    member, goal, tier = b.municipality(), b.goal(), b.milestone_tier()
    b.milestone(tier, state="done")
    b.milestone(tier, state="done")
    update, coming = b.forum_update(), b.event()
    launch = b.event(
        is_featured=True, starts_at=timezone.now() - timedelta(days=1000), ends_at=None
    )
    page = read(client, "/")
    for words in ("מי אנחנו", "כמה שורות.", goal.text, update.title, coming.title, launch.title):
        assert words in page.text
    things = (member, tier, update, coming, launch, goal)
    assert {thing.get_absolute_url() for thing in things} <= set(page.links())
    assert {"/incubator/propose/", "/contact/", "/about/"} <= set(page.links())
    assert page.title.startswith("שם האתר")
    assert "2" in page.text[page.text.index(tier.title) :]


def test_hidden_things_do_not_show(client: Client) -> None:
    things = hidden(b.forum_update) + hidden(b.event) + hidden(b.event, is_featured=True)
    text = read(client, "/").text
    assert [thing for thing in things if thing.title in text] == []


def test_staff_decide_what_home_shows(client: Client) -> None:
    goal, tier = b.goal(), b.milestone_tier()
    updates = [b.forum_update() for _n in range(3)]
    SiteSettings(home_updates=2, home_shows_goals=False, home_shows_milestones=False).save()
    text = read(client, "/").text
    assert goal.title not in text
    assert tier.title not in text
    assert [update.title in text for update in updates] == [False, True, True]


def test_empty_site_has_a_home(client: Client) -> None:
    assert {"/about/", "/forums/"} <= set(read(client, "/").links())


def test_opening_names_the_latest_update_and_the_next_event(client: Client) -> None:
    b.forum_update(title="עדכון ישן", publish_at=timezone.now() - timedelta(days=9))
    update = b.forum_update(title="עדכון חדש", publish_at=timezone.now() - timedelta(days=1))
    event = b.event(title="אירוע קרוב", starts_at=timezone.now() + timedelta(days=3), ends_at=None)
    launch = b.event(
        is_featured=True, starts_at=timezone.now() - timedelta(days=1000), ends_at=None
    )
    opening = client.get("/").text.split("</section>")[0]
    assert update.get_absolute_url() in opening
    assert event.get_absolute_url() in opening
    assert launch.get_absolute_url() not in opening
    assert "עדכון ישן" not in opening


def test_opening_of_a_quiet_site_names_the_archive_and_the_forums(client: Client) -> None:
    launch = b.event(
        is_featured=True, starts_at=timezone.now() - timedelta(days=1000), ends_at=None
    )
    forum = b.forum()
    opening = client.get("/").text.split("</section>")[0]
    assert launch.get_absolute_url() in opening
    assert forum.get_absolute_url() in read(client, "/").links()

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forums.models import ForumUpdate
from members.models import Municipality
from members.querysets import happenings
from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def naming(municipality: Municipality, update: ForumUpdate) -> ForumUpdate:
    update.municipalities.add(municipality)
    return update


def test_page_shows_all_that_is_known(client: Client) -> None:
    council = b.municipality(
        kind="regional_council",
        formal_name="המועצה האזורית לדוגמה",
        summary="כמה מילים עליה.",
        name_ar="مجلس",
        website="https://www.council.example.org/",
    )
    source = b.source(title="הלמ״ס, קובץ לדוגמה")
    b.municipality_fact(council, label="אוכלוסייה", value="76,237", year=2021, source=source)
    b.locality(council, name="יישוב לדוגמה", kind="מושב")
    update = naming(council, b.forum_update(title="עדכון על המועצה"))
    event = b.event(municipality=council, title="אירוע במועצה")
    initiative = b.initiative(title="יוזמה במועצה", municipalities=[council])
    chapter = b.story_chapter(municipality=council, title="פרק על המועצה")
    page = read(client, council.get_absolute_url())
    for words in ("המועצה האזורית לדוגמה", "כמה מילים עליה.", "76,237", "2021", "אוכלוסייה"):
        assert words in page.text
    for words in ("הלמ״ס, קובץ לדוגמה", "יישוב לדוגמה", "מושב", "council.example.org", "مجلس"):
        assert words in page.text
    for thing in (update, event, initiative, chapter):
        assert thing.get_absolute_url() in page.links()
        assert thing.title in page.text


def test_hidden_things_do_not_show(client: Client) -> None:
    council = b.municipality()
    things = [naming(council, update) for update in hidden(b.forum_update)]
    things += hidden(b.event, municipality=council)
    things += hidden(b.initiative, municipalities=[council])
    things += hidden(b.story_chapter, municipality=council)
    text = read(client, council.get_absolute_url()).text
    assert [thing for thing in things if thing.title in text] == []


def test_happenings_come_latest_first_whatever_they_are() -> None:
    council = b.municipality()
    now = timezone.now()
    for days in (30, 10, 20):
        b.event(municipality=council, starts_at=now + timedelta(days=days))
    b.initiative(municipalities=[council], publish_at=now - timedelta(days=1))
    b.story_chapter(municipality=council, publish_at=now - timedelta(days=2))
    found = happenings(council)
    assert [row.kind for row in found] == ["event"] * 3 + ["initiative", "story"]
    assert [row.at for row in found] == sorted((row.at for row in found), reverse=True)


def test_nothing_yet_leads_on(client: Client) -> None:
    assert "/updates/" in read(client, b.municipality().get_absolute_url()).links()


def test_unknown_address_is_not_found(client: Client) -> None:
    b.municipality()
    assert client.get("/members/no-such-member/").status_code == 404


def test_map_marks_the_page_s_own_member(client: Client) -> None:
    b.municipality(latitude="31.5", longitude="34.5")
    own = b.municipality(latitude="31.3", longitude="34.7", left_year=2014)
    gone = b.municipality(latitude="31.4", longitude="34.6", left_year=2014)
    html = client.get(own.get_absolute_url()).text
    assert html.count('<circle class="map__disc ') == 2
    assert html.count("map__disc--current") == 1
    assert own.name in html[html.index("map__disc--current") :].split("</g>")[0]
    assert gone.name not in html


def test_member_without_a_place_has_no_map(client: Client) -> None:
    b.municipality(latitude="31.5", longitude="34.5")
    own = b.municipality(latitude=None, longitude=None)
    assert "map__disc" not in client.get(own.get_absolute_url()).text

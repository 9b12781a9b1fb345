import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_page_tells_what_it_is_and_shows_initiatives(client: Client) -> None:
    b.milestone_tier(slug="incubator", text="נוסח הרמה השלישית.", as_of=2013)
    b.milestone_tier(text="נוסח של רמה אחרת.")
    kind = b.initiative_kind(text="דברי המקור על הסוג.", as_of=2013)
    initiative = b.initiative(kind=kind, summary="תקציר היוזמה")
    page = read(client, "/incubator/")
    for words in ("נוסח הרמה השלישית.", "דברי המקור על הסוג.", kind.title, "תקציר היוזמה", "2013"):
        assert words in page.text
    assert "נוסח של רמה אחרת." not in page.text
    assert {initiative.get_absolute_url(), "/incubator/propose/"} <= set(page.links())


def test_hidden_initiatives_do_not_show(client: Client) -> None:
    initiatives = hidden(b.initiative)
    text = read(client, "/incubator/").text
    assert [initiative for initiative in initiatives if initiative.title in text] == []


def test_pages_of_twelve(client: Client) -> None:
    for _n in range(13):
        last = b.initiative()
    assert last.get_absolute_url() in read(client, "/incubator/").links()
    assert read(client, "/incubator/?page=2").text.count("תקציר היוזמה") == 1
    assert client.get("/incubator/?page=3").status_code == 404

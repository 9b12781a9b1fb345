import pytest
from django.test import Client

from tests import builders as b
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_members_are_listed_and_drawn(client: Client) -> None:
    city = b.municipality(order=2, name="עיר הנגב")
    council = b.municipality(order=1, kind="regional_council", name="מועצה בנגב")
    page = read(client, "/members/")
    for member in (city, council):
        # Once beside the map, once on its card.
        assert page.links().count(member.get_absolute_url()) == 2
    circles = [tag for tag, _attributes in page.tags if tag == "circle"]
    assert len(circles) >= 2


def test_member_without_a_place_is_listed_beside_the_map(client: Client) -> None:
    b.municipality(name="אחרת")
    nowhere = b.municipality(latitude=None, longitude=None)
    assert read(client, "/members/").links().count(nowhere.get_absolute_url()) == 2


def test_member_that_left_is_listed_no_more(client: Client) -> None:
    gone = b.municipality(joined_year=2013, left_year=2020)
    assert gone.get_absolute_url() not in read(client, "/members/").links()
    assert "2020" in read(client, gone.get_absolute_url()).text


def test_quotations_of_the_page_stand_in_their_order(client: Client) -> None:
    b.source_quote(key="members-b", text="ראשון לפי הסדר")
    b.source_quote(key="members-a", text="שני לפי הסדר")
    b.source_quote(key="elsewhere-a", text="של עמוד אחר")
    text = read(client, "/members/").text
    assert text.index("ראשון לפי הסדר") < text.index("שני לפי הסדר")
    assert "של עמוד אחר" not in text

import pytest
from django.test import Client

from tests import builders as b
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_forums_stand_by_kind_with_their_state(client: Client) -> None:
    team = b.forum(kind="think_team", state="planned", as_of=2013)
    lead = b.forum(kind="lead", state="active")
    thematic = b.forum(kind="thematic", state="being_established")
    page = read(client, "/forums/")
    places = [page.links().index(forum.get_absolute_url()) for forum in (lead, thematic, team)]
    assert places == sorted(places)
    for label in (team.get_state_display(), lead.get_state_display(), "2013"):
        assert label in page.text


def test_kind_without_a_forum_has_no_heading(client: Client) -> None:
    b.forum(kind="lead")
    assert read(client, "/forums/").headings == [1, 2, 3]

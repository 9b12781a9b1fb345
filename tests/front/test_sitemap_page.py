import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read, whole_site

pytestmark = pytest.mark.django_db


def test_every_page_is_on_the_map(client: Client) -> None:
    paths = {path for path in whole_site() if path != "/updates/2026/"}
    assert paths - {"/sitemap/"} <= set(read(client, "/sitemap/").links())


def test_hidden_things_are_not_on_the_map(client: Client) -> None:
    things = [
        row for make in (b.forum_update, b.event, b.initiative, b.page) for row in hidden(make)
    ]
    text = read(client, "/sitemap/").text
    assert [thing for thing in things if thing.title in text] == []

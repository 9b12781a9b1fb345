from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def on(year: int, month: int = 6, day: int = 1) -> datetime:
    return datetime(year, month, day, 12, tzinfo=timezone.get_default_timezone())


def test_newest_comes_first_with_forum_and_photo(client: Client) -> None:
    old = b.forum_update(publish_at=on(2024), title="הישן")
    new = b.forum_update(publish_at=on(2025), title="החדש")
    shown = b.update_photo(new, order=1).photo
    b.update_photo(new, order=2)
    page = read(client, "/updates/")
    assert page.text.index("החדש") < page.text.index("הישן")
    assert new.forum.name in page.text
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [image["alt"] for image in images] == [""]
    assert images[0]["src"] == shown.url(shown.widths[-1], "jpg")
    assert (images[0]["width"], images[0]["height"]) == (str(shown.width), str(shown.height))
    assert old.get_absolute_url() in page.links()


def test_hidden_updates_do_not_show(client: Client) -> None:
    b.forum_update()
    updates = hidden(b.forum_update)
    text = read(client, "/updates/").text
    assert [update for update in updates if update.title in text] == []


def test_year_narrows_the_list(client: Client) -> None:
    b.forum_update(publish_at=on(2024), title="של הקודמת")
    # In Jerusalem the year is two hours older than in Greenwich.
    b.forum_update(publish_at=on(2025, 1, 1) - timedelta(hours=11), title="של השנה")
    page = read(client, "/updates/2025/")
    assert "של השנה" in page.text
    assert "של הקודמת" not in page.text
    assert {"/updates/", "/updates/2024/", "/updates/2025/"} <= set(page.links())


@pytest.mark.parametrize("year", ["0", "1", "1899", "2023", "9999", "10000", "9" * 40])
def test_year_without_updates_is_not_found(client: Client, year: str) -> None:
    b.forum_update(publish_at=on(2024))
    for update in hidden(b.forum_update):
        assert update.publish_at is None or update.publish_at.year != 2023
    assert client.get(f"/updates/{year}/").status_code == 404


def test_pages_of_twenty(client: Client) -> None:
    forum = b.forum()
    updates = [b.forum_update(forum, publish_at=on(2024) + timedelta(days=n)) for n in range(21)]
    first, second = read(client, "/updates/"), read(client, "/updates/?page=2")
    assert updates[0].get_absolute_url() not in first.links()
    assert updates[0].get_absolute_url() in second.links()
    assert updates[1].get_absolute_url() not in second.links()
    assert "?page=2" in first.links()
    canonical = second.attribute("link", "rel", "canonical", "href")
    assert canonical == f"{settings.SITE_URL}/updates/?page=2"
    assert first.title != second.title


@pytest.mark.parametrize("page", ["", "abc", "0", "-1", "3", "1.5", "²", "9" * 40])
def test_page_that_is_not_there_is_not_found(client: Client, page: str) -> None:
    b.forum_update()
    assert client.get("/updates/", {"page": page}).status_code == 404


def test_without_updates_the_page_leads_on(client: Client) -> None:
    assert "/forums/" in read(client, "/updates/").links()

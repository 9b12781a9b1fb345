from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from forums.models import ForumUpdate
from tests import builders as b
from tests.pages import hidden, whole_site

pytestmark = pytest.mark.django_db

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def entries(client: Client, **headers: str) -> dict[str, str | None]:
    response = client.get("/sitemap.xml", headers=headers)
    assert response.headers["Content-Type"] == "application/xml"
    tree = ElementTree.fromstring(response.content)  # noqa: S314
    found = tree.findall("s:url", SPACE)
    addresses = [url.findtext("s:loc", "", SPACE) for url in found]
    assert len(addresses) == len(set(addresses))
    return dict(
        zip(addresses, (url.findtext("s:lastmod", None, SPACE) for url in found), strict=True)
    )


def test_every_page_is_told_with_its_last_change(client: Client) -> None:
    paths = whole_site()
    found = entries(client)
    expected = {settings.SITE_URL + path for path in paths}
    assert expected <= set(found)
    assert [address for address, lastmod in found.items() if not lastmod] == []
    for address in found:
        assert client.get(address.removeprefix(settings.SITE_URL)).status_code == 200, address


def test_addresses_come_from_the_settings_and_never_from_the_request(
    client: Client, settings: Settings
) -> None:
    settings.SITE_URL = "https://portal.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    b.municipality()
    for address in entries(client, host="evil.example.com"):
        assert address.startswith("https://portal.example.org/")


def test_hidden_things_are_not_told(client: Client) -> None:
    things = [
        row for make in (b.forum_update, b.event, b.initiative, b.page) for row in hidden(make)
    ]
    found = entries(client)
    assert [t for t in things if settings.SITE_URL + t.get_absolute_url() in found] == []


def test_scheduled_update_counts_as_changed_when_it_appears(client: Client) -> None:
    update = b.forum_update(publish_at=timezone.now() - timedelta(hours=1))
    written = datetime(2025, 1, 1, tzinfo=timezone.get_default_timezone())
    ForumUpdate.objects.update(updated_at=written, created_at=written)
    lastmod = entries(client)[settings.SITE_URL + update.get_absolute_url()]
    assert lastmod == f"{timezone.localtime(update.publish_at):%Y-%m-%d}"


def test_empty_site_has_a_map(client: Client) -> None:
    assert settings.SITE_URL + "/" in entries(client)


@pytest.mark.parametrize("rows", [5, 500])
def test_map_takes_ten_queries_whatever_it_holds(client, django_assert_max_num_queries, rows):
    of = b.forum()
    for number in range(rows):
        b.forum_update(of, publish_at=datetime(2015 + number % 10, 5, 1, tzinfo=UTC))
    with django_assert_max_num_queries(10):
        answer = client.get("/sitemap.xml")
    assert answer.content.count(b"/updates/") >= rows

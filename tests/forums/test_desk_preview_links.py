"""Links that show an unpublished update to somebody without an account, made at the desk."""

import pytest
from django.test import Client
from django.urls import reverse

from cluster_portal.shared import previews
from cluster_portal.shared.models import PreviewLink
from forums.models import Forum, ForumUpdate
from tests import builders
from tests.desk_forms import edit_url, opened, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum() -> Forum:
    return builders.forum(is_trusted=False)


@pytest.fixture
def client(forum: Forum) -> Client:
    client = Client()
    client.force_login(builders.coordinator(forum))
    return client


def create_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_preview_link_create", kwargs={"pk": update.pk})


def revoke_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_preview_link_revoke", kwargs={"pk": update.pk})


def test_link_shows_the_draft_until_it_is_revoked(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, "draft", title="עוד לא פורסם")
    assert client.post(create_url(update), {"days": "7"}).status_code == 302
    link = PreviewLink.objects.get()
    page = text_of(client.get(edit_url(update)))
    assert previews.address_of(link) in page
    path = previews.path_of(link)
    assert "עוד לא פורסם" in text_of(Client().get(path))
    assert client.post(revoke_url(update), {"link": link.pk}).status_code == 302
    assert Client().get(path).status_code == 404
    assert previews.address_of(link) not in text_of(client.get(edit_url(update)))
    assert client.post(revoke_url(update), {"link": link.pk}).status_code == 302


def test_link_shows_the_change_that_waits(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="המאושר")
    client.post(edit_url(update), opened(client, edit_url(update), title="ממתין לאישור"))
    client.post(create_url(update), {"days": "1"})
    assert "ממתין לאישור" in text_of(Client().get(previews.path_of(PreviewLink.objects.get())))


@pytest.mark.parametrize("days", ["", "0", "2", "365", "x", "-1"])
def test_other_days_are_nothing(client: Client, forum: Forum, days: str) -> None:
    update = builders.forum_update(forum, "draft")
    assert client.post(create_url(update), {"days": days}).status_code == 404
    assert not PreviewLink.objects.exists()


def test_foreign_and_missing_answer_alike(client: Client, forum: Forum) -> None:
    own, foreign = builders.forum_update(forum, "draft"), builders.forum_update(state="draft")
    previews.link_for(builders.user(), foreign)
    link = PreviewLink.objects.get()
    data = {"days": "7", "link": str(link.pk)}
    for update in (foreign, ForumUpdate(pk=987654321)):
        for url in (create_url(update), revoke_url(update)):
            assert client.post(url, data).status_code == 404
            assert client.get(url).status_code == 405
            assert Client().post(url, data).status_code == 302
    # Another's link by way of an update of one's own is as one that never was.
    for named in (str(link.pk), "987654321", "x", "", str(2**70)):
        assert client.post(revoke_url(own), {"link": named}).status_code == 302
    link.refresh_from_db()
    assert link.revoked_at is None
    assert PreviewLink.objects.count() == 1

"""Two at the same update: nobody overwrites unseen, and both texts are shown."""

from typing import Any

import pytest
from django.test import Client

from forums.models import Forum, ForumUpdate, ForumUpdatePhoto
from tests import builders
from tests.desk_forms import edit_url, opened, picture, text_of, values_of

pytestmark = pytest.mark.django_db
CONFLICT = 'class="conflict"'


def logged_in(forum: Forum, **kw: Any) -> Client:
    client = Client()
    client.force_login(builders.coordinator(forum, **kw))
    return client


@pytest.fixture(params=[True, False], ids=["trusted", "untrusted"])
def forum(request: Any) -> Forum:
    return builders.forum(is_trusted=request.param)


def title_of(client: Client, update: ForumUpdate) -> str:
    """Return the title with which the form opens: what stands, or what waits."""
    return str(opened(client, edit_url(update))["title"])


def test_save_over_another_is_refused_and_shows_both(forum: Forum) -> None:
    mine, theirs = logged_in(forum), logged_in(forum, display_name="נועה כהן")
    update = builders.forum_update(forum, title="ישן")
    data = opened(mine, edit_url(update), title="הנוסח שלי", body="גוף שלי")
    other = opened(theirs, edit_url(update), title="הנוסח שלהם")
    assert theirs.post(edit_url(update), other).status_code == 302
    answer = mine.post(edit_url(update), data)
    page = text_of(answer)
    assert answer.status_code == 200
    assert CONFLICT in page
    for shown in ("הנוסח שלי", "הנוסח שלהם", "נועה כהן"):
        assert shown in page
    back = values_of(page)
    assert (back["title"], back["body"]) == ("הנוסח שלי", "גוף שלי")
    assert title_of(theirs, update) == "הנוסח שלהם"
    # A second save is knowing.
    assert mine.post(edit_url(update), back).status_code == 302
    assert title_of(theirs, update) == "הנוסח שלי"


def test_third_save_in_between_is_a_conflict_again(forum: Forum) -> None:
    mine, theirs = logged_in(forum), logged_in(forum)
    update = builders.forum_update(forum)
    data = opened(mine, edit_url(update), title="שלי")
    for title in ("ראשון", "שני"):
        theirs.post(edit_url(update), opened(theirs, edit_url(update), title=title))
        page = text_of(mine.post(edit_url(update), data))
        assert CONFLICT in page
        assert title in page
        data = values_of(page)


@pytest.mark.parametrize("number", ["", "x", "-1", "999999999", "9" * 5000, None])
def test_missing_or_forged_number_is_a_conflict(number: str | None) -> None:
    forum = builders.forum()
    client = logged_in(forum)
    update = builders.forum_update(forum, title="ישן")
    data = opened(client, edit_url(update), title="חדש")
    if number is None:
        del data["base_number"]
    else:
        data["base_number"] = number
    answer = client.post(edit_url(update), data)
    assert CONFLICT in text_of(answer)
    update.refresh_from_db()
    assert update.title == "ישן"
    assert client.post(edit_url(update), values_of(text_of(answer))).status_code == 302


def test_same_words_are_no_conflict() -> None:
    forum = builders.forum()
    mine, theirs = logged_in(forum), logged_in(forum)
    update = builders.forum_update(forum, title="ישן")
    data = opened(mine, edit_url(update), title="אותו נוסח")
    theirs.post(edit_url(update), opened(theirs, edit_url(update), title="אותו נוסח"))
    assert mine.post(edit_url(update), data).status_code == 302


def test_photo_that_another_took_out_does_not_come_back_unseen() -> None:
    forum = builders.forum()
    mine, theirs = logged_in(forum), logged_in(forum)
    update = builders.forum_update(forum)
    photo = builders.photo(alt="התמונה שהוסרה")
    ForumUpdatePhoto.objects.create(update=update, photo=photo)
    data = opened(mine, edit_url(update))
    theirs.post(edit_url(update), opened(theirs, edit_url(update)) | {"photos-0-remove": "on"})
    page = text_of(mine.post(edit_url(update), data))
    assert CONFLICT in page
    assert "התמונה שהוסרה" in page
    assert not update.photo_links.exists()


def test_another_row_or_a_mistake_does_not_hide_a_conflict() -> None:
    forum = builders.forum()
    mine, theirs = logged_in(forum), logged_in(forum)
    update = builders.forum_update(forum)
    data = opened(mine, edit_url(update), title="שלי")
    theirs.post(edit_url(update), opened(theirs, edit_url(update), title="שלהם"))
    files = {"photos-0-file": picture(), "photos-0-alt": "שדה"}
    page = text_of(mine.post(edit_url(update), data | files | {"action": "add_photos"}))
    assert CONFLICT not in page
    answer = mine.post(edit_url(update), values_of(page))
    assert CONFLICT in text_of(answer)
    update.refresh_from_db()
    assert update.title == "שלהם"


def test_editors_save_beside_a_change_that_waits_is_a_conflict_for_it() -> None:
    forum = builders.forum(is_trusted=False)
    mine = logged_in(forum)
    update = builders.forum_update(forum, title="המאושר")
    mine.post(edit_url(update), opened(mine, edit_url(update), title="ממתין"))
    # Somebody changes what is published, not knowing of what waits.
    update.title = "שונה בינתיים"
    update.save()
    page = text_of(mine.post(edit_url(update), opened(mine, edit_url(update), body="עוד")))
    assert CONFLICT in page
    assert "שונה בינתיים" in page
    assert mine.post(edit_url(update), values_of(page)).status_code == 302
    update.refresh_from_db()
    assert update.title == "שונה בינתיים"


def test_deleted_meanwhile_is_missing() -> None:
    forum = builders.forum()
    client = logged_in(forum)
    update = builders.forum_update(forum)
    data = opened(client, edit_url(update))
    ForumUpdate.objects.all().delete()
    assert client.post(edit_url(update), data).status_code == 404

"""What is typed at the desk and not saved: kept, offered, dropped; no version, no conflict."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared import history, presence, working_copies
from cluster_portal.shared.models import Photo, Version, WorkingCopy
from forums.desk import SESSION_ENDED
from forums.models import Coordinator, Forum, ForumUpdate
from tests import builders
from tests.desk_forms import (
    copy_url,
    create_url,
    edit_url,
    opened,
    picture,
    text_of,
    typed,
    values_of,
)

pytestmark = pytest.mark.django_db
HOME = "forums:desk_home"


@pytest.fixture
def forum() -> Forum:
    return builders.forum()


@pytest.fixture
def coordinator(forum: Forum) -> Any:
    return builders.coordinator(forum)


@pytest.fixture
def client(coordinator: Any) -> Client:
    client = Client()
    client.force_login(coordinator)
    return client


def keep(client: Client, of: Any, data: dict[str, Any]) -> Any:
    """Send what was typed as the page's script does."""
    return client.post(copy_url(of), data | {"typed": "1"})


def test_what_was_typed_of_a_new_update_comes_back(client: Client, forum: Forum) -> None:
    town = builders.municipality()
    data = typed(
        client, forum, title="חצי כותרת", body="## פתיחה\n\nועוד", municipalities=[town.pk]
    )
    answer = keep(client, forum, data)
    copy = WorkingCopy.objects.get()
    local = timezone.localtime(copy.updated_at)
    assert f"{local:%H:%M}" in answer.json()["status"]
    assert not ForumUpdate.objects.exists()
    assert not Version.objects.filter(kind="forums.forumupdate").exists()

    page = text_of(client.get(create_url(forum)))
    back = values_of(page)
    assert (back["title"], back["body"]) == ("חצי כותרת", "## פתיחה\n\nועוד")
    assert back["municipalities"] == [str(town.pk)]
    assert "desk-restored" in page
    assert "error-summary" not in page

    home = text_of(client.get(reverse(HOME)))
    assert home.index("desk-unsaved") < home.index("desk-forums")

    assert client.post(create_url(forum), back | {"action": "publish"}).status_code == 302
    assert ForumUpdate.objects.get().title == "חצי כותרת"
    assert not WorkingCopy.objects.exists()
    assert "desk-unsaved" not in text_of(client.get(reverse(HOME)))


def test_what_was_typed_of_an_update_comes_back_and_conflicts_with_nobody(
    client: Client, forum: Forum
) -> None:
    update = builders.forum_update(forum, title="ישן")
    before = history.latest_number(update)
    data = opened(client, edit_url(update), title="חדש")
    for words in ("חדש", "חדש יותר", "חדש מאוד"):
        keep(client, update, data | {"title": words})
    assert WorkingCopy.objects.count() == 1
    assert history.latest_number(update) == before
    page = text_of(client.get(edit_url(update)))
    assert values_of(page)["title"] == "חדש מאוד"
    assert update.title in text_of(client.get(reverse(HOME)))
    # The page that kept all this saves as if nothing had been kept.
    assert client.post(edit_url(update), data | {"title": "הסופי"}).status_code == 302
    update.refresh_from_db()
    assert update.title == "הסופי"
    assert not WorkingCopy.objects.exists()


def test_kept_files_come_back_with_the_words(client: Client, forum: Forum) -> None:
    data = typed(client, forum, title="", action="publish") | {"photos-0-file": picture()}
    back = values_of(text_of(client.post(create_url(forum), data)))
    keep(client, forum, back | {"photos-0-alt": "שדה חיטה"})
    restored = values_of(text_of(client.get(create_url(forum))))
    assert restored["photos-0-alt"] == "שדה חיטה"
    answer = client.post(create_url(forum), restored | {"title": "כותרת", "action": "publish"})
    assert answer.status_code == 302
    assert ForumUpdate.objects.get().photos.get() == Photo.objects.get()


def test_taken_out_tick_stays_taken_out(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    update.municipalities.add(builders.municipality())
    data = opened(client, edit_url(update))
    del data["municipalities"]
    keep(client, update, data)
    assert "municipalities" not in values_of(text_of(client.get(edit_url(update))))


def test_dropped_on_request(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="כפי שפורסם")
    keep(client, update, opened(client, edit_url(update), title="אחרת"))
    answer = client.post(copy_url(update), {"drop": "1"}, follow=True)
    assert values_of(text_of(answer))["title"] == "כפי שפורסם"
    keep(client, forum, typed(client, forum))
    answer = client.post(copy_url(forum), {"drop": "1"}, follow=True)
    assert values_of(text_of(answer))["title"] == ""
    assert not WorkingCopy.objects.exists()


def test_kept_aside_without_script(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="כפי שפורסם")
    number = history.latest_number(update)
    data = opened(client, edit_url(update), title="בהמשך", action="keep")
    data |= {"photos-0-file": picture(), "photos-0-alt": "שדה"}
    assert client.post(edit_url(update), data).status_code == 302
    update.refresh_from_db()
    assert (update.title, history.latest_number(update)) == ("כפי שפורסם", number)
    back = values_of(text_of(client.get(edit_url(update))))
    assert (back["title"], back["photos-0-alt"]) == ("בהמשך", "שדה")
    assert client.post(edit_url(update), back).status_code == 302
    assert update.photos.get().alt == "שדה"


def test_each_person_has_a_copy_of_their_own(client: Client, forum: Forum) -> None:
    other = Client()
    other.force_login(builders.coordinator(forum))
    keep(client, forum, typed(client, forum, title="שלי"))
    assert values_of(text_of(other.get(create_url(forum))))["title"] == ""
    assert "desk-unsaved" not in text_of(other.get(reverse(HOME)))
    keep(other, forum, typed(other, forum, title="שלהם"))
    assert values_of(text_of(client.get(create_url(forum))))["title"] == "שלי"


def test_one_copy_for_each_forum(client: Client, forum: Forum, coordinator: Any) -> None:
    second = builders.forum()
    Coordinator.objects.create(forum=second, user=coordinator)
    keep(client, forum, typed(client, forum, title="לראשון"))
    keep(client, second, typed(client, second, title="לשני"))
    assert values_of(text_of(client.get(create_url(forum))))["title"] == "לראשון"
    assert values_of(text_of(client.get(create_url(second))))["title"] == "לשני"


def test_foreign_and_missing_answer_alike_and_keep_nothing(client: Client) -> None:
    foreign = builders.forum_update(title="סוד-של-אחרים")
    urls = [
        copy_url(foreign),
        copy_url(ForumUpdate(pk=987654321)),
        copy_url(foreign.forum),
        copy_url(Forum(slug="no-such-forum")),
    ]
    for url in urls:
        for data in ({"typed": "1", "title": "x"}, {"drop": "1"}, {}):
            answer = client.post(url, data)
            assert answer.status_code == 404
            assert "סוד-של-אחרים" not in text_of(answer)
        for method in ("get", "head", "put", "delete"):
            assert getattr(client, method)(url).status_code == 405
    assert not WorkingCopy.objects.exists()


def test_logged_out_and_forged_keep_nothing(client: Client, forum: Forum, coordinator: Any) -> None:
    data = typed(client, forum) | {"typed": "1"}
    answer = Client().post(copy_url(forum), data)
    assert (answer.status_code, answer.json()["status"]) == (403, str(SESSION_ENDED))
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(coordinator)
    assert forged.post(copy_url(forum), data).status_code == 403
    assert forged.post(copy_url(forum), {"drop": "1"}).status_code == 403
    assert not WorkingCopy.objects.exists()


def test_only_what_is_typed_is_kept(client: Client, forum: Forum) -> None:
    data = typed(client, forum, title="א\x00ב\u202e")
    keep(
        client,
        forum,
        data
        | {
            "password": "סוד",
            "csrfmiddlewaretoken": "x",
            "author": "5",
            "photos-0-file": picture(),
            "photos-0-__class__": "x",
            "photos-999-alt": "x",
        },
    )
    names = set(WorkingCopy.objects.get().typed)
    assert names <= set(data) - {"once", "action"}
    assert WorkingCopy.objects.get().typed["title"] == ["אב"]


def test_too_much_is_refused_and_said(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    data = opened(client, edit_url(update), body="א" * working_copies.MOST_BYTES)
    answer = keep(client, update, data)
    assert answer.status_code == 413
    assert answer.json()["status"]
    page = client.post(edit_url(update), data | {"action": "keep"})
    assert page.status_code == 200
    assert values_of(text_of(page))["body"] == data["body"]
    assert not WorkingCopy.objects.exists()


def test_nothing_typed_is_nothing_kept(client: Client, forum: Forum) -> None:
    keep(client, forum, typed(client, forum, title=" ", body=""))
    assert not WorkingCopy.objects.exists()


def test_what_arrives_after_its_own_save_is_not_kept(client: Client, forum: Forum) -> None:
    data = typed(client, forum)
    client.post(create_url(forum), data)
    assert keep(client, forum, data).json()["status"] == ""
    update = ForumUpdate.objects.get()
    change = opened(client, edit_url(update), title="אחר")
    client.post(edit_url(update), change)
    keep(client, update, change)
    assert not WorkingCopy.objects.exists()


def test_somebody_elses_save_in_between_is_a_conflict_for_the_copy(
    client: Client, forum: Forum
) -> None:
    update = builders.forum_update(forum, title="ישן")
    keep(client, update, opened(client, edit_url(update), title="שלי"))
    other = Client()
    other.force_login(builders.coordinator(forum))
    other.post(edit_url(update), opened(other, edit_url(update), title="שלהם"))
    back = values_of(text_of(client.get(edit_url(update))))
    assert back["title"] == "שלי"
    answer = client.post(edit_url(update), back)
    assert answer.status_code == 200
    assert "שלהם" in text_of(answer)
    update.refresh_from_db()
    assert update.title == "שלהם"


def test_who_is_at_it_is_told(client: Client, forum: Forum, coordinator: Any) -> None:
    update = builders.forum_update(forum)
    other = Client()
    somebody = builders.coordinator(forum, display_name="נועה כהן")
    other.force_login(somebody)
    assert other.post(copy_url(update)).json() == {"status": "", "presence": ""}
    told = client.post(copy_url(update)).json()["presence"]
    assert "נועה כהן" in told
    assert told in text_of(client.get(edit_url(update)))
    assert not WorkingCopy.objects.exists()
    other.post(edit_url(update), opened(other, edit_url(update), title="נשמר"))
    assert presence.others(coordinator, update) == []


def test_purged_after_thirty_days_and_with_the_person(
    client: Client, forum: Forum, coordinator: Any
) -> None:
    update = builders.forum_update(forum)
    keep(client, update, opened(client, edit_url(update), title="ישן מאוד"))
    keep(client, forum, typed(client, forum))
    WorkingCopy.objects.exclude(object_id=0).update(
        updated_at=timezone.now() - timedelta(days=30, minutes=1)
    )
    call_command("purge")
    assert WorkingCopy.objects.get().object_id == 0
    coordinator.delete()
    assert not WorkingCopy.objects.exists()

"""The desk where updates need approval: sent, sent back, changed beside what the public reads."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared import history, revisions
from cluster_portal.shared.models import PendingRevision, Photo, Version
from cluster_portal.shared.policy import Role
from forums import desk
from forums.desk import NEEDS_REVIEW, STATUSES
from forums.models import Forum, ForumUpdate, ForumUpdatePhoto
from tests import builders
from tests.desk_forms import (
    create_url,
    edit_url,
    opened,
    pdf,
    picture,
    text_of,
    typed,
    values_of,
    withdraw_url,
)

pytestmark = pytest.mark.django_db
HOME = "/desk/"


@pytest.fixture
def forum() -> Forum:
    return builders.forum(is_trusted=False)


@pytest.fixture
def coordinator(forum: Forum) -> Any:
    return builders.coordinator(forum)


@pytest.fixture
def client(coordinator: Any) -> Client:
    client = Client()
    client.force_login(coordinator)
    return client


@pytest.fixture
def editor() -> Any:
    return builders.user(Role.EDITOR)


def change_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_revision_withdraw", kwargs={"pk": update.pk})


def public_text(update: ForumUpdate) -> str:
    return text_of(Client().get(update.get_absolute_url()))


def send_change(client: Client, update: ForumUpdate, **changes: Any) -> Any:
    answer = client.post(edit_url(update), opened(client, edit_url(update), **changes))
    assert answer.status_code == 302
    return PendingRevision.objects.get()


# What is not published yet


def test_written_sent_and_approved(client: Client, forum: Forum, editor: Any) -> None:
    page = text_of(client.get(create_url(forum)))
    assert 'value="submit"' in page
    assert 'value="publish"' not in page
    data = typed(client, forum, action="submit")
    data |= {"photos-0-file": picture(), "photos-0-alt": "שדה"}
    assert client.post(create_url(forum), data).status_code == 302
    update = ForumUpdate.objects.get()
    assert update.state == "in_review"
    assert Client().get(update.get_absolute_url()).status_code == 404
    assert "desk-status--in_review" in text_of(client.get(HOME))
    revisions.approve_thing(editor, update)
    assert "כותרת" in public_text(update)


@pytest.mark.parametrize("state", ["draft", "in_review", "archived"])
def test_publishing_is_refused_and_loses_nothing(client: Client, forum: Forum, state: str) -> None:
    update = builders.forum_update(forum, state=state, title="לפני")
    for url in (create_url(forum), edit_url(update)):
        data = opened(client, url, title="אחרי", body="גוף", action="publish")
        answer = client.post(url, data | {"photos-0-file": picture(), "photos-0-alt": "שדה"})
        assert answer.status_code == 403
        back = values_of(text_of(answer))
        assert str(NEEDS_REVIEW) in text_of(answer)
        assert (back["title"], back["photos-0-alt"]) == ("אחרי", "שדה")
        assert back["photos-0-kept"]
    update.refresh_from_db()
    assert (update.title, update.state) == ("לפני", state)
    assert ForumUpdate.objects.count() == 1


def test_sending_needs_a_text_and_keeps_a_draft_without(client: Client, forum: Forum) -> None:
    answer = client.post(create_url(forum), typed(client, forum, body="", action="submit"))
    assert answer.status_code == 200
    assert 'id="id_body_error"' in text_of(answer)
    client.post(create_url(forum), typed(client, forum, body="", action="save"))
    assert ForumUpdate.objects.get().state == "draft"


def test_sent_back_mended_and_approved(client: Client, forum: Forum, editor: Any) -> None:
    client.post(create_url(forum), typed(client, forum, action="submit"))
    update = ForumUpdate.objects.get()
    revisions.send_back(editor, update, "חסר תאריך המפגש")
    home, page = text_of(client.get(HOME)), text_of(client.get(edit_url(update)))
    for text in (home, page):
        assert "חסר תאריך המפגש" in text
        assert "desk-status--sent_back" in text
    assert page.index("desk-remark") < page.index("id_title")
    data = values_of(page) | {"body": "המפגש ב־3 בדצמבר", "action": "submit"}
    assert client.post(edit_url(update), data).status_code == 302
    update.refresh_from_db()
    assert update.state == "in_review"
    assert "חסר תאריך המפגש" not in text_of(client.get(HOME))
    assert "חסר תאריך המפגש" not in text_of(client.get(edit_url(update)))
    revisions.approve_thing(editor, update)
    assert "המפגש ב־3 בדצמבר" in public_text(update)


def test_in_review_it_can_be_changed_and_taken_back(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, state="in_review")
    client.post(edit_url(update), opened(client, edit_url(update), title="א", action="submit"))
    update.refresh_from_db()
    assert (update.title, update.state) == ("א", "in_review")
    client.post(edit_url(update), opened(client, edit_url(update), title="ב", action="save"))
    update.refresh_from_db()
    assert (update.title, update.state) == ("ב", "draft")
    ForumUpdate.objects.update(state="in_review")
    assert client.get(withdraw_url(update)).status_code == 200
    client.post(withdraw_url(update), {"to": "archive"})
    update.refresh_from_db()
    assert update.state == "draft"


@pytest.mark.parametrize("prefix", ["photos", "documents"])
def test_words_of_a_file_changed_in_review_are_not_approved_unseen(
    client: Client, forum: Forum, editor: Any, prefix: str
) -> None:
    data = typed(client, forum, action="submit")
    data |= {"photos-0-file": picture(), "photos-0-alt": "שדה", "documents-0-file": pdf()}
    client.post(create_url(forum), data)
    update = ForumUpdate.objects.get()
    seen = history.latest_number(update)
    field = {"photos": "photos-0-caption", "documents": "documents-0-title"}[prefix]
    again = opened(client, edit_url(update), action="submit", **{field: "מילים שאיש לא קרא"})
    assert client.post(edit_url(update), again).status_code == 302
    update.refresh_from_db()
    assert update.state == "in_review"
    with pytest.raises(revisions.Outdated):
        revisions.approve_thing(editor, update, seen=seen)


def test_approved_at_the_same_moment_it_is_not_taken_back(
    client: Client, forum: Forum, editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = builders.forum_update(forum, state="in_review")
    take_back = desk.take_back

    def approved_before(*args: Any) -> Any:
        revisions.approve_thing(editor, update)
        return take_back(*args)

    monkeypatch.setattr(desk, "take_back", approved_before)
    client.post(withdraw_url(update))
    assert ForumUpdate.objects.get().state == "published"


def test_archived_is_sent_again_by_way_of_a_draft(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, state="archived")
    client.post(edit_url(update), opened(client, edit_url(update), action="submit"))
    update.refresh_from_db()
    assert update.state == "in_review"


# What is published: changed beside what the public reads


def test_change_of_words_photos_and_documents_waits(
    client: Client, forum: Forum, editor: Any
) -> None:
    update = builders.forum_update(forum, title="הנוסח המאושר")
    town = builders.municipality()
    old = builders.photo(alt="התמונה המאושרת")
    ForumUpdatePhoto.objects.create(update=update, photo=old)
    number = history.latest_number(update)
    page = text_of(client.get(edit_url(update)))
    assert 'value="publish"' not in page
    data = values_of(page) | {
        "title": "הנוסח החדש",
        "body": "## חדש",
        "municipalities": [town.pk],
        "photos-0-alt": "תיאור חדש",
        "photos-TOTAL_FORMS": "2",
        "photos-1-file": picture(),
        "photos-1-alt": "תמונה שנוספה",
        "documents-0-file": pdf(),
        "action": "submit",
    }
    assert client.post(edit_url(update), data).status_code == 302
    update.refresh_from_db()
    old.refresh_from_db()
    assert (update.title, old.alt) == ("הנוסח המאושר", "התמונה המאושרת")
    assert [link.photo_id for link in update.photo_links.all()] == [old.pk]
    assert history.latest_number(update) == number
    public = public_text(update)
    for hidden in ("הנוסח החדש", "תיאור חדש", "תמונה שנוספה", "דוח שנתי"):
        assert hidden not in public
    added = Photo.objects.get(alt="תמונה שנוספה")
    assert Client().get(added.url(added.widths[0], "jpg")).status_code == 404
    assert Client().get(added.url(added.widths[0], "webp")).status_code == 404

    # The form opens with what waits.
    back = values_of(text_of(client.get(edit_url(update))))
    assert (back["title"], back["body"]) == ("הנוסח החדש", "## חדש")
    assert back["municipalities"] == [str(town.pk)]
    assert (back["photos-0-alt"], back["photos-1-alt"]) == ("תיאור חדש", "תמונה שנוספה")
    assert back["documents-0-title"] == "דוח שנתי"

    revisions.approve(editor, PendingRevision.objects.get())
    public = public_text(update)
    for shown in ("הנוסח החדש", "תיאור חדש", "תמונה שנוספה", "דוח שנתי"):
        assert shown in public
    assert Version.objects.of(update).first().user == editor
    assert Photo.objects.get(pk=old.pk).alt == "התמונה המאושרת"


def test_change_can_be_changed_again(client: Client, forum: Forum, editor: Any) -> None:
    update = builders.forum_update(forum)
    for pk in range(2):
        ForumUpdatePhoto.objects.create(update=update, photo=builders.photo(), order=pk)
    send_change(client, update, **{"title": "ראשון", "photos-0-remove": "on"})
    revision = send_change(client, update, title="שני")
    assert revision.number == 2
    assert len(revision.data["parts"]["photo_links"]) == 1
    assert update.photo_links.count() == 2
    revisions.approve(editor, revision)
    update.refresh_from_db()
    assert (update.title, update.photo_links.count()) == ("שני", 1)


def test_no_post_publishes_a_change(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="המאושר")
    for action in ("save", "submit", "keep", "publish", "approve", "", "add_photos"):
        client.post(edit_url(update), opened(client, edit_url(update), title="ח", action=action))
        update.refresh_from_db()
        assert (update.title, update.state) == ("המאושר", "published")


def test_change_sent_back_mended_and_approved(client: Client, forum: Forum, editor: Any) -> None:
    update = builders.forum_update(forum, title="המאושר")
    revision = send_change(client, update, title="עם שגיאה")
    revisions.send_back(editor, revision, "יש שגיאה בכותרת")
    for url in (HOME, edit_url(update)):
        page = text_of(client.get(url))
        assert "יש שגיאה בכותרת" in page
        assert "desk-status--sent_back" in page
        assert "desk-status--published" in page
    revision = send_change(client, update, title="בלי שגיאה")
    assert revision.state == "in_review"
    assert "יש שגיאה בכותרת" not in text_of(client.get(HOME))
    revisions.approve(editor, revision)
    assert "בלי שגיאה" in public_text(update)


def test_change_taken_back(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="המאושר")
    assert client.get(change_url(update)).status_code == 302
    send_change(client, update, title="חדש")
    assert client.get(change_url(update)).status_code == 200
    assert PendingRevision.objects.exists()
    assert client.post(change_url(update)).status_code == 302
    assert not PendingRevision.objects.exists()
    assert values_of(text_of(client.get(edit_url(update))))["title"] == "המאושר"
    foreign = builders.forum_update()
    for method in ("get", "post"):
        for other in (foreign, ForumUpdate(pk=987654321)):
            assert getattr(client, method)(change_url(other)).status_code == 404


def test_change_back_to_what_stands_waits_no_longer(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="המאושר")
    client.post(edit_url(update), opened(client, edit_url(update)))
    assert not PendingRevision.objects.exists()
    send_change(client, update, title="חדש")
    client.post(edit_url(update), opened(client, edit_url(update), title="המאושר"))
    assert not PendingRevision.objects.exists()


def test_taking_down_is_asked_for(client: Client, forum: Forum, editor: Any) -> None:
    update = builders.forum_update(forum)
    client.post(withdraw_url(update), {"to": "draft"})
    update.refresh_from_db()
    assert update.state == "published"
    answer = client.get(edit_url(update))
    assert answer.context["asks_to_take_down"]
    revisions.approve(editor, PendingRevision.objects.get())
    update.refresh_from_db()
    assert update.state == "archived"


def test_change_instead_of_taking_down(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    client.post(withdraw_url(update), {"to": "archive"})
    revision = send_change(client, update, title="נשאר, אבל אחר")
    assert revision.data["fields"]["state"] == "published"


def test_scheduled_and_expired_count_as_published(client: Client, forum: Forum) -> None:
    now = timezone.now()
    moments: tuple[dict[str, Any], ...] = (
        {"publish_at": now + timedelta(days=1)},
        {"publish_at": now - timedelta(days=3), "expire_at": now - timedelta(days=1)},
    )
    for times in moments:
        update = builders.forum_update(forum, title="המאושר", **times)
        client.post(edit_url(update), opened(client, edit_url(update), title="חדש"))
        update.refresh_from_db()
        assert update.title == "המאושר"
    assert PendingRevision.objects.count() == 2


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMINISTRATOR])
def test_editor_publishes_what_waits_from_the_desk(client: Client, forum: Forum, role: str) -> None:
    update = builders.forum_update(forum, title="המאושר")
    send_change(client, update, title="מה שממתין")
    staff = Client()
    staff.force_login(builders.user(role))
    data = opened(staff, edit_url(update))
    assert data["title"] == "מה שממתין"
    assert staff.post(edit_url(update), data | {"body": "ועוד"}).status_code == 302
    update.refresh_from_db()
    assert (update.title, update.body) == ("מה שממתין", "<p>ועוד</p>")
    assert not PendingRevision.objects.exists()


def test_trust_taken_away_in_mid_writing(client: Client, forum: Forum) -> None:
    Forum.objects.update(is_trusted=True)
    update = builders.forum_update(forum, title="המאושר")
    data = opened(client, edit_url(update), title="חדש", action="save")
    Forum.objects.update(is_trusted=False)
    assert client.post(edit_url(update), data).status_code == 302
    update.refresh_from_db()
    assert update.title == "המאושר"
    assert PendingRevision.objects.get().title == "חדש"


# The list


def test_list_shows_each_state_and_filters_by_it(client: Client, forum: Forum, editor: Any) -> None:
    now = timezone.now()
    day = timedelta(days=1)
    titles = {
        "draft": builders.forum_update(forum, "draft", title="רק-טיוטה"),
        "in_review": builders.forum_update(forum, "in_review", title="רק-בבדיקה"),
        "scheduled": builders.forum_update(forum, title="רק-מתוזמן", publish_at=now + day),
        "published": builders.forum_update(forum, title="רק-מפורסם"),
        "expired": builders.forum_update(
            forum, title="רק-פג", publish_at=now - 2 * day, expire_at=now - day
        ),
        "archived": builders.forum_update(forum, "archived", title="רק-בארכיון"),
        "sent_back": builders.forum_update(forum, "in_review", title="רק-הוחזר"),
    }
    revisions.send_back(editor, titles["sent_back"], "למה")
    assert set(titles) == set(STATUSES)
    everything = text_of(client.get(HOME))
    for key, update in titles.items():
        assert f"desk-status--{key}" in everything
        assert f"?state={key}#" in everything
        page = text_of(client.get(HOME, {"state": key}))
        for other in titles.values():
            assert (other.title in page) == (other is update), (key, other.title)
    send_change(client, titles["published"], title="שינוי")
    assert "רק-מפורסם" in text_of(client.get(HOME, {"state": "in_review"}))
    assert "רק-מפורסם" in text_of(client.get(HOME, {"state": "published"}))
    for wrong in ("x", "everything", "א", "draft'--"):
        assert client.get(HOME, {"state": wrong}).status_code == 404


def test_list_with_changes_and_remarks_needs_no_more_queries(
    client: Client, forum: Forum, editor: Any
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(HOME)
        return len(captured)

    update = builders.forum_update(forum)
    few = queries()
    for number in range(6):
        revision = PendingRevision.objects.filter(object_id=update.pk).first()
        if revision is None:
            client.post(edit_url(update), opened(client, edit_url(update), title=f"ש {number}"))
        draft = builders.forum_update(forum, "in_review")
        revisions.send_back(editor, draft, "למה")
        update = builders.forum_update(forum)
    client.get(HOME)  # shows what was said, once
    assert queries() == few <= 6


# Duplicating


def duplicate(client: Client, update: ForumUpdate, once: str) -> Any:
    url = reverse("forums:desk_update_duplicate", kwargs={"pk": update.pk})
    return client.post(url, {"once": once})


def test_duplicate_is_a_draft_with_all_that_was_told(
    client: Client, forum: Forum, coordinator: Any
) -> None:
    update = builders.forum_update(forum, title="מפגש חודשי", summary="תקציר")
    update.municipalities.add(builders.municipality())
    photos = [builders.update_photo(update, order=n).photo for n in range(2)]
    document = builders.update_document(update).document
    once = opened(client, create_url(forum))["once"]
    answer = [duplicate(client, update, once) for _ in range(2)][-1]
    made = ForumUpdate.objects.exclude(pk=update.pk).get()
    assert answer["Location"] == edit_url(made)
    assert (made.title, made.summary, made.body) == (update.title, update.summary, update.body)
    assert (made.state, made.publish_at, made.author) == ("draft", None, coordinator)
    assert list(made.municipalities.all()) == list(update.municipalities.all())
    assert [link.photo for link in made.photo_links.all()] == photos
    assert made.documents.get() == document
    # What is changed in the copy is not changed in what is published.
    data = opened(client, edit_url(made)) | {"photos-0-alt": "תיאור אחר"}
    client.post(edit_url(made), data)
    photos[0].refresh_from_db()
    assert photos[0].alt != "תיאור אחר"


def test_duplicate_of_the_foreign_missing_and_forged(client: Client, forum: Forum) -> None:
    once = opened(client, create_url(forum))["once"]
    foreign = builders.forum_update(title="זר")
    for update in (foreign, ForumUpdate(pk=987654321)):
        assert duplicate(client, update, once).status_code == 404
    own = builders.forum_update(forum)
    assert duplicate(client, own, "forged").status_code == 302
    url = reverse("forums:desk_update_duplicate", kwargs={"pk": own.pk})
    assert client.get(url).status_code == 405
    assert ForumUpdate.objects.count() == 2

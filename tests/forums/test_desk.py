"""The desk: own forums only, nothing typed is lost, nothing is stored twice or by halves."""

import re
import uuid
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from cluster_portal.shared.csrf import CSRF_FAILED
from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.policy import Role
from forums.desk import SESSION_ENDED
from forums.drafts import Draft
from forums.models import Coordinator, Forum, ForumUpdate, ForumUpdatePhoto
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

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "א\x00ב",
    "\u202eהפוך\u2066",
    "{{ 7*7 }}{% debug %}",
    "ﷺ" * 50,
    "' OR 1=1 --",
]


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


def count_all() -> tuple[int, ...]:
    return tuple(m.objects.count() for m in (ForumUpdate, Photo, Document, ForumUpdatePhoto))


# Who gets where


def test_desk_shows_own_forums_and_their_updates_alone(client: Client, forum: Forum) -> None:
    own = builders.forum_update(forum, state="draft", title="טיוטה שלנו")
    foreign = builders.forum_update(state="draft", title="טיוטה זרה")
    page = text_of(client.get(reverse("forums:desk_home")))
    assert own.title in page
    assert forum.name in page
    assert foreign.title not in page
    assert foreign.forum.name not in page


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_foreign_and_missing_answer_alike(client: Client, method: str) -> None:
    foreign = builders.forum_update(title="סוד-של-אחרים")
    before = count_all()
    missing = ForumUpdate(pk=987654321)
    pairs = (
        (create_url(foreign.forum), create_url(Forum(slug="no-such-forum"))),
        (edit_url(foreign), edit_url(missing)),
        (withdraw_url(foreign), withdraw_url(missing)),
    )
    for ours, theirs in pairs:
        answers = [getattr(client, method)(url, {"title": "x"}) for url in (ours, theirs)]
        expected = 405 if method in {"put", "patch", "delete", "options"} else 404
        assert [answer.status_code for answer in answers] == [expected, expected]
        assert "סוד-של-אחרים" not in text_of(answers[0])
        assert "no-store" in answers[0]["Cache-Control"] or expected == 405
    assert count_all() == before
    foreign.refresh_from_db()
    assert foreign.state == "published"


@pytest.mark.parametrize("action", ["publish", "save", "add_photos"])
def test_posting_into_a_foreign_forum_or_update_does_nothing(client: Client, action: str) -> None:
    foreign = builders.forum_update(title="כותרת זרה", body="<p>זר</p>")
    before = count_all()
    words = {"title": "השתלטות", "body": "טקסט", "action": action, "photos-0-file": picture()}
    for url in (create_url(foreign.forum), edit_url(foreign), withdraw_url(foreign)):
        assert client.post(url, words).status_code == 404
    foreign.refresh_from_db()
    assert (foreign.title, foreign.state) == ("כותרת זרה", "published")
    assert count_all() == before


def test_forum_author_and_state_are_no_fields(
    client: Client, forum: Forum, coordinator: Any
) -> None:
    other = builders.forum()
    stranger = builders.user()
    data = typed(client, forum, author=stranger.pk, forum_id=other.pk)
    data |= {"forum": other.pk, "action": "save", "state": "published"}
    data |= {"form_key": uuid.uuid4().hex}
    client.post(create_url(forum), data)
    update = ForumUpdate.objects.get()
    assert (update.forum, update.author, update.state) == (forum, coordinator, "draft")


def test_revoked_in_mid_session(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="לפני")
    new = typed(client, forum)
    change = opened(client, edit_url(update), title="אחרי")
    Coordinator.objects.update(ends_on=timezone.localdate() - timedelta(days=1))
    assert client.post(create_url(forum), new).status_code == 404
    assert client.post(edit_url(update), change).status_code == 404
    assert client.post(withdraw_url(update)).status_code == 404
    assert ForumUpdate.objects.get().title == "לפני"
    assert client.get(reverse("forums:desk_home")).status_code == 200


def test_disabled_in_mid_session(client: Client, forum: Forum, coordinator: Any) -> None:
    data = typed(client, forum)
    coordinator.is_active = False
    coordinator.save()
    assert client.get(create_url(forum)).status_code == 302
    answer = client.post(create_url(forum), data)
    assert answer.status_code == 403
    assert not ForumUpdate.objects.exists()


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMINISTRATOR])
def test_staff_use_the_desk_for_every_forum(forum: Forum, role: str) -> None:
    client = Client()
    client.force_login(builders.user(role))
    assert client.post(create_url(forum), typed(client, forum)).status_code == 302
    assert ForumUpdate.objects.get().forum == forum


@pytest.mark.parametrize("missing", [False, True])
def test_anonymous_is_led_to_the_login(forum: Forum, missing: bool) -> None:
    update = builders.forum_update(forum)
    urls = [reverse("forums:desk_home"), create_url(forum), edit_url(update), withdraw_url(update)]
    if missing:
        forum.delete()
    for url in urls:
        answer = Client().get(url)
        assert answer.status_code == 302
        assert answer["Location"] == f"{reverse('login')}?next={url}"


def test_every_desk_page_is_kept_by_nobody(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    urls = [reverse("forums:desk_home"), create_url(forum), edit_url(update), withdraw_url(update)]
    for url in urls:
        assert "no-store" in client.get(url)["Cache-Control"]
        assert "no-store" in Client().get(url)["Cache-Control"]


def test_list_needs_the_same_queries_for_few_and_many(client: Client, forum: Forum) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("forums:desk_home"))
        return len(captured)

    builders.forum_update(forum)
    few = queries()
    for _ in range(15):
        builders.forum_update(forum)
    assert queries() == few <= 6


# Writing


def test_publishing_with_everything(client: Client, forum: Forum, coordinator: Any) -> None:
    rahat, other = builders.municipality(), builders.municipality()
    data = typed(
        client,
        forum,
        title="  עדכון ראשון ",
        summary="תקציר",
        body="## כותרת\n\n- אחת\n- שתיים\n\n**חשוב** [קישור](/members/)",
        municipalities=[rahat.pk],
    )
    data |= {
        "photos-0-file": picture(),
        "photos-0-alt": "ילדים נוטעים עץ",
        "documents-0-file": pdf(),
        "documents-0-title": "",
    }
    answer = client.post(create_url(forum), data, follow=True)
    assert answer.redirect_chain == [(reverse("forums:desk_home"), 302)]
    update = ForumUpdate.objects.get()
    assert (update.title, update.state, update.author) == ("עדכון ראשון", "published", coordinator)
    assert update.is_published()
    assert update.body == (
        "<h2>כותרת</h2><ul><li>אחת</li><li>שתיים</li></ul>"
        '<p><strong>חשוב</strong> <a href="/members/">קישור</a></p>'
    )
    assert list(update.municipalities.all()) == [rahat]
    photo = update.photos.get()
    assert (photo.alt, photo.is_decorative) == ("ילדים נוטעים עץ", False)
    assert (photo.credit, photo.licence) == (coordinator.display_name, "granted")
    assert photo.uploaded_by == coordinator
    document = update.documents.get()
    assert (document.title, document.kind) == ("דוח שנתי", "pdf")
    assert other not in update.municipalities.all()


def test_draft_may_lack_its_text_but_not_its_title(client: Client, forum: Forum) -> None:
    client.post(create_url(forum), typed(client, forum, body="", action="save"))
    assert ForumUpdate.objects.get().state == "draft"
    answer = client.post(create_url(forum), typed(client, forum, title="", action="save"))
    assert answer.status_code == 200
    assert ForumUpdate.objects.count() == 1


def test_scheduled_and_expiring(client: Client, forum: Forum) -> None:
    later = timezone.localtime() + timedelta(days=2)
    data = typed(client, forum, publish_at=later.strftime("%d.%m.%Y %H:%M"))
    client.post(create_url(forum), data)
    update = ForumUpdate.objects.get()
    assert (update.state, update.is_published()) == ("published", False)
    assert not ForumUpdate.objects.published().exists()
    for expire_at in ("2020-01-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "מחר"):
        answer = client.post(create_url(forum), typed(client, forum, expire_at=expire_at))
        assert answer.status_code == 200
        assert 'name="expire_at"' in text_of(answer)
    assert ForumUpdate.objects.count() == 1


def test_change_keeps_what_was_not_touched(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum, title="ישן", body="<p>א</p><ul><li>ב</li></ul>")
    link = ForumUpdatePhoto.objects.create(update=update, photo=builders.photo())
    before = update.publish_at
    answer = client.post(edit_url(update), opened(client, edit_url(update), title="חדש"))
    assert answer.status_code == 302
    update.refresh_from_db()
    assert (update.title, update.publish_at, update.state) == ("חדש", before, "published")
    assert update.body == "<p>א</p><ul><li>ב</li></ul>"
    assert list(update.photo_links.all()) == [link]


def test_public_update_keeps_its_date_when_the_field_is_emptied(
    client: Client, forum: Forum
) -> None:
    update = builders.forum_update(forum)
    client.post(edit_url(update), opened(client, edit_url(update), publish_at=""))
    before = update.publish_at
    update.refresh_from_db()
    assert update.publish_at == before


def test_photos_are_ordered_changed_replaced_and_taken_out(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    first, second, third = (builders.photo() for _ in range(3))
    for order, photo in enumerate((first, second, third)):
        ForumUpdatePhoto.objects.create(update=update, photo=photo, order=order)
    data = opened(client, edit_url(update))
    data |= {
        "photos-0-order": "9",
        "photos-0-caption": "כיתוב חדש",
        "photos-1-remove": "on",
        "photos-2-file": picture(colour="#215e3d"),
    }
    assert client.post(edit_url(update), data).status_code == 302
    photos = [link.photo for link in update.photo_links.all()]
    assert len(photos) == 2
    assert photos[0].pk not in {first.pk, second.pk, third.pk}
    assert photos[0].alt == third.alt
    assert (photos[1], photos[1].caption) == (first, "כיתוב חדש")
    assert Photo.objects.filter(pk__in=[second.pk, third.pk]).count() == 2


def test_photo_shown_elsewhere_is_changed_here_alone(client: Client, forum: Forum) -> None:
    photo = builders.photo(alt="התיאור של כולם")
    ours, theirs = builders.forum_update(forum), builders.forum_update()
    for update in (ours, theirs):
        ForumUpdatePhoto.objects.create(update=update, photo=photo)
    data = opened(client, edit_url(ours)) | {"photos-0-alt": "תיאור משלנו"}
    assert client.post(edit_url(ours), data).status_code == 302
    assert theirs.photos.get().alt == "התיאור של כולם"
    assert ours.photos.get().alt == "תיאור משלנו"


def test_taking_back_and_publishing_again(client: Client, forum: Forum) -> None:
    update = builders.forum_update(forum)
    assert client.get(withdraw_url(update)).status_code == 200
    update.refresh_from_db()
    assert update.state == "published"
    client.post(withdraw_url(update), {"to": "archive"})
    update.refresh_from_db()
    assert update.state == "archived"
    assert client.get(withdraw_url(update)).status_code == 302
    client.post(edit_url(update), opened(client, edit_url(update), action="publish"))
    update.refresh_from_db()
    assert update.state == "published"
    client.post(withdraw_url(update))
    update.refresh_from_db()
    assert update.state == "draft"


# Nothing typed is lost


@pytest.mark.parametrize("text", [*HOSTILE, "א" * 10_000])
@pytest.mark.parametrize("name", ["title", "summary", "body", "publish_at", "photos-0-alt"])
def test_hostile_text_is_stored_tame_or_comes_back(
    client: Client, forum: Forum, name: str, text: str
) -> None:
    data = typed(client, forum) | {name: text, "photos-0-file": picture()}
    answer = client.post(create_url(forum), data)
    assert answer.status_code in {200, 302}
    if answer.status_code == 302:
        public = client.get(ForumUpdate.objects.get().get_absolute_url())
        assert public.status_code == 200
    else:
        public = answer
    page = text_of(public)
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page.replace("&gt;", "")
    assert not re.search("[\x00\u202a-\u202e\u2066-\u2069]", page)


def test_errors_lose_neither_words_nor_good_files(client: Client, forum: Forum) -> None:
    data = typed(client, forum, title="", body="גוף ארוך") | {
        "photos-0-file": picture(),
        "photos-0-caption": "כיתוב",
        "documents-0-file": SimpleUploadedFile("virus.exe", b"MZ....", "application/pdf"),
        "documents-0-title": "שם המסמך",
    }
    answer = client.post(create_url(forum), data)
    page = text_of(answer)
    assert answer.status_code == 200
    assert 'id="id_title_error"' in page
    assert 'id="id_photos-0-alt_error"' in page
    assert 'id="id_documents-0-file_error"' in page
    assert not ForumUpdate.objects.exists()
    kept = Photo.objects.get()
    back = values_of(page)
    assert (back["body"], back["photos-0-caption"]) == ("גוף ארוך", "כיתוב")
    assert back["documents-0-title"] == "שם המסמך"
    # The photo need not be sent again.
    back |= {"title": "הנה הכותרת", "photos-0-alt": "שדה חיטה", "documents-0-title": ""}
    assert client.post(create_url(forum), back | {"action": "publish"}).status_code == 302
    photo = ForumUpdate.objects.get().photos.get()
    assert photo == kept
    assert (photo.alt, photo.is_decorative, photo.caption) == ("שדה חיטה", False, "כיתוב")


def test_another_row_loses_nothing_and_complains_of_nothing(client: Client, forum: Forum) -> None:
    data = typed(client, forum, title="", body="טקסט", action="add_photos")
    data |= {"photos-0-file": picture()}
    answer = client.post(create_url(forum), data)
    page = text_of(answer)
    back = values_of(page)
    assert answer.status_code == 200
    assert "error-summary" not in page
    assert back["photos-TOTAL_FORMS"] == "2"
    assert back["body"] == "טקסט"
    assert back["photos-0-kept"]
    assert not ForumUpdate.objects.exists()
    back |= {"title": "כותרת", "photos-0-alt": "ראשונה", "photos-1-alt": "שנייה"}
    back |= {"photos-1-file": picture(), "photos-1-order": "0", "action": "publish"}
    client.post(create_url(forum), back)
    assert [p.photo.alt for p in ForumUpdate.objects.get().photo_links.all()] == ["שנייה", "ראשונה"]


def test_file_over_the_limit_is_told_at_its_field(
    client: Client, forum: Forum, settings: Settings
) -> None:
    settings.PHOTO_MAX_BYTES = settings.DOCUMENT_MAX_BYTES = 3000
    data = typed(client, forum, body="לא הולך לאיבוד") | {
        "photos-0-file": picture(width=2000, height=2000),
        "photos-0-alt": "תיאור",
        "documents-0-file": SimpleUploadedFile("big.pdf", b"%PDF-" + b"x" * 5000),
    }
    answer = client.post(create_url(forum), data)
    page = text_of(answer)
    assert answer.status_code == 200
    assert 'id="id_photos-0-file_error"' in page
    assert 'id="id_documents-0-file_error"' in page
    assert values_of(page)["body"] == "לא הולך לאיבוד"
    assert count_all() == (0, 0, 0, 0)


def test_session_ended_while_writing(client: Client, forum: Forum, coordinator: Any) -> None:
    update = builders.forum_update(forum, title="כותרת ישנה")
    new = typed(client, forum, title="כותרת שנכתבה", body="גוף שנכתב")
    change = opened(client, edit_url(update), title="כותרת שנכתבה")
    for url, data in ((create_url(forum), new), (edit_url(update), change)):
        answer = Client().post(url, data | {"photos-1-file": picture()})
        page = text_of(answer)
        assert answer.status_code == 403
        assert str(SESSION_ENDED) in unescape(page)
        assert values_of(page)["title"] == "כותרת שנכתבה"
        assert "כותרת ישנה" not in page
        assert "no-store" in answer["Cache-Control"]
        assert count_all() == (1, 0, 0, 0)
        again = client.post(url, values_of(page) | {"action": "publish"})
        assert again.status_code == 302
        assert ForumUpdate.objects.filter(title="כותרת שנכתבה").exists()
        ForumUpdate.objects.exclude(pk=update.pk).delete()


def test_csrf_failure_while_writing(forum: Forum, coordinator: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(coordinator)
    update = builders.forum_update(forum, title="ישן")
    pages = (create_url(forum), edit_url(update))
    for url in pages:
        data = opened(client, url, title="נכתב עכשיו", body="גוף", action="publish")
        answer = client.post(url, data | {"photos-0-file": picture()})
        page = text_of(answer)
        assert answer.status_code == 403
        assert str(CSRF_FAILED) in unescape(page)
        assert values_of(page)["title"] == "נכתב עכשיו"
        assert count_all() == (1, 0, 0, 0)
        update.refresh_from_db()
        assert update.title == "ישן"
    assert client.post(withdraw_url(update)).status_code == 403
    update.refresh_from_db()
    assert update.state == "published"


# Once, and whole or not at all


def test_sent_twice_is_stored_once(client: Client, forum: Forum) -> None:
    data = typed(client, forum)
    for _ in range(2):
        files = {"photos-0-file": picture(), "photos-0-alt": "תיאור"}
        answer = client.post(create_url(forum), data | files)
        assert answer.status_code == 302
    assert count_all() == (1, 1, 0, 1)


def test_sent_twice_in_the_same_moment_is_stored_once(
    client: Client, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Draft.check_rows

    def overtaken(draft: Draft) -> None:
        check(draft)
        key = draft.update.form_key
        builders.forum_update(forum, title="כותרת", body="<p>גוף העדכון</p>", form_key=key)

    monkeypatch.setattr(Draft, "check_rows", overtaken)
    assert client.post(create_url(forum), typed(client, forum)).status_code == 302
    assert ForumUpdate.objects.count() == 1


def test_sent_again_with_other_words_is_not_swallowed(client: Client, forum: Forum) -> None:
    data = typed(client, forum)
    client.post(create_url(forum), data)
    answer = client.post(create_url(forum), data | {"title": "כותרת אחרת"})
    back = values_of(text_of(answer))
    assert answer.status_code == 200
    assert back["title"] == "כותרת אחרת"
    assert ForumUpdate.objects.count() == 1
    assert client.post(create_url(forum), back | {"action": "publish"}).status_code == 302
    assert ForumUpdate.objects.count() == 2


@pytest.mark.parametrize("once", ["", "forged", "א", "x" * 10_000])
def test_form_that_is_not_ours_comes_back(client: Client, forum: Forum, once: str) -> None:
    answer = client.post(create_url(forum), typed(client, forum, once=once))
    assert answer.status_code == 200
    assert not ForumUpdate.objects.exists()
    again = client.post(create_url(forum), values_of(text_of(answer)) | {"action": "publish"})
    assert again.status_code == 302


def test_failure_half_way_stores_nothing(
    client: Client, forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    data = typed(client, forum) | {"photos-0-file": picture(), "photos-0-alt": "תיאור"}
    monkeypatch.setattr("forums.drafts.put_links", fail)
    with pytest.raises(RuntimeError):
        client.post(create_url(forum), data)
    assert not ForumUpdate.objects.exists()
    assert not ForumUpdatePhoto.objects.exists()


# Forged numbers


def test_photo_of_another_cannot_be_named(client: Client, forum: Forum, coordinator: Any) -> None:
    foreign = builders.forum_update()
    photo = builders.photo(alt="של אחרים")
    ForumUpdatePhoto.objects.create(update=foreign, photo=photo)
    update = builders.forum_update(forum)
    other = Client()
    other.force_login(builders.coordinator(foreign.forum))
    theirs = opened(other, edit_url(foreign))["photos-0-kept"]
    forged = [
        str(photo.pk),
        theirs,
        signing.dumps([photo.pk, 0]),
        signing.dumps([photo.pk, 0], salt=f"desk.Document.{coordinator.pk}.{update.pk}"),
        "א\x00",
        "x" * 10_000,
    ]
    for kept in forged:
        data = opened(client, edit_url(update), title="אחרי")
        data |= {"photos-0-kept": kept, "photos-0-alt": "גנוב"}
        for extra in ({}, {"photos-0-remove": "on"}, {"photos-0-file": picture()}):
            answer = client.post(edit_url(update), data | extra)
            assert answer.status_code == 200
    update.refresh_from_db()
    photo.refresh_from_db()
    assert update.title != "אחרי"
    assert photo.alt == "של אחרים"
    assert foreign.photos.get() == photo
    assert not update.photos.exists()


@pytest.mark.parametrize("total", ["", "-1", "x", "999999", "1" * 5000, "26"])
def test_forged_row_counts_do_no_harm(client: Client, forum: Forum, total: str) -> None:
    for action in ("publish", "add_photos"):
        data = typed(client, forum, action=action) | {"photos-TOTAL_FORMS": total}
        answer = client.post(create_url(forum), data)
        assert answer.status_code in {200, 302}


def test_form_without_its_row_counts_comes_back(client: Client, forum: Forum) -> None:
    once = typed(client, forum)["once"]
    words = {"title": "כותרת", "body": "גוף", "action": "publish", "once": once}
    answer = client.post(create_url(forum), words)
    assert answer.status_code == 200
    assert values_of(text_of(answer))["title"] == "כותרת"


# What the public gets


def served_bytes(client: Client, address: str) -> bytes:
    answer: Any = client.get(address)
    assert answer.status_code == 200
    return bytes(answer.getvalue())


def test_served_picture_tells_neither_place_nor_camera(client: Client, forum: Forum) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCameraMaker"
    exif[0x8825] = {1: "N", 2: (31.0, 25.0, 0.0)}
    buffer = BytesIO()
    Image.new("RGB", (900, 600), "#215e3d").save(buffer, "JPEG", exif=exif)
    assert b"SecretCameraMaker" in buffer.getvalue()
    data = typed(client, forum) | {
        "photos-0-file": SimpleUploadedFile("IMG.JPG", buffer.getvalue()),
        "photos-0-alt": "שדה",
    }
    client.post(create_url(forum), data)
    photo = Photo.objects.get()
    for width in photo.widths:
        for suffix in ("webp", "jpg"):
            served = served_bytes(Client(), photo.url(width, suffix))
            assert b"SecretCameraMaker" not in served
            assert not Image.open(BytesIO(served)).getexif()


def test_photo_of_a_draft_is_not_public(client: Client, forum: Forum) -> None:
    data = typed(client, forum, action="save")
    client.post(create_url(forum), data | {"photos-0-file": picture(), "photos-0-alt": "תיאור"})
    photo = Photo.objects.get()
    address = photo.url(photo.widths[0], "jpg")
    assert Client().get(address).status_code == 404
    assert served_bytes(client, address)


def test_desk_says_what_it_did(client: Client, forum: Forum) -> None:
    answer = client.post(create_url(forum), typed(client, forum))
    assert len(list(get_messages(answer.wsgi_request))) == 1

"""The editors' pages: the queue, the calendar, approving, sending back, links to previews."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared import history, previews, review, revisions
from cluster_portal.shared.models import OutboxMessage
from cluster_portal.shared.models.review import PendingRevision, PreviewLink
from forums.models import ForumUpdate
from tests import builders
from tests.forums.test_admin import new_photo, update_data
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db

QUEUE = "admin:review_queue"


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


def read(client, address):
    """Return the page as it is sent."""
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def pending(thing, user=None, **values):
    user = user or builders.user()

    def save():
        fresh = type(thing).objects.get(pk=thing.pk)
        for name, value in values.items():
            setattr(fresh, name, value)
        fresh.save()
        return fresh

    number = history.latest_number(thing)
    return revisions.submit(user, thing, revisions.capture(save), number)


def sections():
    return {section.key: section for section in review.queue()}


def titles(section):
    return [row.title for row in section.rows]


# The queue


def test_each_thing_stands_in_its_list(client, editor):
    now = timezone.now()
    recent: dict[str, Any] = {"publish_at": now - timedelta(days=3)}
    builders.forum_update(state="in_review", title="ממתין")
    builders.page(state="draft", title="טיוטה")
    builders.event(state="published", publish_at=now + timedelta(days=2), title="מתוזמן")
    builders.initiative(expire_at=now + timedelta(days=29), title="יורד", **recent)
    builders.initiative(expire_at=now + timedelta(days=31), title="יורד אחר כך", **recent)
    builders.story_chapter(publish_at=now - timedelta(days=366), title="ישן")
    builders.story_chapter(publish_at=now - timedelta(days=364), title="לא ישן")
    builders.page(
        publish_at=now - timedelta(days=900), reviewed_at=now - timedelta(days=1), title="נבדק"
    )
    pending(builders.forum_update(**recent), title="שינוי ממתין")
    found = sections()
    assert set(titles(found["waiting"])) == {"ממתין", "שינוי ממתין"}
    assert titles(found["scheduled"]) == ["מתוזמן"]
    assert titles(found["ending"]) == ["יורד"]
    assert titles(found["old"]) == ["ישן"]
    shown = read(client, reverse(QUEUE))
    for title in ("ממתין", "שינוי ממתין", "מתוזמן", "יורד", "ישן"):
        assert title in shown
    assert "לא ישן" not in shown


def test_what_is_over_or_hidden_is_not_old():
    long_ago = timezone.now() - timedelta(days=900)
    builders.page(publish_at=long_ago, expire_at=timezone.now() - timedelta(days=1))
    builders.page(state="archived", publish_at=long_ago)
    assert titles(sections()["old"]) == []


def test_photos_marked_decorative_are_looked_at_again():
    update = builders.forum_update()
    told, silent = builders.photo(), builders.photo(alt="", is_decorative=True)
    builders.update_photo(update, told)
    builders.update_photo(update, silent)
    builders.photo(alt="", is_decorative=True)
    assert sections()["undescribed"].rows == [silent]


def test_broken_links_are_found():
    hidden, shown = builders.page(state="draft"), builders.page()
    forum, update = builders.forum(), builders.forum_update()
    good = [
        forum.get_absolute_url(),
        update.get_absolute_url(),
        f"{shown.get_absolute_url()}#part",
        "/updates/?page=1",
        "/contact/",
        "/incubator/propose/",
        "https://example.org/nowhere",
        "//example.org/x",
        "/static/css/main.css",
        "mailto:a@example.org",
    ]
    bad = [
        hidden.get_absolute_url(),
        "/forums/nowhere/",
        "/no/such/address",
        "/admin/",
        "/media/photos/9/320.jpg",
        "/forums/x/?a=1&amp;b=2",
    ]
    links = "".join(f'<a href="{address}">x</a>' for address in good + bad)
    builders.page(body=f"<p>{links}</p>", title="מקשר")
    builders.page(body='<p><a href="/no/such/address">x</a></p>', state="draft")
    found = sections()["broken"]
    assert [row.address for row in found.rows] == [a.replace("&amp;", "&") for a in bad]
    assert {row.row.title for row in found.rows} == {"מקשר"}


def test_every_public_address_is_a_public_page(client):
    """What the site map names must not be called broken."""
    builders.forum_update()
    builders.event()
    builders.initiative()
    builders.municipality()
    found = re.findall(r"<loc>([^<]+)</loc>", client.get("/sitemap.xml").content.decode())
    assert found
    for address in found:
        assert review.is_public_page(str(review.own_path(address))), address


def test_queries_do_not_grow_with_the_rows(client, editor, django_assert_max_num_queries):
    for _number in range(12):
        builders.forum_update(state="in_review")
        builders.page(publish_at=timezone.now() - timedelta(days=500))
        pending(builders.event(), editor, title="שינוי")
    with django_assert_max_num_queries(30):
        client.get(reverse(QUEUE))


def test_links_are_tried_up_to_a_bound(monkeypatch):
    tried = []
    monkeypatch.setattr(review, "TRIED_LINKS", 5)
    monkeypatch.setattr(review, "is_public_page", lambda path: tried.append(path))
    links = "".join(f'<a href="/x{number}/">x</a>' for number in range(9))
    builders.page(body=f"<p>{links}</p>")
    assert sections()["broken"].count == 5
    assert len(tried) == 5


def test_the_first_page_of_the_admin_tells_of_the_queue(client, editor):
    builders.forum_update(state="in_review")
    shown = read(client, reverse("admin:index"))
    assert reverse(QUEUE) in shown
    assert "אחד ממתין לבדיקה" in shown


def test_looked_at_takes_it_off_the_list(client, editor):
    page = builders.page(publish_at=timezone.now() - timedelta(days=500))
    number = history.latest_number(page)
    address = reverse("admin:review_looked_at", args=("shared.page", page.pk))
    assert client.get(address).status_code == 405
    assert sections()["old"].count == 1
    assert client.post(address).status_code == 302
    assert sections()["old"].count == 0
    assert history.latest_number(page) == number


# The clock


def test_scheduled_appears_and_expired_goes_at_its_minute(client, time_machine):
    start = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    time_machine.move_to(start, tick=False)
    minute = timedelta(minutes=1)
    update = builders.forum_update(
        publish_at=start + 10 * minute, expire_at=start + 20 * minute, title="לשעתו"
    )
    photo = builders.photo()
    builders.update_photo(update, photo)
    picture = photo.url(photo.widths[0], "jpg")

    def seen():
        """Return where the public sees it: page, picture, list, home, site maps."""
        answers = [client.get(update.get_absolute_url()), client.get(picture)]
        found = [answer.status_code == 200 for answer in answers]
        for answer in answers:
            if answer.streaming:
                b"".join(answer.streaming_content)
        found += [
            "לשעתו" in client.get(address).content.decode()
            for address in ("/updates/", "/", "/sitemap/", update.forum.get_absolute_url())
        ]
        return [*found, update.get_absolute_url() in client.get("/sitemap.xml").content.decode()]

    for after, is_seen in (
        (10 * minute - timedelta(seconds=1), False),
        (10 * minute, True),
        (20 * minute - timedelta(seconds=1), True),
        (20 * minute, False),
    ):
        time_machine.move_to(start + after, tick=False)
        assert set(seen()) == {is_seen}, after


# Approving and sending back


def test_a_thing_is_read_and_approved(client, editor):
    update = builders.forum_update(state="in_review", title="כותרת", body="<p>גוף העדכון</p>")
    address = reverse("admin:review_thing", args=("forums.forumupdate", update.pk))
    assert "גוף העדכון" in read(client, address)
    seen = history.latest_number(update)
    assert client.post(address, {"seen": seen, "approve": ""}).status_code == 302
    assert ForumUpdate.objects.published().get() == update


def test_a_change_is_shown_against_the_public_text_and_approved(client, editor):
    update = builders.forum_update(title="הכותרת הגלויה")
    revision = pending(update, title="הכותרת החדשה")
    address = reverse("admin:review_revision", args=(revision.pk,))
    shown = re.sub(r"<span.*?</span>", "", read(client, address))
    assert "<del>הגלויה</del>" in shown
    assert "<ins>החדשה</ins>" in shown
    assert client.post(address, {"seen": 1, "approve": ""}).status_code == 302
    assert ForumUpdate.objects.get().title == "הכותרת החדשה"
    assert client.get(address).status_code == 404


def test_sending_back_needs_a_remark_and_keeps_what_was_typed(client, editor):
    update = builders.forum_update(state="in_review")
    address = reverse("admin:review_thing", args=("forums.forumupdate", update.pk))
    seen = history.latest_number(update)
    refused = client.post(address, {"seen": seen, "remark": " ", "send_back": ""})
    assert refused.status_code == 200
    assert "נא לכתוב במשפט או שניים" in refused.content.decode()
    long = "א" * 2001
    assert (
        long
        in client.post(address, {"seen": seen, "remark": long, "send_back": ""}).content.decode()
    )
    assert ForumUpdate.objects.get().state == "in_review"
    sent = {"seen": seen, "remark": "חסר תאריך", "send_back": ""}
    assert client.post(address, sent).status_code == 302
    assert ForumUpdate.objects.get().state == "draft"


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30, "0"])
def test_what_was_not_read_is_not_approved(client, editor, seen):
    update = builders.forum_update(state="in_review")
    address = reverse("admin:review_thing", args=("forums.forumupdate", update.pk))
    assert client.post(address, {"seen": seen, "approve": ""}).status_code == 200
    assert ForumUpdate.objects.get().state == "in_review"


def test_over_a_newer_text_only_knowingly(client, editor):
    update = builders.forum_update(title="לפני")
    revision = pending(update, title="ממתין")
    fresh = ForumUpdate.objects.get()
    fresh.summary = "נוסף בינתיים"
    fresh.save()
    address = reverse("admin:review_revision", args=(revision.pk,))
    shown = read(client, address)
    assert "נוסף בינתיים" in shown
    latest = history.latest_number(update)
    sent = {"seen": 1, "over": latest, "approve": ""}
    assert client.post(address, sent).status_code == 200
    assert client.post(address, sent | {"over": 1, "is_knowing": "on"}).status_code == 200
    assert ForumUpdate.objects.get().title == "לפני"
    assert client.post(address, sent | {"is_knowing": "on"}).status_code == 302
    assert ForumUpdate.objects.get().title == "ממתין"


def test_pages_of_review_are_for_staff_alone(client):
    update = builders.forum_update(state="in_review")
    revision = pending(builders.forum_update(), title="ממתין")
    link = PreviewLink.objects.create(
        kind="forums.forumupdate", object_id=update.pk, expires_at=timezone.now() + timedelta(1)
    )
    log_in(client, "coordinator")
    thing = ("forums.forumupdate", update.pk)
    for name, args in (
        ("review_queue", ()),
        ("review_calendar", ()),
        ("review_thing", thing),
        ("review_revision", (revision.pk,)),
        ("review_looked_at", thing),
        ("review_link_create", thing),
        ("review_link_revoke", (link.pk,)),
    ):
        for method in (client.get, client.post):
            assert method(reverse(f"admin:{name}", args=args)).status_code in (403, 404), name
    assert ForumUpdate.objects.get(pk=update.pk).state == "in_review"


@pytest.mark.parametrize(
    "address",
    [
        "/admin/review/forums.forum/1/",
        "/admin/review/shared.user/1/",
        "/admin/review/x/1/",
        f"/admin/review/forums.forumupdate/{2**70}/",
        f"/admin/review/revision/{2**70}/",
        "/admin/review/calendar/1999/1/",
        "/admin/review/calendar/2026/13/",
        f"/admin/review/calendar/{10**30}/1/",
    ],
)
def test_what_is_not_there(client, editor, address):
    assert client.get(address).status_code == 404


# In the forms


def change_data(update, **changes):
    return (
        update_data(
            update.forum,
            title=update.title,
            state=update.state,
            publish_at_0="01.01.2026",
            publish_at_1="09:00",
            base_number=str(history.latest_number(update)),
        )
        | changes
    )


def test_an_editor_lets_a_change_wait(client, editor):
    update = builders.forum_update(title="גלוי")
    address = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    assert "_propose" in client.get(address).content.decode()
    data = change_data(update, title="ממתין", _propose="")
    data |= {"photo_links-TOTAL_FORMS": "1"} | new_photo()
    response = client.post(address, data)
    revision = PendingRevision.objects.get()
    assert response.headers["Location"] == reverse("admin:review_revision", args=(revision.pk,))
    assert revision.data["fields"]["title"] == "ממתין"
    update.refresh_from_db()
    assert update.title == "גלוי"
    assert not update.photo_links.exists()
    assert "_propose" not in client.get(address).content.decode()
    revisions.approve(editor, revision)
    assert update.photo_links.get().photo.alt == "גשר"


def test_a_refused_proposal_keeps_what_was_typed(client, editor):
    update = builders.forum_update(title="גלוי")
    address = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    response = client.post(address, change_data(update, title="", summary="הוקלד", _propose=""))
    assert response.status_code == 200
    assert "הוקלד" in response.content.decode()
    pending(update, title="של אחרת")
    response = client.post(address, change_data(update, title="שלי", _propose=""))
    assert response.status_code == 200
    assert 'value="שלי"' in response.content.decode()
    assert PendingRevision.objects.get().title == "של אחרת"
    update.refresh_from_db()
    assert update.title == "גלוי"


def test_forms_offer_only_what_may_follow(client, editor):
    update = builders.forum_update()
    address = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    shown = client.get(address).content.decode()
    assert '<option value="archived">' in shown
    assert '<option value="in_review">' not in shown
    assert client.post(address, change_data(update, state="in_review")).status_code == 200
    update.refresh_from_db()
    assert update.state == "published"


def test_published_by_its_form_tells_the_author(client, editor):
    forum = builders.forum()
    author = builders.coordinator(forum)
    update = builders.forum_update(forum, state="in_review", author=author)
    address = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    data = change_data(update, state="published", publish_at_0="", publish_at_1="")
    assert client.post(address, data).status_code == 302
    assert OutboxMessage.objects.get().to == author.email
    assert revisions.last_note(update).outcome == "approved"


# Links


def test_links_are_made_listed_and_revoked(client, editor):
    update = builders.forum_update(state="draft")
    create = reverse("admin:review_link_create", args=("forums.forumupdate", update.pk))
    assert client.post(create, {"days": "365"}).status_code == 404
    assert client.post(create, {"days": "30"}).status_code == 302
    link = PreviewLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(days=30)
    form = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    assert previews.address_of(link) in client.get(form).content.decode()
    revoke = reverse("admin:review_link_revoke", args=(link.pk,))
    assert client.get(revoke).status_code == 405
    assert client.post(revoke).status_code == 302
    assert previews.address_of(link) not in client.get(form).content.decode()
    assert client.get(previews.path_of(link)).status_code == 404


def test_a_link_to_a_change_is_made_on_its_page(client, editor):
    update = builders.forum_update()
    revision = pending(update, title="ממתין")
    create = reverse("admin:review_link_create", args=("forums.forumupdate", update.pk))
    client.post(create, {"days": "1", "revision": "1"})
    assert PreviewLink.objects.get().revision_id == revision.pk


# Calendar


def test_calendar_shows_what_goes_up_and_down(client, editor):
    noon = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    builders.forum_update(publish_at=noon, expire_at=noon + timedelta(days=3), title="עולה ויורד")
    builders.page(state="draft", publish_at=noon, title="טרם אושר הדף")
    builders.page(state="archived", publish_at=noon, title="בארכיון")
    builders.page(publish_at=noon + timedelta(days=60), title="חודש אחר")
    shown = read(client, reverse("admin:review_month", args=(2026, 3)))
    assert shown.count("עולה ויורד") == 2
    assert "טרם אושר הדף" in shown
    assert "בארכיון" not in shown
    assert "חודש אחר" not in shown
    head = shown[shown.rindex("<thead>") : shown.rindex("</thead>")]
    assert head.index("ראשון") < head.index("שני") < head.index("שבת")
    for year, month in ((2026, 2), (2026, 4)):
        assert reverse("admin:review_month", args=(year, month)) in shown


def test_calendar_ends_where_years_do(client, editor):
    first = client.get("/admin/review/calendar/2000/1/").content.decode()
    assert "/1999/12/" not in first
    last = client.get("/admin/review/calendar/2100/12/").content.decode()
    assert "/2101/1/" not in last

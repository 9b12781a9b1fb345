"""History, bringing back and the bin in the admin."""

import re
from typing import Any

import pytest
from django.urls import reverse

from cluster_portal.shared import history
from cluster_portal.shared.models import Document, Photo, Version
from forums.models import Forum
from members.models import Goal
from tests import builders as b
from tests.admin_forms import based, filled
from tests.shared.test_admin import INLINE, log_in

pytestmark = pytest.mark.django_db


def page_of(thing, page: str, *args) -> str:
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def changed(thing, person=None, **changes):
    with history.editing(lambda: person):
        for name, value in changes.items():
            setattr(thing, name, value)
        thing.save()
    return thing


def deleted(thing, person=None) -> Version:
    with history.editing(lambda: person):
        thing.delete()
    return history.bin_of(type(thing)).get()


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


# Reading


def test_history_says_who_when_and_what(client, editor):
    person = b.user(display_name="נועה")
    goal = changed(b.goal(title="אחת"), person, title="אחרת")
    page = client.get(page_of(goal, "history", goal.pk))
    text = page.content.decode()
    assert "נועה" in text
    assert "no-store" in page["Cache-Control"]
    newest, first = page.context["lines"]
    assert (newest["version"].number, first["version"].number) == (2, 1)
    assert newest["labels"] == ["כותרת"]
    assert newest["url"] in text
    assert newest["restore_url"] not in text  # that is what stands
    assert first["restore_url"] in text


def test_a_version_shows_its_changes_in_words_not_in_colours_alone(client, editor):
    goal = changed(b.goal(title="הכנס נפתח היום"), title="הכנס נסגר היום")
    text = client.get(page_of(goal, "version", goal.pk, 2)).content.decode()
    [taken] = re.findall(r"<del>.*?</del>", text, re.DOTALL)
    [put] = re.findall(r"<ins>.*?</ins>", text, re.DOTALL)
    assert "נפתח" in taken
    assert "visually-hidden" in taken
    assert "נסגר" in put
    assert "visually-hidden" in put
    assert not INLINE.search(text)


def test_rich_text_is_compared_as_people_write_it(client, editor):
    page = changed(b.page(body="<p>אחד</p>"), body="<h2>כותרת</h2><p>אחד</p>")
    text = client.get(page_of(page, "version", page.pk, 2)).content.decode()
    assert "## כותרת" in text
    assert "&lt;h2&gt;" not in text


def test_long_histories_are_paged_and_cheap(client, editor, django_assert_max_num_queries):
    goal = b.goal()
    for number in range(45):
        changed(goal, title=f"כותרת {number}")
    address = page_of(goal, "history", goal.pk)
    client.get(address)
    with django_assert_max_num_queries(8):
        page = client.get(address)
    assert len(page.context["lines"]) == 20
    last = client.get(address, {"page": "3"}).context["lines"]
    assert [line["version"].number for line in last] == [6, 5, 4, 3, 2, 1]
    assert client.get(address, {"page": "4"}).status_code == 404
    with django_assert_max_num_queries(10):
        client.get(page_of(goal, "version", goal.pk, 30))


def test_what_one_may_not_see_is_in_no_history(client):
    forum = b.forum()
    person = b.coordinator(forum, display_name="רכזת סודית")
    number = history.latest_number(forum)
    pages = [
        page_of(forum, "history", forum.pk),
        page_of(forum, "version", forum.pk, number),
        page_of(forum, "restore", forum.pk, number),
        page_of(forum, "restore", forum.pk, 1),
    ]
    log_in(client, "editor")
    for address in pages:
        text = client.get(address).content.decode()
        assert person.display_name not in text, address
        assert "רכזים" not in text.split('id="content"')[1], address
    log_in(client, "administrator")
    assert person.display_name in client.get(pages[1]).content.decode()


def test_settings_history_is_the_administrators(client, editor):
    for page, args in (("history", (1,)), ("version", (1, 1)), ("restore", (1, 1)), ("bin", ())):
        address = reverse(f"admin:shared_sitesettings_{page}", args=args)
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404


@pytest.mark.parametrize("odd", ["x", "0", "9" * 30, "987654"])
def test_odd_addresses_are_404(client, editor, odd):
    goal = b.goal()
    for page, args in (
        ("version", (odd, 1)),
        ("restore", (odd, 1)),
        ("history", (odd,)),
    ):
        assert client.get(page_of(goal, page, *args)).status_code == 404
    if odd.isdecimal():
        assert client.get(page_of(goal, "version", goal.pk, int(odd))).status_code == 404
        assert client.post(page_of(goal, "restore", goal.pk, int(odd))).status_code == 404


# Bringing back


def test_two_clicks_bring_an_older_version_back(client, editor):
    goal = changed(b.goal(title="אחת", text="נוסח"), title="אחרת")
    history_page = client.get(page_of(goal, "history", goal.pk)).content.decode()
    address = page_of(goal, "restore", goal.pk, 1)
    assert f'href="{address}"' in history_page
    question = client.get(address)
    assert [change.new for change in question.context["changes"]] == ["אחת"]
    assert Goal.objects.get().title == "אחרת"
    answer = client.post(address, filled(question.content.decode()))
    assert answer.status_code == 302
    assert Goal.objects.get().title == "אחת"
    newest = Version.objects.of(goal).first()
    assert (newest.number, newest.action, newest.user) == (3, "restored", editor)
    assert newest.note == "גרסה 1"


def test_bringing_back_over_somebodys_save_is_refused(client, editor):
    goal = changed(b.goal(title="אחת"), title="אחרת")
    address = page_of(goal, "restore", goal.pk, 1)
    data = filled(client.get(address).content.decode())
    changed(goal, title="שלישית")
    answer = client.post(address, data)
    assert answer.status_code == 409
    assert [c.old for c in answer.context["changes"]] == ["שלישית"]
    assert Goal.objects.get().title == "שלישית"
    assert client.post(address).status_code == 409
    assert client.post(address, filled(answer.content.decode())).status_code == 302


def test_an_editor_who_brings_back_a_forum_appoints_nobody(client, editor):
    forum = b.forum(purpose="ישן")
    person = b.coordinator(forum)
    old = history.latest_number(forum)
    with history.editing():
        forum.coordinators.get().delete()
    changed(forum, purpose="חדש")
    address = page_of(forum, "restore", forum.pk, old)
    client.post(address, filled(client.get(address).content.decode()))
    forum.refresh_from_db()
    assert forum.purpose == "ישן"
    assert not forum.coordinators.exists()
    log_in(client, "administrator")
    client.post(address, filled(client.get(address).content.decode()))
    assert forum.coordinators.get().user == person


# The bin


def test_a_deleted_thing_lies_in_the_bin_and_comes_back(client, editor):
    update = b.forum_update(title="עדכון שנמחק")
    pk, link = update.pk, b.update_photo(update)
    address = page_of(update, "delete", pk)
    assert client.post(address, {"post": "yes"} | based(update)).status_code == 302
    lists = [page_of(update, "bin"), reverse("admin:bin")]
    for listed in lists:
        assert "עדכון שנמחק" in client.get(listed).content.decode()
    [line] = client.get(lists[0]).context["lines"]
    assert line["version"].user == editor
    assert client.get(line["url"]).status_code == 200
    assert client.get(page_of(update, "history", pk)).status_code == 200
    data = filled(client.get(line["restore_url"]).content.decode())
    answer = client.post(line["restore_url"], data)
    assert answer.url == page_of(update, "change", pk)
    back = type(update).objects.get(pk=pk)
    assert back.photo_links.get().photo_id == link.photo_id
    for listed in lists:
        assert "עדכון שנמחק" not in client.get(listed).content.decode()


def test_lists_and_the_front_page_lead_to_the_bin(client, editor):
    b.goal()
    listed = client.get(reverse("admin:members_goal_changelist")).content.decode()
    assert f'href="{reverse("admin:members_goal_bin")}"' in listed
    assert f'href="{reverse("admin:bin")}"' in client.get(reverse("admin:index")).content.decode()


def test_an_address_taken_meanwhile_is_told(client, editor):
    goal = b.goal(slug="taken")
    version = deleted(goal)
    b.goal(slug="taken")
    address = page_of(goal, "restore", version.object_id, version.number)
    answer = client.post(address, filled(client.get(address).content.decode()))
    assert answer.status_code == 409
    assert re.search("[א-ת]", answer.context["error"])
    assert Goal.objects.count() == 1


def test_a_forum_with_people_comes_back_through_an_administrator(client, editor):
    forum = b.forum()
    b.coordinator(forum)
    version = deleted(forum)
    address = page_of(forum, "restore", version.object_id, version.number)
    data = filled(client.get(address).content.decode())
    assert client.post(address, data).status_code == 409
    assert not Forum.objects.exists()
    log_in(client, "administrator")
    data = filled(client.get(address).content.decode())
    assert client.post(address, data).status_code == 302
    assert Forum.objects.get().coordinators.count() == 1


def test_what_other_things_live_in_is_not_deleted(client, editor):
    forum = b.forum(name="פורום עם עדכונים")
    b.forum_update(forum, title="עדכון שחי בו")
    address = page_of(forum, "delete", forum.pk)
    page = client.get(address)
    assert "עדכון שחי בו" in page.content.decode()
    assert page.context["protected"]
    assert client.post(address, {"post": "yes"} | based(forum)).status_code == 200
    assert Forum.objects.exists()


@pytest.mark.parametrize("build", [b.photo, b.document, b.municipality, b.forum])
def test_what_uses_a_thing_is_shown_before_it_is_deleted(client, editor, build):
    thing = build()
    event = b.event(title="אירוע שמציג")
    update: Any = b.forum_update(title="עדכון שמציג", state="draft")
    if isinstance(thing, Photo):
        b.event_photo(event, thing)
        b.update_photo(update, thing)
    elif isinstance(thing, Document):
        b.event_document(event, thing)
        b.update_document(update, thing)
    elif isinstance(thing, Forum):
        b.topic(event, forum=thing)
        update = b.milestone(text="עדכון שמציג")
        update.forums.add(thing)
    else:
        b.story_chapter(municipality=thing, title="אירוע שמציג")
        update.municipalities.add(thing)
    page = client.get(page_of(thing, "delete", thing.pk))
    assert {use["name"] for use in page.context["uses"]} == {"אירוע שמציג", "עדכון שמציג"}
    assert page_of(update, "change", update.pk) in page.content.decode()


def test_what_people_sent_in_has_no_bin(client, editor):
    message = b.contact_message()
    page = client.get(page_of(message, "delete", message.pk)).content.decode()
    assert reverse("admin:bin") not in page.split('id="content"')[1]
    assert client.post(page_of(message, "delete", message.pk), {"post": "yes"}).status_code == 302
    assert not Version.objects.exists()
    address = f"/admin/shared/contactmessage/{message.pk}/history/1/"
    assert client.get(address, follow=True).status_code == 404

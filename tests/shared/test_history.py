"""History: every save is a version, and what was can be again."""

import contextlib
import json
import re
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from cluster_portal.front.management.commands import load_sample
from cluster_portal.shared import history
from cluster_portal.shared.differences import compare, differences
from cluster_portal.shared.models import ContactMessage, OutboxMessage, Photo, User, Version
from forums.models import ForumUpdate, Initiative, Milestone, Proposal
from members.models import Goal, Municipality
from tests import builders as b
from tests.admin_forms import filled, shown
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


def versions(thing):
    return list(Version.objects.of(thing))


def test_every_save_is_a_version():
    goal = b.goal(title="ראשון")
    goal.title = "שני"
    goal.save()
    assert [(v.number, v.action, v.data["fields"]["title"]) for v in versions(goal)] == [
        (2, "changed", "שני"),
        (1, "created", "ראשון"),
    ]


def test_a_save_that_changes_nothing_is_none():
    goal = b.goal()
    goal.save()
    assert len(versions(goal)) == 1


def test_one_act_makes_one_version_with_its_author():
    update = b.forum_update()
    editor = b.user(role="editor")
    number = history.latest_number(update)
    with history.editing(lambda: editor):
        update.title = "כותרת חדשה"
        update.save()
        b.update_photo(update)
        update.municipalities.add(b.municipality())
    newest = versions(update)[0]
    assert newest.number == number + 1
    assert newest.user == editor
    assert newest.data["fields"]["title"] == "כותרת חדשה"
    assert len(newest.data["parts"]["photo_links"]) == 1
    assert len(newest.data["links"]["municipalities"]) == 1


def test_a_visitor_without_account_is_nobody():
    with history.editing(AnonymousUser):
        goal = b.goal()
    assert versions(goal)[0].user is None


def test_an_older_version_comes_back_whole():
    update = b.forum_update(title="ישן")
    link = b.update_photo(update)
    place = b.municipality()
    update.municipalities.add(place)
    old = versions(update)[0]
    with history.editing():
        update.title = "חדש"
        update.save()
        link.delete()
        update.municipalities.clear()

    back: Any = history.restore(old)

    back.refresh_from_db()
    assert back.title == "ישן"
    assert [p.photo_id for p in back.photo_links.all()] == [link.photo_id]
    assert list(back.municipalities.all()) == [place]
    newest = versions(update)[0]
    assert newest.action == "restored"
    assert newest.data == old.data


def test_a_deleted_thing_comes_back_with_parts_and_links():
    update = b.forum_update(title="נמחק")
    pk, link, place = update.pk, b.update_photo(update), b.municipality()
    update.municipalities.add(place)
    kind = type(update)
    with history.editing():
        update.delete()
    assert not kind.objects.filter(pk=pk).exists()
    (deleted,) = history.bin_of(kind)
    assert deleted.title == "נמחק"

    back: Any = history.restore(deleted)

    assert back.pk == pk
    assert [p.photo_id for p in back.photo_links.all()] == [link.photo_id]
    assert list(back.municipalities.all()) == [place]
    assert list(history.bin_of(kind)) == []


def test_differences_are_said_in_words():
    update = b.forum_update(title="כנס החינוך נפתח היום")
    old = versions(update)[0]
    with history.editing():
        update.title = "כנס החינוך נסגר היום"
        update.save()
    (change,) = differences(type(update), old.data, versions(update)[0].data)
    assert [(p.kind, p.text) for p in change.pieces] == [
        ("equal", "כנס החינוך "),
        ("delete", "נפתח "),
        ("insert", "נסגר "),
        ("equal", "היום"),
    ]


def test_pieces_give_both_texts_again():
    old, new = "שורה אחת\n\nועוד שורה ", "שורה אחרת\nועוד  שורה"
    pieces = compare(old, new)
    assert "".join(p.text for p in pieces if p.kind != "insert") == old
    assert "".join(p.text for p in pieces if p.kind != "delete") == new


# Every path


def authors(thing) -> list[Any]:
    return [version.user for version in reversed(versions(thing))]


def test_the_order_page_makes_a_version_of_each_row_that_moved(client):
    editor = log_in(client, "editor")
    first, second = b.goal(order=1), b.goal(order=2)
    address = reverse("admin:members_goal_order")
    data = filled(client.get(address).content.decode()) | {f"row-{second.pk}": ["0"]}
    assert client.post(address, data).status_code == 302
    assert authors(first) == authors(second) == [None, editor]
    assert [row.data["fields"]["order"] for row in versions(second)] == [1, 2]


def test_an_action_makes_versions_with_its_author(client):
    editor = log_in(client, "editor")
    goals = [b.goal(), b.goal()]
    chosen = {"action": "delete_selected", "_selected_action": [g.pk for g in goals], "post": "yes"}
    client.post(reverse("admin:members_goal_changelist"), chosen | shown(*goals))
    assert {(v.title, v.user) for v in history.bin_of(Goal)} == {(g.title, editor) for g in goals}


def test_loaded_content_has_no_author_and_says_where_it_is_from():
    call_command("load_content", stdout=StringIO())
    goal = Goal.objects.first()
    assert [(v.action, v.user, v.note) for v in versions(goal)] == [
        ("created", None, "load_content")
    ]
    for kind in history.registered_kinds():
        saved = set(kind._base_manager.values_list("pk", flat=True))
        kept = Version.objects.filter(kind=kind._meta.label_lower)
        assert saved == set(kept.values_list("object_id", flat=True)), kind


def test_a_proposal_that_becomes_an_initiative_is_a_version(client):
    editor = log_in(client, "editor")
    proposal = b.proposal()
    client.post(
        reverse("admin:forums_proposal_change", args=(proposal.pk,)).replace(
            "change/", "make-initiative/"
        )
    )
    initiative = Initiative.objects.get()
    assert authors(initiative) == [editor]


def test_no_code_writes_rows_past_the_signals():
    """QuerySet.update() and the bulk methods send none, so nothing that is kept may use them."""
    allowed = {
        "cluster_portal/shared/history.py",  # a version of this very act
        "cluster_portal/settings.py",  # names, not rows
        "cluster_portal/shared/outbox.py",  # letters
        "cluster_portal/shared/previews.py",  # links to previews
        "cluster_portal/shared/revisions.py",  # revisions; that somebody looked at a thing
        "cluster_portal/shared/content_loader.py",  # what was loaded, not the things themselves
        "cluster_portal/front/management/commands/load_sample.py",  # says that it keeps none
    }
    pattern = re.compile(r"\.(bulk_create|bulk_update)\(|\)\s*\.update\(")
    found = set()
    for folder in ("cluster_portal", "members", "forums", "events"):
        for path in Path(folder).rglob("*.py"):
            if "migrations" not in path.parts and pattern.search(path.read_text()):
                found.add(str(path))
    assert found - allowed == set()


def test_sample_rows_have_no_history_and_the_command_says_so():
    b.forum()
    b.municipality()
    b.initiative_kind()
    before = Version.objects.count()
    call_command("load_sample", "--size=2", stdout=StringIO())
    call_command("load_sample", "--clear", stdout=StringIO())
    assert Version.objects.count() == before
    assert not history.bin_of(*history.registered_kinds()).exists()
    assert "no history" in load_sample.Command.help


def test_what_people_send_in_and_who_they_are_is_never_kept():
    kept = set(history.registered_kinds())
    assert kept.isdisjoint({ContactMessage, Proposal, User, OutboxMessage})
    person = b.user(display_name="פרטי האדם")
    message = b.contact_message(contact_name="שם פרטי בהודעה", message="סוד בהודעה")
    proposal = b.proposal(contact_name="שם פרטי בהצעה", description="סוד בהצעה")
    b.initiative(proposal=proposal)
    b.coordinator(person.coordinations.model.objects.create(user=person, forum=b.forum()).forum)
    message.delete()
    proposal.delete()
    everything = json.dumps(
        list(Version.objects.values("title", "data", "note")), ensure_ascii=False
    )
    for secret in ("פרטי האדם", "שם פרטי", "סוד", proposal.contact_email, message.contact_email):
        assert secret not in everything


def test_a_rolled_back_version_is_not_taken_for_that_of_another():
    """On SQLite the key of a version that was rolled back is given out again."""
    first, second = b.goal(title="א"), b.goal(title="ב")
    with history.editing():
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            first.title = "א2"
            first.save()
            raise ZeroDivisionError
        second.title = "ב2"
        second.save()
        first.save()
    assert [v.data["fields"]["title"] for v in versions(first)] == ["א2", "א"]
    assert [v.data["fields"]["title"] for v in versions(second)] == ["ב2", "ב"]


# Coming back with what pointed at it


def test_a_deleted_photo_comes_back_to_all_that_showed_it():
    photo = b.photo()
    update, event = b.forum_update(), b.event()
    link, other = b.update_photo(update, photo), b.event_photo(event, photo)
    photo_pk = photo.pk
    with history.editing():
        photo.delete()
    assert not update.photo_links.exists()
    assert versions(update)[0].data["parts"]["photo_links"] == []
    (deleted,) = history.bin_of(Photo)

    history.restore(deleted)

    assert [(p.pk, p.photo_id) for p in update.photo_links.all()] == [(link.pk, photo_pk)]
    assert [(p.pk, p.photo_id) for p in event.photo_links.all()] == [(other.pk, photo_pk)]
    assert len(versions(update)[0].data["parts"]["photo_links"]) == 1
    assert versions(update)[0].action == "changed"


def test_a_deleted_municipality_comes_back_to_what_named_it():
    place = b.municipality()
    update, event, chapter = b.forum_update(), b.event(municipality=place), b.story_chapter()
    moved = b.event(municipality=place)
    update.municipalities.add(place)
    place_pk = place.pk
    with history.editing():
        place.delete()
    assert versions(event)[0].data["fields"]["municipality_id"] is None
    assert versions(update)[0].data["links"]["municipalities"] == []
    elsewhere = b.municipality()
    moved.refresh_from_db()
    moved.municipality = elsewhere
    moved.save()

    (deleted,) = history.bin_of(Municipality)
    history.restore(deleted)

    for thing in (event, moved, chapter):
        thing.refresh_from_db()
    assert event.municipality_id == place_pk
    assert moved.municipality == elsewhere  # what was filled in the meantime stays
    assert [m.pk for m in update.municipalities.all()] == [place_pk]
    assert versions(event)[0].data["fields"]["municipality_id"] == place_pk


def test_what_is_gone_for_good_does_not_hinder_coming_back():
    photo, update = b.photo(), b.forum_update()
    b.update_photo(update, photo)
    with history.editing():
        photo.delete()
        update.delete()
    history.restore(history.bin_of(Photo).get())
    back: Any = history.restore(history.bin_of(ForumUpdate).get())
    # The update was deleted after its photo, so it had no link any more.
    assert back.photo_links.count() == 0


def test_an_address_taken_meanwhile_is_told_in_words_and_changes_nothing():
    goal = b.goal(slug="taken")
    with history.editing():
        goal.delete()
    b.goal(slug="taken")
    count = Version.objects.count()
    with pytest.raises(history.CannotRestore) as error:
        history.restore(history.bin_of(Goal).get())
    assert re.search("[א-ת]", str(error.value))
    assert (Goal.objects.count(), Version.objects.count()) == (1, count)


def test_a_thing_whose_home_is_gone_is_told_in_words():
    milestone = b.milestone()
    tier = milestone.tier
    with history.editing():
        milestone.delete()
        tier.delete()
    with pytest.raises(history.CannotRestore) as error:
        history.restore(history.bin_of(Milestone).get())
    assert re.search("[א-ת]", str(error.value))


def test_bringing_back_a_text_neither_publishes_nor_takes_down():
    update = b.forum_update(state="draft", title="טיוטה ישנה")
    draft = versions(update)[0]
    update.state, update.title = "published", "מפורסם"
    update.save()
    history.restore(draft)
    update.refresh_from_db()
    assert (update.title, update.state) == ("טיוטה ישנה", "published")
    assert update.is_published()


def test_a_replaced_file_stays_so_that_it_can_come_back():
    photo = b.photo()
    first = versions(photo)[0]
    old_name = str(photo.file.name)
    photo.file = ContentFile(b.image_bytes(300, 200), name="new.jpg")
    photo.save()
    assert photo.file.name != old_name
    assert default_storage.exists(old_name)
    back: Any = history.restore(first)
    assert back.file.name == old_name
    with history.editing():
        back.delete()
    assert default_storage.exists(old_name)


def test_a_part_whose_key_was_given_to_another_stays_with_that_one():
    update, other = b.forum_update(), b.forum_update()
    link = b.update_photo(update)
    old = versions(update)[0]
    pk = link.pk
    link.delete()
    taken = b.update_photo(other)
    type(taken).objects.filter(pk=taken.pk).update(id=pk)
    history.restore(old)
    assert other.photo_links.get().pk == pk
    assert update.photo_links.get().photo_id == old.data["parts"]["photo_links"][0]["photo_id"]


def test_names_in_differences_are_asked_for_kind_by_kind(django_assert_max_num_queries):
    event = b.event()
    old = versions(event)[0]
    with history.editing():
        for _ in range(5):
            b.event_photo(event)
            b.event_document(event)
    new = versions(event)[0]
    with django_assert_max_num_queries(2):
        changes = differences(type(event), old.data, new.data)
    assert len(changes) == 2


def test_numbers_of_machines_are_not_told():
    update = b.forum_update(form_key=uuid.uuid4())
    told = differences(type(update), None, versions(update)[0].data)
    assert "Form key" not in {change.label for change in told}
    assert not any(str(update.form_key) in change.new for change in told)

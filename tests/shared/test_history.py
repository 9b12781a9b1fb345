"""History: every save is a version, and what was can be again."""

import pytest
from django.contrib.auth.models import AnonymousUser

from cluster_portal.shared import history
from cluster_portal.shared.differences import compare, differences
from cluster_portal.shared.models import Version
from tests import builders as b

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

    back = history.restore(old)

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

    back = history.restore(deleted)

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

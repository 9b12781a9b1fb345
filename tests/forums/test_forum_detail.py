from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_page_shows_all_that_is_known(client: Client) -> None:
    forum = b.forum(
        goal=b.goal(),
        purpose="תכלית הפורום.",
        composition="מנהלים ומנהלות",
        source_text="דברי המקור על הפורום.",
        as_of=2013,
        since_year=2012,
        source=b.source(title="עמוד המקור"),
    )
    update = b.forum_update(forum, summary="תקציר העדכון")
    milestone = b.milestone(forums=[forum])
    document = b.forum_document(forum).document
    person = b.coordinator(forum, display_name="רכזת לדוגמה")
    page = read(client, forum.get_absolute_url())
    for words in (
        forum.name,
        "תכלית הפורום.",
        "מנהלים ומנהלות",
        "דברי המקור על הפורום.",
        "2013",
        "2012",
        "עמוד המקור",
        forum.get_state_display(),
        forum.goal.title,
        update.title,
        "תקציר העדכון",
        milestone.text,
        document.title,
        person.display_name,
    ):
        assert words in page.text
    assert {update.get_absolute_url(), document.get_absolute_url()} <= set(page.links())
    assert person.email not in page.text


def test_hidden_updates_and_other_forums_do_not_show(client: Client) -> None:
    forum = b.forum()
    things = [*hidden(b.forum_update, forum=forum), b.forum_update()]
    text = read(client, forum.get_absolute_url()).text
    assert [update for update in things if update.title in text] == []


def test_coordinators_show_only_while_they_are_and_agree(client: Client) -> None:
    forum = b.forum()
    day = timedelta(days=1)
    today = timezone.localdate()
    shy, gone, coming, disabled, present = (
        b.coordinator(forum, display_name=name)
        for name in ("לא מוצגת", "שהיה", "שתהיה", "חשבון סגור", "מכהנת")
    )
    shy.coordinations.update(is_shown=False)
    gone.coordinations.update(ends_on=today - day)
    coming.coordinations.update(starts_on=today + day)
    disabled.is_active = False
    disabled.save()
    text = read(client, forum.get_absolute_url()).text
    assert present.display_name in text
    assert [p for p in (shy, gone, coming, disabled) if p.display_name in text] == []


def test_nothing_yet_leads_on(client: Client) -> None:
    links = read(client, b.forum().get_absolute_url()).links()
    assert {"/updates/", "/contact/"} <= set(links)


def test_unknown_address_is_not_found(client: Client) -> None:
    b.forum()
    assert client.get("/forums/no-such-forum/").status_code == 404

from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2013, 3, 18, tzinfo=timezone.get_default_timezone())


def test_page_shows_all_of_the_event(client: Client) -> None:
    place, forum, goal = b.municipality(), b.forum(), b.goal()
    event = b.event(
        starts_at=LAUNCH,
        ends_at=None,
        is_all_day=True,
        place="אולם לדוגמה",
        municipality=place,
        forum=forum,
        summary="תקציר האירוע",
        body="<p>גוף הטקסט</p>",
        source_text='ב- 18.3.13, יום ב\', התקיים "הכנס".',
        as_of=2013,
        source=b.source(title="עמוד המקור"),
        participants="קבוצה אחת\n\n קבוצה שנייה ",
        outcomes="תוצאה אחת",
    )
    topic = b.topic(event, goal=goal, forum=forum, outcome="מה שעלה")
    photo, document = b.event_photo(event).photo, b.event_document(event).document
    page = read(client, event.get_absolute_url())
    for words in (
        "18 במרץ 2013",
        "אולם לדוגמה",
        place.name,
        forum.name,
        goal.title,
        "תקציר האירוע",
        "גוף הטקסט",
        'ב- 18.3.13, יום ב\', התקיים "הכנס".',
        "עמוד המקור",
        "קבוצה אחת",
        "קבוצה שנייה",
        "תוצאה אחת",
        topic.title,
        "מה שעלה",
    ):
        assert words in page.text
    assert page.attribute("time", "datetime", "2013-03-18", "datetime")
    links = set(page.links())
    assert {photo.large_url, document.get_absolute_url(), goal.get_absolute_url()} <= links


@pytest.mark.parametrize(
    ("hours", "whole_days", "shown"),
    [
        (None, False, ["18 במרץ 2013, 09:30"]),
        (3, False, ["18 במרץ 2013, 09:30", "12:30"]),
        (24, False, ["18 במרץ 2013, 09:30", "19 במרץ 2013, 09:30"]),
        (24, True, ["18 במרץ 2013", "19 במרץ 2013"]),
        (None, True, ["18 במרץ 2013"]),
    ],
)
def test_time_is_told_as_far_as_known(
    client: Client, hours: int | None, whole_days: bool, shown: list[str]
) -> None:
    start = LAUNCH + timedelta(hours=9, minutes=30)
    end = start + timedelta(hours=hours) if hours else None
    event = b.event(starts_at=start, ends_at=end, is_all_day=whole_days)
    text = read(client, event.get_absolute_url()).text
    assert [words for words in shown if words not in text] == []
    assert ("09:30" in text) is not whole_days


def test_recording_of_our_own_is_played_with_captions(client: Client) -> None:
    recording = b.recording(
        file=ContentFile(b"film", name="f.mp4"),
        captions=ContentFile(b"WEBVTT\n", name="c.vtt"),
        transcript="<p>מה שנאמר</p>",
    )
    page = read(client, recording.event.get_absolute_url())
    assert page.attribute("source", "src", f"/media/recordings/{recording.pk}/film", "src")
    track = f"/media/recordings/{recording.pk}/captions.vtt"
    assert page.attribute("track", "kind", "captions", "src") == track
    assert "מה שנאמר" in page.text


def test_unreleased_recording_does_not_show(client: Client) -> None:
    recording = b.recording(is_released=False, title="הקלטה סגורה")
    assert "הקלטה סגורה" not in read(client, recording.event.get_absolute_url()).text


def test_missing_recording_is_said_and_the_label_kept(client: Client) -> None:
    event = b.event(recording_label="לצפייה בסרטון מהכנס:")
    page = read(client, event.get_absolute_url())
    assert "לצפייה בסרטון מהכנס:" in page.text
    assert "/contact/" in page.links()
    assert [tag for tag, _attributes in page.tags if tag in {"video", "iframe"}] == []


def test_hidden_event_is_not_found(client: Client) -> None:
    b.event()
    for event in hidden(b.event):
        assert client.get(event.get_absolute_url()).status_code == 404
    assert client.get("/events/no-such-event/").status_code == 404

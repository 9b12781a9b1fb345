"""The admin of the events: their archive inline, films only with captions."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from tests import builders
from tests.admin_forms import based
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db
FILM = b"\x00\x00\x00\x18ftypmp42" + bytes(64)
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\nשלום\n".encode()


@pytest.fixture
def event(client):
    log_in(client, "editor")
    return builders.event()


def event_data(event: Event, **changes):
    data = based(event) | {
        "title": event.title,
        "slug": event.slug,
        "starts_at_0": "18.03.2013",
        "starts_at_1": "09:30",
        "ends_at_0": "18/3/2013",
        "ends_at_1": "14:00",
        "state": "published",
        "publish_at_0": "2013-03-01",
        "publish_at_1": "08:00",
        "expire_at_0": "",
        "expire_at_1": "",
    }
    for prefix in ("topics", "photo_links", "document_links", "recordings"):
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return data | changes


def recording(event: Event, **changes):
    row = {"event": event.pk, "title": "הכנס המלא", "order": "", "url": "", "transcript": ""}
    row |= changes
    return {"recordings-TOTAL_FORMS": "1"} | {
        f"recordings-0-{name}": value for name, value in row.items()
    }


def change(event: Event) -> str:
    return reverse("admin:events_event_change", args=(event.pk,))


def test_hebrew_dates_are_read_and_shown_as_they_are_typed(client, event):
    assert client.post(change(event), event_data(event)).status_code == 302
    event.refresh_from_db()
    assert timezone.localtime(event.starts_at).strftime("%Y-%m-%d %H:%M") == "2013-03-18 09:30"
    assert timezone.localtime(event.ends_at).strftime("%Y-%m-%d %H:%M") == "2013-03-18 14:00"
    assert 'value="18.03.2013"' in client.get(change(event)).content.decode()


def test_an_event_that_ends_before_it_starts_is_refused(client, event):
    answer = client.post(change(event), event_data(event, ends_at_0="17.03.2013"))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()


def test_film_with_captions_is_taken(client, event):
    files = {
        "file": SimpleUploadedFile("film.mp4", FILM),
        "captions": SimpleUploadedFile("film.vtt", CAPTIONS),
    }
    data = event_data(event) | recording(event, is_released="on", **files)
    assert client.post(change(event), data).status_code == 302
    [row] = event.recordings.all()
    assert (row.is_released, row.order) == (True, 1)
    assert row.file.name not in client.get(change(event)).content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"file": SimpleUploadedFile("film.mp4", b"<html>not a film</html>")}, "file"),
        (
            {
                "file": SimpleUploadedFile("film.mp4", FILM),
                "captions": SimpleUploadedFile("film.vtt", b"<script>alert(1)</script>"),
            },
            "captions",
        ),
        ({"file": SimpleUploadedFile("film.mp4", FILM), "is_released": "on"}, "__all__"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({}, "__all__"),
    ],
)
def test_bad_recording_is_refused(client, event, changes, field):
    answer = client.post(change(event), event_data(event) | recording(event, **changes))
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][-1].formset
    assert field in formset.errors[0]
    assert not event.recordings.exists()


def test_film_over_the_limit_is_refused(client, event, settings):
    settings.RECORDING_MAX_BYTES = 20
    data = event_data(event) | recording(event, file=SimpleUploadedFile("film.mp4", FILM))
    answer = client.post(change(event), data)
    assert answer.status_code == 200
    assert list(answer.context["inline_admin_formsets"][-1].formset.errors[0]) == ["file"]
    assert not event.recordings.exists()

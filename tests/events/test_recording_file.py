from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from events.models import Recording
from tests import builders as b
from tests.pages import hidden

pytestmark = pytest.mark.django_db


def film(**kw: Any) -> Recording:
    return b.recording(
        file=ContentFile(b"0123456789", name="film.mp4"),
        captions=ContentFile(b"WEBVTT\n", name="captions.vtt"),
        **kw,
    )


def paths(recording: Recording) -> list[str]:
    return [f"/media/recordings/{recording.pk}/{name}" for name in ("film", "captions.vtt")]


def test_film_and_captions_are_served(client: Client) -> None:
    found, captions = (client.get(path) for path in paths(film()))
    assert (found.getvalue(), found.headers["Content-Type"]) == (b"0123456789", "video/mp4")
    assert captions.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert captions.getvalue() == b"WEBVTT\n"
    assert not found.cookies
    assert "Vary" not in found.headers


def test_part_of_a_film_is_served(client: Client) -> None:
    part = client.get(paths(film())[0], headers={"range": "bytes=2-4"})
    assert (part.status_code, part.getvalue()) == (206, b"234")


def test_unreleased_and_hidden_films_are_not_found(client: Client) -> None:
    recordings = [film(is_released=False), *(film(event=event) for event in hidden(b.event))]
    client.force_login(b.coordinator())
    for recording in recordings:
        for path in paths(recording):
            assert client.get(path).status_code == 404
            assert Client().get(path).status_code == 404


def test_editor_sees_an_unreleased_film_that_nobody_keeps(client: Client) -> None:
    recording = film(is_released=False)
    client.force_login(b.user())
    for path in paths(recording):
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-store"
        response.getvalue()


def test_recording_that_is_a_link_has_no_file(client: Client) -> None:
    for path in paths(b.recording()):
        assert client.get(path).status_code == 404
    assert client.get(f"/media/recordings/{10**30}/film").status_code == 404

"""Both handbooks say what the screen says; and who may read that of the admin."""

import re

import pytest
from django.urls import reverse
from PIL import Image

from tests import builders
from tests.browser.handbook_shots import SHOTS
from tests.handbook import (
    PICTURES,
    TEMPLATES,
    Outline,
    contents_of,
    faults_of,
    labels_of,
    words_of_the_interface,
)
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db
URL = "/admin/handbook/"
MOST_BYTES = 60 * 1024


@pytest.fixture
def html(client):
    log_in(client, "editor")
    response = client.get(URL)
    assert response.status_code == 200
    return response.content.decode()


def test_every_quoted_label_is_one_of_the_interface():
    words = words_of_the_interface()
    quoted = {
        label: template.name for template in TEMPLATES for label in labels_of(template.read_text())
    }
    assert len(quoted) > 100
    assert {label: name for label, name in quoted.items() if label not in words} == {}


def test_a_label_that_nobody_can_see_is_noticed():
    assert labels_of('<b class="ui">לחצן\n שאינו</b>') == {"לחצן שאינו"}
    assert "לחצן שאינו" not in words_of_the_interface()


def test_pictures_are_there_and_as_large_as_said():
    spoken_of = {
        name: (kind, int(width), int(height))
        for template in TEMPLATES
        for name, kind, width, height in re.findall(
            r'"handbook/figure.html" with name="([a-z-]+)" kind="(\w+)" width=(\d+) height=(\d+)',
            template.read_text(),
        )
    }
    assert spoken_of == {shot.name: (shot.kind, shot.width, shot.height) for shot in SHOTS}
    assert {path.stem for path in PICTURES.iterdir()} == set(spoken_of)
    for name, (_kind, width, height) in spoken_of.items():
        path = PICTURES / f"{name}.webp"
        with Image.open(path) as image:
            assert image.format == "WEBP"
            assert image.width / width == image.height / height in {1, 1.5, 2}, name
        assert path.stat().st_size <= MOST_BYTES, name


def test_no_direction_marks():
    marks = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
    assert [path.name for path in TEMPLATES if marks.search(path.read_text())] == []


def test_page_is_in_order(html):
    outline = Outline(html)
    assert len(contents_of(html)) > 10
    assert faults_of(html) == []
    assert len(outline.pictures) == len([shot for shot in SHOTS if shot.kind == "admin"])


@pytest.mark.parametrize("role", ["editor", "administrator"])
def test_staff_read_it(client, role):
    log_in(client, role)
    assert client.get(URL).status_code == 200
    assert client.head(URL).status_code == 200
    assert client.post(URL).status_code == 405


def test_nobody_else_reads_it(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))
    client.force_login(builders.coordinator(builders.forum()))
    assert client.get(URL).status_code == 403


def test_admin_links_to_it(client):
    log_in(client, "editor")
    assert f'href="{URL}"' in client.get(reverse("admin:index")).content.decode()


def test_it_links_to_the_coordinators_handbook(html):
    assert f'href="{reverse("forums:desk_handbook")}"' in html


def test_it_is_not_kept_by_a_cache(client):
    log_in(client, "editor")
    assert "no-store" in client.get(URL)["Cache-Control"]


@pytest.mark.parametrize(
    "page",
    [
        "<h2>בלי ראשונה</h2>",
        "<h1>א</h1><h3>דילוג</h3>",
        '<h1>א</h1><a href="#nowhere">ב</a>',
        '<h1 id="x">א</h1><h2 id="x">ב</h2>',
        '<h1>א</h1><img src="/static/img/handbook/a.webp" alt="" width="1" height="1">',
        '<h1>א</h1><section class="handbook__chapter" aria-labelledby="b"><h2 id="b">ב</h2>',
    ],
)
def test_a_page_out_of_order_is_noticed(page):
    assert faults_of(page) != []

"""The coordinators' handbook: who reads it, and that its page is in order."""

import pytest
from django.urls import reverse

from tests import builders
from tests.browser.handbook_shots import SHOTS
from tests.handbook import Outline, contents_of, faults_of

pytestmark = pytest.mark.django_db

URL = "/desk/handbook/"


@pytest.fixture
def html(client):
    client.force_login(builders.coordinator(builders.forum()))
    response = client.get(URL)
    assert response.status_code == 200
    return response.content.decode()


def test_page_is_in_order(html):
    outline = Outline(html)
    assert len(contents_of(html)) > 10
    assert faults_of(html) == []
    assert len(outline.pictures) == len([shot for shot in SHOTS if shot.kind == "phone"])


def test_without_logging_in_it_leads_to_the_log_in(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login"))


def test_it_is_only_read(client):
    client.force_login(builders.user())
    assert client.post(URL).status_code == 405
    assert client.head(URL).status_code == 200


def test_desk_links_to_it(client):
    client.force_login(builders.coordinator(builders.forum()))
    assert f'href="{URL}"' in client.get(reverse("forums:desk_home")).content.decode()


def test_only_staff_are_led_to_the_editors_handbook(client, html):
    address = f'href="{reverse("admin:handbook")}"'
    assert address not in html
    client.force_login(builders.user(role="editor"))
    assert address in client.get(URL).content.decode()


def test_search_engines_leave_it_alone(html):
    assert '<meta name="robots" content="noindex">' in html

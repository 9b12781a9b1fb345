from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.pages import PageReader, read

pytestmark = pytest.mark.django_db

VIEW = "cluster_portal.shared.models.AccessibilityStatement.load"


def test_missing_page_helps_on_at_the_price_of_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        response = client.get("/no/such/page/")
    assert response.status_code == 404
    page = PageReader(response.content.decode())
    assert {"/", "/sitemap/", "/contact/"} <= set(page.links())
    assert page.headings.count(1) == 1
    assert page.attribute("meta", "name", "robots", "content") == "noindex"
    assert not response.cookies


@pytest.mark.parametrize(("error", "status"), [(SuspiciousOperation, 400), (PermissionDenied, 403)])
def test_refusals_help_on(client: Client, error: type[Exception], status: int) -> None:
    with mock.patch(VIEW, side_effect=error):
        response = client.get("/accessibility/")
    assert response.status_code == status
    assert "/" in PageReader(response.content.decode()).links()


def test_fault_is_answered_by_a_page_that_rests_on_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = Client(raise_request_exception=False)
    with mock.patch(VIEW, side_effect=RuntimeError), django_assert_num_queries(0):
        response = client.get("/accessibility/")
    assert response.status_code == 500
    assert {"/", "/contact/"} <= set(PageReader(response.content.decode()).links())
    assert "Content-Security-Policy" in response.headers


def test_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "evil.example.com"}).status_code == 400


@pytest.mark.parametrize("error", [OperationalError("database is locked"), InterfaceError()])
def test_database_that_does_not_answer_is_said_and_nothing_typed_is_lost(error: Exception) -> None:
    client = Client(raise_request_exception=False)
    with mock.patch("cluster_portal.shared.accounts.auth.authenticate", side_effect=error):
        ticket = read(client, "/accounts/login/").attribute(
            "input", "name", "csrfmiddlewaretoken", "value"
        )
        response = client.post(
            "/accounts/login/",
            {"csrfmiddlewaretoken": ticket, "username": "a@b.co", "password": "secret-words"},
        )
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Cache-Control"] == "no-store"
    page = response.content.decode()
    assert "האתר עמוס" in page
    assert "a@b.co" in page
    assert "secret-words" not in page


def test_fault_gives_back_what_was_typed() -> None:
    client = Client(raise_request_exception=False)
    with mock.patch("cluster_portal.front.contact.take_in", side_effect=RuntimeError):
        response = client.post("/contact/", {"message": "מילים <b>שהוקלדו</b>"})
    assert response.status_code == 500
    assert "מילים &lt;b&gt;שהוקלדו&lt;/b&gt;" in response.content.decode()

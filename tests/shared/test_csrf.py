import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory

from cluster_portal.shared.csrf import typed_values
from cluster_portal.shared.models import ContactMessage
from tests import public_forms

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A client that is checked as a browser is."""
    return Client(enforce_csrf_checks=True)


def test_form_without_its_cookie_comes_back_filled_and_does_nothing(browser):
    data = public_forms.message()
    response = browser.post("/contact/", data)
    assert response.status_code == 403
    page = response.content.decode()
    for name in ("subject", "message", "contact_name", "contact_email", "contact_phone"):
        assert data[name] in page
    assert response.context["form"].non_field_errors()
    assert ContactMessage.objects.count() == 0


def test_form_that_came_back_can_be_sent_as_it_is(browser):
    first = browser.post("/contact/", public_forms.message())
    form = first.context["form"]
    again = {name: form[name].value() or "" for name in form.fields}
    again["csrfmiddlewaretoken"] = str(first.context["csrf_token"])
    response = browser.post("/contact/", again)
    assert response.status_code == 302
    assert ContactMessage.objects.count() == 1


def test_right_token_from_another_site_is_refused(browser):
    page = browser.get("/contact/")
    data = public_forms.message(csrfmiddlewaretoken=str(page.context["csrf_token"]))
    response = browser.post("/contact/", data, headers={"origin": "https://elsewhere.example"})
    assert response.status_code == 403
    assert ContactMessage.objects.count() == 0


@pytest.mark.parametrize("cookie", ["", "short", "\xd7" * 32, "a" * 10_000])
def test_broken_cookie_is_replaced(browser, cookie):
    browser.cookies["csrf"] = cookie
    response = browser.post("/contact/", public_forms.message(csrfmiddlewaretoken="x"))
    assert response.status_code == 403
    assert len(response.cookies["csrf"].value) == 32


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/", "/goals/", "/events/", "/accounts/welcome/", "/livez"])
def test_page_that_only_shows_says_which_methods_it_knows(browser, method, path):
    response = getattr(browser, method)(path)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_page_with_a_form_is_kept_by_no_cache(client):
    response = client.get("/contact/")
    assert "no-store" in response["Cache-Control"]
    assert list(response.cookies) == ["csrf"]


def request_with(data: dict[str, str]) -> HttpRequest:
    return RequestFactory().post("/", data)


def test_typed_values_leave_out_secrets_and_what_nobody_typed():
    request = request_with(
        {
            "title": "כותרת\x00",
            "count": "12",
            "password": "sesame-open",
            "new_password1": "sesame-open",
            "csrfmiddlewaretoken": "abc",
            "_save": "Save",
            "photos-TOTAL_FORMS": "one",
            "empty": "",
        }
    )
    assert typed_values(request) == [("title", "כותרת")]


def test_other_forms_show_what_was_typed(browser):
    response = browser.post("/accounts/logout/", {"title": "מה שהוקלד", "password": "sesame-open"})
    assert response.status_code == 403
    assert "מה שהוקלד" in response.content.decode()
    assert "sesame-open" not in response.content.decode()

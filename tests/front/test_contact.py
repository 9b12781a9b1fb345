import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from cluster_portal.shared.models import ContactMessage, OutboxMessage, SiteSettings
from tests import builders, public_forms

pytestmark = pytest.mark.django_db


def test_page_says_so_while_no_contact_details_are_known(client):
    page = client.get("/contact/").content.decode()
    assert "mailto:" not in page
    assert "tel:" not in page
    assert 'class="empty"' in page


def test_page_shows_the_details_that_staff_set(client):
    SiteSettings(
        contact_email="info@example.org",
        contact_phone="+972 8 999 1234",
        address="רחוב הדוגמה 1",
        contact_text="לפניות בנושא קולות קוראים: המזכירות.",
    ).save()
    page = client.get("/contact/").content.decode()
    assert '<a href="mailto:info@example.org" dir="ltr">info@example.org</a>' in page
    assert '<a href="tel:+97289991234" dir="ltr">+972 8 999 1234</a>' in page
    assert "<bdi>רחוב הדוגמה 1</bdi>" in page
    assert "לפניות בנושא קולות קוראים" in page
    assert 'class="empty"' not in page


def test_notice_of_the_law_stands_beside_the_form_and_is_kept(client):
    SiteSettings(controller="איגוד לדוגמה, רחוב 2", retention_days=90).save()
    page = client.get("/contact/")
    notice = page.context["notice"]
    assert "איגוד לדוגמה, רחוב 2" in notice
    assert "90" in notice
    shown = page.content.decode()
    for paragraph in notice.split("\n\n"):
        assert paragraph in shown
    client.post("/contact/", public_forms.message())
    assert ContactMessage.objects.get().notice == notice


def test_message_is_kept_and_confirmed_with_its_number(client):
    data = public_forms.message()
    response = client.post("/contact/", data)
    message = ContactMessage.objects.get()
    assert response.status_code == 302
    assert response.url == f"/submissions/{message.reference}/"
    for name in ("subject", "message", "contact_name", "contact_email", "contact_phone"):
        assert getattr(message, name) == data[name]
    page = client.get(response.url).content.decode()
    assert message.reference in page


def test_same_form_sent_twice_is_one_message(client):
    data = public_forms.message()
    assert client.post("/contact/", data).url == client.post("/contact/", data).url
    assert ContactMessage.objects.count() == 1
    assert OutboxMessage.objects.filter(to=data["contact_email"]).count() == 1


def test_same_form_sent_twice_at_one_moment_is_one_message(client, monkeypatch):
    data = public_forms.message()
    first = client.post("/contact/", data)
    form_class = client.get("/contact/").context["form"].__class__
    really = form_class.already_sent
    looked = []

    def look(form):
        """The first time, the other request is not there yet."""
        looked.append(form)
        return None if len(looked) == 1 else really(form)

    monkeypatch.setattr(form_class, "already_sent", look)
    assert client.post("/contact/", data).url == first.url
    assert len(looked) == 2
    assert ContactMessage.objects.count() == 1


@pytest.mark.parametrize("error", [OperationalError("database is locked"), OSError(28, "full")])
def test_form_comes_back_filled_when_it_cannot_be_saved(client, monkeypatch, error):
    def fail(message, **kwargs):
        raise error

    monkeypatch.setattr(ContactMessage, "save", fail)
    data = public_forms.message()
    response = client.post("/contact/", data)
    assert response.status_code == 503
    assert data["message"] in response.content.decode()
    assert response.context["form"].non_field_errors()
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize("field", ["subject", "message", "contact_name", "contact_email"])
def test_empty_field_is_named_and_the_rest_kept(client, field):
    data = public_forms.message(**{field: " "})
    response = client.post("/contact/", data)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    page = response.content.decode()
    assert f'href="#id_{field}"' in page
    control = next(
        tag for tag in re.findall(r"<(?:input|textarea)[^>]*>", page) if f'name="{field}"' in tag
    )
    assert 'aria-invalid="true"' in control
    assert f"id_{field}_error" in control
    assert f'id="id_{field}_error"' in page
    for name in {"subject", "message", "contact_name", "contact_email"} - {field}:
        assert data[name] in page


@pytest.mark.parametrize(
    "address",
    ["no", "a@b", "a@b.c\r\nBcc: x@example.org", "a b@example.org", "ש@example.org,b@c.de"],
)
def test_what_is_no_address_is_refused(client, address):
    response = client.post("/contact/", public_forms.message(contact_email=address))
    assert list(response.context["form"].errors) == ["contact_email"]
    assert OutboxMessage.objects.count() == 0


def test_contact_asks_few_questions_of_the_database(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        client.get("/contact/")


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_contact_knows_no_other_method(client, method):
    assert getattr(client, method)("/contact/").status_code == 405


# Where a message stands.


@pytest.mark.parametrize("build", [builders.contact_message, builders.proposal])
@pytest.mark.parametrize("state", ["new", "in_work", "answered", "declined"])
def test_page_of_a_number_tells_the_state_and_nothing_personal(client, build, state):
    changed = timezone.now()
    sent = build(
        state=state,
        contact_name="דנה לוי",
        contact_email="dana@example.org",
        contact_phone="08-9991234",
        note="הערה פנימית",
        created_at=changed - timedelta(days=3),
        state_changed_at=changed,
    )
    response = client.get(f"/submissions/{sent.reference}/")
    page = response.content.decode()
    assert response.status_code == 200
    assert sent.get_state_display() in page
    assert page.count("<time") == 2
    assert 'content="noindex"' in page
    assert 'content="None"' not in page
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    for secret in ("דנה לוי", "dana@example.org", "08-9991234", "הערה פנימית"):
        assert secret not in page


@pytest.mark.parametrize("change", [str.lower, lambda r: r.replace("-", " "), lambda r: f" {r}. "])
def test_number_is_found_however_it_is_typed(client, change):
    sent = builders.contact_message()
    response = client.post("/submissions/", {"reference": change(sent.reference)})
    assert response.status_code == 302
    assert response.url == f"/submissions/{sent.reference}/"


@pytest.mark.parametrize("reference", ["0000-0000-0000", "x", "א" * 50, "%", "---", "..."])
def test_unknown_number_is_told_so(client, reference):
    response = client.post("/submissions/", {"reference": reference})
    assert response.status_code == 200
    assert response.context["form"].errors["reference"]
    assert reference in response.content.decode()
    assert client.get("/submissions/0000-0000-0000/").status_code == 404


def test_guessing_numbers_is_held_off_and_right_ones_still_found(client):
    sent = builders.proposal()
    for _ in range(20):
        assert client.post("/submissions/", {"reference": "0000"}).status_code == 200
    assert client.post("/submissions/", {"reference": "0000"}).status_code == 429
    assert client.post("/submissions/", {"reference": sent.reference}).status_code == 302


def test_number_can_be_typed_on_the_page_that_does_not_know_one(client):
    response = client.get("/submissions/0000-0000-0000/")
    assert 'action="/submissions/"' in response.content.decode()


def test_database_refuses_a_second_row_of_the_same_form():
    builders.contact_message(token="same")
    with pytest.raises(IntegrityError):
        builders.contact_message(token="same")

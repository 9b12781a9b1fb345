from io import BytesIO

import pytest
import time_machine
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from cluster_portal.shared.forms import AttachmentField, PhoneField, PortalFormMixin
from cluster_portal.shared.models import ContactMessage
from cluster_portal.shared.uploads import OversizedFile
from tests import builders, public_forms


class SomeForm(PortalFormMixin, forms.Form):
    name = forms.CharField(max_length=20)
    text = forms.CharField(widget=forms.Textarea, required=False)
    email = forms.EmailField(required=False)
    url = forms.URLField(required=False, assume_scheme="https")
    phone = PhoneField(required=False)
    password = forms.CharField(required=False, widget=forms.PasswordInput)


def test_text_is_cleaned_before_it_is_checked():
    form = SomeForm({"name": "שם\x00\u202e", "text": "א\r\nב\ud800", "password": "a\u200fb"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == "שם"
    assert form.cleaned_data["text"] == "א\nב"
    assert form.cleaned_data["password"] == "a\u200fb"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("name", {"dir": "auto"}),
        ("text", {"dir": "auto"}),
        ("email", {"dir": "ltr", "inputmode": "email", "autocomplete": "email"}),
        ("url", {"dir": "ltr", "inputmode": "url"}),
        ("phone", {"dir": "ltr", "inputmode": "tel", "autocomplete": "tel"}),
    ],
)
def test_field_has_the_direction_and_keyboard_of_what_it_takes(name, expected):
    attributes = SomeForm()[name].field.widget.attrs
    assert {key: attributes.get(key) for key in expected} == expected


def test_browser_does_not_cut_what_is_pasted():
    assert "maxlength" not in str(SomeForm()["name"])


@pytest.mark.parametrize(
    "number", ["08-999-1234", "+972 8 9991234", "(08) 9991234", "*1234", "050–123–4567"]
)
def test_telephone_numbers_as_people_write_them(number):
    assert PhoneField().clean(number) == number


@pytest.mark.parametrize("number", ["אין לי", "call me", "12", "-----", "1" * 31])
def test_what_is_no_telephone_number(number):
    with pytest.raises(forms.ValidationError):
        PhoneField().clean(number)


def picture(suffix: str, **options: object) -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, suffix, **options)
    return SimpleUploadedFile(f"צילום.{suffix.lower()}", buffer.getvalue())


def test_document_is_told_by_its_content_and_named_after_it():
    file = AttachmentField().clean(SimpleUploadedFile("תוכנית\u202efdp.exe", builders.PDF))
    assert file.name == "תוכניתfdp.pdf"
    assert file.read() == builders.PDF


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP"])
def test_picture_is_made_anew_without_what_it_tells_of_its_maker(suffix):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    file = AttachmentField().clean(picture(suffix, exif=exif.tobytes()))
    assert file.name == "צילום.jpg"
    content = file.read()
    assert b"secret place" not in content
    assert Image.open(BytesIO(content)).size == (40, 30)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (SimpleUploadedFile("a.pdf", b"<html>"), "wrong_type"),
        (SimpleUploadedFile("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "wrong_type"),
        (SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n broken"), "bad_photo"),
        (SimpleUploadedFile("a.docx", b"PK\x03\x04 broken"), "wrong_type"),
        (SimpleUploadedFile("a.pdf", b""), "empty"),
        (OversizedFile("a.pdf", 30_000_000), "too_large"),
    ],
)
def test_other_files_are_refused_with_the_reason(file, code):
    with pytest.raises(forms.ValidationError) as refused:
        AttachmentField().clean(file)
    assert refused.value.code == code


def test_file_above_the_limit_is_refused(settings):
    settings.ATTACHMENT_MAX_BYTES = 100
    with pytest.raises(forms.ValidationError) as refused:
        AttachmentField().clean(SimpleUploadedFile("a.pdf", builders.PDF))
    assert refused.value.code == "too_large"


# What guards the public forms, seen through the contact form.


def resend(client, response, **changes):
    """Send the form of `response` again as it stands, as pressing its button does."""
    form = response.context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    return client.post("/contact/", shown | changes)


@pytest.mark.django_db
def test_person_opens_fills_in_and_sends(client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page = client.get("/contact/")
        clock.shift(40)
        typed = {k: v for k, v in public_forms.message().items() if k not in {"trap", "ticket"}}
        response = resend(client, page, **typed)
    assert response.status_code == 302
    assert ContactMessage.objects.get().subject == typed["subject"]


@pytest.mark.django_db
def test_filled_trap_is_refused_and_cured_by_sending_again(client):
    response = client.post("/contact/", public_forms.message(trap="http://spam.example"))
    assert response.status_code == 200
    assert ContactMessage.objects.count() == 0
    assert "spam.example" not in response.content.decode()
    assert resend(client, response).status_code == 302


def test_trap_is_out_of_the_way_of_people(client, db):
    page = client.get("/contact/").content.decode()
    assert '<div class="trap" aria-hidden="true"' in " ".join(page.split())
    trap = next(part for part in page.split("<input") if 'name="trap"' in part).split(">")[0]
    assert 'tabindex="-1"' in trap
    assert 'autocomplete="off"' in trap


@pytest.mark.django_db
def test_form_sent_too_quickly_is_refused_and_cured_by_waiting(client):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        quick = public_forms.message(ticket=public_forms.ticket("message", 1))
        response = client.post("/contact/", quick)
        assert response.status_code == 200
        assert ContactMessage.objects.count() == 0
        clock.shift(3)
        assert resend(client, response).status_code == 302


@pytest.mark.django_db
def test_form_open_for_days_is_cured_by_sending_it_again_at_once(client):
    with time_machine.travel(timezone.now(), tick=False):
        old = public_forms.message(ticket=public_forms.ticket("message", 3 * 24 * 3600))
        response = client.post("/contact/", old)
        assert response.status_code == 200
        assert old["message"] in response.content.decode()
        assert resend(client, response).status_code == 302


@pytest.mark.parametrize(
    "ticket", ["", "x", "א:ב:ג", "a:b:c", "\x00", "z" * 10_000, public_forms.ticket("proposal")]
)
@pytest.mark.django_db
def test_forged_ticket_is_refused_and_replaced(client, ticket):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        response = client.post("/contact/", public_forms.message(ticket=ticket))
        assert response.status_code == 200
        assert ContactMessage.objects.count() == 0
        clock.shift(5)
        assert resend(client, response).status_code == 302


@pytest.mark.django_db
def test_text_changed_after_going_back_is_another_message(client):
    data = public_forms.message()
    first = client.post("/contact/", data)
    second = client.post("/contact/", data | {"message": "תיקון: מנתיבות לרהט."})
    assert first.url != second.url
    assert ContactMessage.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("message", "https://a.example " * 6),
        ("subject", "www.casino.example"),
        ("contact_name", "HTTP://a.example"),
    ],
)
@pytest.mark.django_db
def test_texts_that_are_mostly_links_are_refused(client, field, text):
    response = client.post("/contact/", public_forms.message(**{field: text}))
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert ContactMessage.objects.count() == 0


@pytest.mark.django_db
def test_a_few_links_are_welcome(client):
    text = "ראו https://a.example ואת www.b.example"
    assert client.post("/contact/", public_forms.message(message=text)).status_code == 302


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\u202e\u2066",
        "ש" * 10_001,
        "\ud800",
        "a\u0301" * 4_000,
        "<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize("field", list(public_forms.message()))
@pytest.mark.django_db
def test_no_text_breaks_a_field(client, field, text):
    raw = text.encode("utf-8", "surrogatepass").decode("latin-1")
    for variant in (text.encode("utf-8", "replace").decode(), raw):
        response = client.post("/contact/", public_forms.message(**{field: variant}))
        assert response.status_code in {200, 302, 429}
        assert "<script>alert" not in response.content.decode()

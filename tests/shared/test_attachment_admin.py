"""Photos and documents in the admin: what is taken, what is refused, where they show."""

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.photos import rendition_path
from tests import builders
from tests.admin_forms import based
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


def upload(content: bytes, name: str = "picture.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def photo_data(**changes):
    return {
        "alt": "גשר מעל הנחל",
        "caption": "",
        "credit": "צילום: דוגמה",
        "licence": "granted",
        "file": upload(builders.image_bytes()),
    } | changes


def document_data(**changes):
    return {
        "title": "סיכום",
        "credit": "מסמך לבדיקה",
        "licence": "granted",
        "file": upload(builders.PDF, "summary.pdf"),
    } | changes


def test_photo_is_taken_measured_and_cut(client, editor):
    address = reverse("admin:shared_photo_add")
    data = photo_data(uploaded_by=builders.user().pk, width="9", height="9")
    assert client.post(address, data).status_code == 302
    photo = Photo.objects.get()
    assert (photo.width, photo.height, photo.uploaded_by) == (640, 400, editor)
    assert default_storage.exists(rendition_path(str(photo.file), 480, "webp"))


BAD_PHOTOS = {
    "text": b"not a picture",
    "cut": builders.image_bytes()[:400],
    "script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "document": builders.PDF,
}


@pytest.mark.parametrize("name", BAD_PHOTOS)
def test_bad_photo_is_refused_at_its_field(client, editor, name):
    answer = client.post(
        reverse("admin:shared_photo_add"), photo_data(file=upload(BAD_PHOTOS[name]))
    )
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert list(form.errors) == ["file"]
    assert form["alt"].value() == "גשר מעל הנחל"
    assert not Photo.objects.exists()


def test_photo_needs_words_or_is_decorative(client, editor):
    address = reverse("admin:shared_photo_add")
    answer = client.post(address, photo_data(alt=""))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()
    data = photo_data(alt="", is_decorative="on", file=upload(builders.image_bytes()))
    assert client.post(address, data).status_code == 302


def test_replaced_photo_is_measured_anew(client, editor):
    photo = builders.photo()
    address = reverse("admin:shared_photo_change", args=(photo.pk,))
    data = based(photo) | photo_data(file=upload(builders.image_bytes(1200, 300)))
    assert client.post(address, data).status_code == 302
    changed = Photo.objects.get()
    assert (changed.width, changed.height) == (1200, 300)
    assert default_storage.exists(rendition_path(str(changed.file), 960, "jpg"))
    # Saved without a new file, it stays.
    data = based(photo) | photo_data(alt="תיאור אחר")
    del data["file"]
    assert client.post(address, data).status_code == 302
    assert Photo.objects.get().file.name == changed.file.name


def test_document_is_taken_by_its_content(client, editor):
    data = document_data(kind="docx", byte_size="1", file=upload(builders.PDF, "summary.exe"))
    assert client.post(reverse("admin:shared_document_add"), data).status_code == 302
    document = Document.objects.get()
    assert (document.kind, document.byte_size, document.uploaded_by) == (
        "pdf",
        len(builders.PDF),
        editor,
    )


@pytest.mark.parametrize("content", [b"MZ\x90 program", b"PK\x03\x04 torn", builders.image_bytes()])
def test_bad_document_is_refused_at_its_field(client, editor, content):
    data = document_data(file=upload(content, "summary.pdf"))
    answer = client.post(reverse("admin:shared_document_add"), data)
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert list(form.errors) == ["file"]
    assert form["title"].value() == "סיכום"


@pytest.mark.parametrize("kind", ["photo", "document"])
def test_file_over_the_limit_is_refused_at_its_field(client, editor, kind, settings):
    settings.RECORDING_MAX_BYTES = 100
    data = photo_data() if kind == "photo" else document_data()
    settings.PHOTO_MAX_BYTES = settings.DOCUMENT_MAX_BYTES = 100
    answer = client.post(reverse(f"admin:shared_{kind}_add"), data)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["file"]


def test_pages_say_what_shows_a_file(client, editor):
    update = builders.forum_update(state="draft", title="עדכון עם תמונה")
    photo = builders.photo()
    builders.update_photo(update, photo)
    shown = client.get(reverse("admin:shared_photo_change", args=(photo.pk,))).content.decode()
    assert reverse("admin:forums_forumupdate_change", args=(update.pk,)) in shown
    assert photo.url(480, "jpg") in shown
    document = builders.document()
    shown = client.get(reverse("admin:shared_document_change", args=(document.pk,)))
    assert "used-in" not in shown.content.decode()
    assert document.get_absolute_url() in shown.content.decode()


def test_list_shows_thumbnails_that_staff_may_fetch(client, editor):
    address = builders.photo().url(480, "jpg")
    assert address in client.get(reverse("admin:shared_photo_changelist")).content.decode()
    answer = client.get(address)
    assert answer.status_code == 200
    answer.close()


def test_no_page_links_into_the_storage(client, editor):
    photo, document = builders.photo(), builders.document()
    for obj, name in ((photo, "photo"), (document, "document")):
        shown = client.get(reverse(f"admin:shared_{name}_change", args=(obj.pk,)))
        assert obj.file.name not in shown.content.decode()
        assert settings.MEDIA_URL + "originals" not in shown.content.decode()

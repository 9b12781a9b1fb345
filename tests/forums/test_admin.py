"""The admin of the forums: authors, coordinators, photos and documents of updates."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cluster_portal.shared.models import Photo
from forums.models import Coordinator, ForumUpdate
from tests import builders
from tests.admin_forms import based
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


def update_data(forum, **changes):
    data = {
        "forum": forum.pk,
        "title": "עדכון",
        "summary": "",
        "body": "תוכן",
        "state": "draft",
        "publish_at_0": "",
        "publish_at_1": "",
        "expire_at_0": "",
        "expire_at_1": "",
        "photo_links-TOTAL_FORMS": "0",
        "photo_links-INITIAL_FORMS": "0",
        "document_links-TOTAL_FORMS": "0",
        "document_links-INITIAL_FORMS": "0",
    }
    return data | changes


def new_photo(number: int = 0, **changes):
    row = {
        "photo": "",
        "order": "",
        "new_file": SimpleUploadedFile("picture.jpg", builders.image_bytes()),
        "new_alt": "גשר",
        "new_caption": "",
        "new_credit": "צילום: דוגמה",
        "new_licence": "granted",
    } | changes
    return {f"photo_links-{number}-{name}": value for name, value in row.items()}


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


ADD = "admin:forums_forumupdate_add"


def test_author_is_who_adds_it_and_no_form_says_otherwise(client, editor):
    forum, other = builders.forum(), builders.user()
    assert client.post(reverse(ADD), update_data(forum, author=other.pk)).status_code == 302
    update = ForumUpdate.objects.get()
    assert update.author == editor
    log_in(client, "administrator")
    address = reverse("admin:forums_forumupdate_change", args=(update.pk,))
    assert client.post(address, based(update) | update_data(forum, title="אחר")).status_code == 302
    update.refresh_from_db()
    assert (update.title, update.author) == ("אחר", editor)


def test_a_new_photo_comes_along_with_the_update(client, editor):
    photo = builders.photo()
    data = update_data(builders.forum()) | {"photo_links-TOTAL_FORMS": "2"}
    data |= new_photo(0) | new_photo(1, photo=photo.pk, new_file="", new_alt="", new_credit="")
    assert client.post(reverse(ADD), data).status_code == 302
    first, second = ForumUpdate.objects.get().photo_links.all()
    assert (first.photo.alt, first.photo.uploaded_by, first.order) == ("גשר", editor, 1)
    assert (second.photo, second.order) == (photo, 2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_file": SimpleUploadedFile("picture.jpg", b"no picture")}, "new_file"),
        ({"new_alt": ""}, "new_alt"),
        ({"new_credit": ""}, "new_credit"),
        ({"new_file": ""}, "photo"),
    ],
)
def test_a_bad_new_photo_is_refused_at_its_field(client, editor, changes, field):
    data = update_data(builders.forum()) | {"photo_links-TOTAL_FORMS": "1"} | new_photo(**changes)
    answer = client.post(reverse(ADD), data)
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][0].formset
    assert list(formset.errors[0]) == [field]
    assert answer.context["adminform"].form["title"].value() == "עדכון"
    assert not Photo.objects.exists()
    assert not ForumUpdate.objects.exists()


def test_choosing_and_uploading_at_once_is_refused(client, editor):
    photo = builders.photo()
    data = update_data(builders.forum()) | {"photo_links-TOTAL_FORMS": "1"}
    answer = client.post(reverse(ADD), data | new_photo(photo=photo.pk))
    assert list(answer.context["inline_admin_formsets"][0].formset.errors[0]) == ["photo"]


def test_a_new_document_comes_along_with_the_forum(client, editor):
    forum = builders.forum()
    data = based(forum) | {
        "name": forum.name,
        "slug": forum.slug,
        "kind": forum.kind,
        "state": forum.state,
        "document_links-TOTAL_FORMS": "1",
        "document_links-INITIAL_FORMS": "0",
        "document_links-0-forum": forum.pk,
        "document_links-0-new_file": SimpleUploadedFile("minutes.pdf", builders.PDF),
        "document_links-0-new_title": "סיכום דיון",
        "document_links-0-new_credit": "הפורום",
        "document_links-0-new_licence": "granted",
    }
    address = reverse("admin:forums_forum_change", args=(forum.pk,))
    assert client.post(address, data).status_code == 302
    [link] = forum.document_links.all()
    assert (link.document.title, link.document.kind) == ("סיכום דיון", "pdf")
    assert link.document.uploaded_by == editor


def test_coordinators_are_the_administrators_to_appoint(client):
    forum, person = builders.forum(), builders.user(role="coordinator", display_name="דנה כהן")
    address = reverse("admin:forums_forum_change", args=(forum.pk,))
    data = based(forum) | {
        "name": forum.name,
        "slug": forum.slug,
        "kind": forum.kind,
        "state": forum.state,
        "document_links-TOTAL_FORMS": "0",
        "document_links-INITIAL_FORMS": "0",
        "coordinators-TOTAL_FORMS": "1",
        "coordinators-INITIAL_FORMS": "0",
        "coordinators-0-forum": forum.pk,
        "coordinators-0-user": person.pk,
        "coordinators-0-is_shown": "on",
    }
    log_in(client, "editor")
    shown = client.get(address)
    assert [f.formset.prefix for f in shown.context["inline_admin_formsets"]] == ["document_links"]
    assert client.post(address, data).status_code == 302
    assert not Coordinator.objects.exists()
    log_in(client, "administrator")
    assert client.post(address, data | based(forum)).status_code == 302
    assert Coordinator.objects.get().user == person


def test_update_of_a_draft_is_not_seen_by_the_public(client, editor):
    forum = builders.forum()
    client.post(reverse(ADD), update_data(forum))
    update = ForumUpdate.objects.get()
    client.logout()
    assert client.get(update.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("name", ["forum", "municipalities", "photo_links-0-photo"])
@pytest.mark.parametrize("value", ["0", "x", "-1", str(2**64), "9" * 40, "1\0"])
def test_a_row_that_does_not_exist_is_refused_at_its_field(client, editor, name, value):
    data = update_data(builders.forum()) | {"photo_links-TOTAL_FORMS": "1"} | new_photo(new_file="")
    answer = client.post(reverse(ADD), data | {name: value})
    assert answer.status_code == 200
    assert not ForumUpdate.objects.exists()


@pytest.mark.parametrize("day", ["01.01.0001", "31.12.9999", "30.02.2026", "1.1.99999"])
def test_days_out_of_all_measure_are_refused(client, editor, day):
    data = update_data(builders.forum(), publish_at_0=day, publish_at_1="23:59")
    answer = client.post(reverse(ADD), data)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["publish_at"]


def test_a_kind_of_initiative_leads_to_where_it_shows(client, editor):
    kind = builders.initiative_kind()
    page = client.get(reverse("admin:forums_initiativekind_change", args=(kind.pk,)))
    assert page.context["absolute_url"] == "/incubator/#kinds"
    assert 'id="kinds"' in client.get("/incubator/").content.decode()

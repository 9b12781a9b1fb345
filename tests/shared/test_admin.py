"""The admin as a whole: who is let in, and what every one of its pages keeps to.

The pages are found by walking the registry, so a newly registered kind is walked too.
"""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.test import Client
from django.urls import URLPattern, reverse

from cluster_portal.shared.admin import site
from cluster_portal.shared.models import OutboxMessage, SiteSettings, User
from cluster_portal.shared.models.site import Singleton
from tests import builders

# What an editor does not see at all.
ADMINISTRATORS_ONLY = {User, SiteSettings, OutboxMessage}
DIRECTION_MARKS = re.compile("[\u202a-\u202e]")
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=\"", re.IGNORECASE)

pytestmark = pytest.mark.django_db


def one_of(kind: type[models.Model]) -> models.Model:
    """Return a saved object of `kind`, made by the builder that is named after it."""
    if issubclass(kind, Singleton):
        row = kind.load()
        row.save()
        return row
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    return getattr(builders, name)()


def pages(kind: type[models.Model], obj: models.Model) -> dict[str, str]:
    """Return the address of every named page of `kind`, by the last part of its name."""
    found = {}
    for url in site.get_model_admin(kind).get_urls():
        assert isinstance(url, URLPattern)
        if url.name is None:
            continue
        # The number is that of a version: whatever was saved has a first one.
        takes = [
            1 if name == "number" else obj.pk
            for name in re.findall(r"<\w+:(\w+)>", str(url.pattern))
        ]
        found[url.name.removeprefix(f"{kind._meta.app_label}_{kind._meta.model_name}_")] = reverse(
            f"admin:{url.name}", args=takes
        )
    assert {"changelist", "add", "change", "history", "delete"} <= set(found)
    return found


def log_in(client: Client, role: str) -> User:
    person = builders.user(role=role)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return person


KINDS = sorted(site._registry, key=lambda kind: kind.__name__)
SITE_WIDE = ["", "bin/", "jsi18n/", "autocomplete/", "members/", "no-such-page/", "r/1/1/"]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


@pytest.mark.parametrize("role", ["administrator", "editor"])
def test_every_page_of_staff_opens(client, kind, role):
    log_in(client, role)
    obj = one_of(kind)
    model_admin = site.get_model_admin(kind)
    for name, address in pages(kind, obj).items():
        answer = client.get(address)
        if role == "editor" and kind in ADMINISTRATORS_ONLY:
            assert answer.status_code == 404, address
            continue
        request = answer.wsgi_request
        closed = (name == "add" and not model_admin.has_add_permission(request)) or (
            name == "delete" and not model_admin.has_delete_permission(request, obj)
        )
        if closed:
            assert answer.status_code == 404, address
        elif name == "changelist" and issubclass(kind, Singleton):
            assert answer.status_code == 302, address
            assert answer.url == pages(kind, obj)["change"]
        elif answer.status_code == 405:
            assert client.post(address).status_code in {200, 302, 404}, address
        else:
            assert answer.status_code == 200, address
        text = b"".join(answer).decode()
        assert "no-store" in answer["Cache-Control"], address
        assert not DIRECTION_MARKS.search(text), address
        assert not INLINE.search(text), address


def test_nobody_else_gets_in(client, kind):
    obj = one_of(kind)
    addresses = list(pages(kind, obj).values())
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.url) == (302, f"{reverse('login')}?next={address}")
    log_in(client, "coordinator")
    for address in addresses:
        assert client.get(address).status_code == 403, address
        assert client.post(address, {"post": "yes"}).status_code == 403, address
    assert kind._default_manager.filter(pk=obj.pk).exists()


def test_missing_and_forbidden_are_alike(client, kind):
    log_in(client, "editor")
    obj = one_of(kind)
    for name in ("change", "history", "delete"):
        address = pages(kind, obj)[name].replace(f"/{obj.pk}/", "/987654/")
        assert client.get(address).status_code == 404
        for odd in ("x", "1_5Fx", "%00", "9" * 40):
            assert client.get(address.replace("987654", odd)).status_code == 404, odd


@pytest.mark.parametrize("path", SITE_WIDE)
def test_pages_of_the_whole_site(client, path):
    address = f"/admin/{path}"
    assert client.get(address).status_code == 302
    log_in(client, "coordinator")
    refused = client.get(address)
    assert refused.status_code == 403
    assert "no-store" in refused["Cache-Control"]
    client.logout()
    log_in(client, "editor")
    opened = client.get(address)
    missing = {"no-such-page/", "r/1/1/", "autocomplete/"}
    assert opened.status_code == (404 if path in missing else 200)
    assert "no-store" in opened["Cache-Control"]


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused(client, method):
    log_in(client, "administrator")
    assert getattr(client, method)("/admin/").status_code == 405
    assert getattr(client, method)("/admin/members/goal/").status_code == 405


def test_no_second_way_to_log_in_or_to_look_things_up():
    names = {url.name for url in site.get_urls() if isinstance(url, URLPattern)}
    assert names.isdisjoint({"login", "logout", "password_change", "view_on_site"})


def test_disabled_staff_with_a_live_session_are_out(client):
    person = log_in(client, "administrator")
    assert client.get("/admin/").status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302


def test_words_of_an_ended_session_come_back_and_change_nothing(client):
    goal = builders.goal(title="מטרה אחת")
    address = reverse("admin:members_goal_change", args=(goal.pk,))
    answer = client.post(address, {"title": "מילים שהוקלדו", "slug": goal.slug, "text": "עוד"})
    assert answer.status_code == 403
    assert "מילים שהוקלדו" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    goal.refresh_from_db()
    assert goal.title == "מטרה אחת"
    assert client.post(address, {"_save": "1"}).status_code == 302


def test_lowered_role_counts_at_once(client):
    person = log_in(client, "editor")
    goal = builders.goal(title="מטרה אחת")
    address = reverse("admin:members_goal_change", args=(goal.pk,))
    assert client.get(address).status_code == 200
    User.objects.filter(pk=person.pk).update(role="coordinator")
    assert client.post(address, {"title": "אחרת", "slug": goal.slug}).status_code == 403
    goal.refresh_from_db()
    assert goal.title == "מטרה אחת"


def test_index_follows_the_menu_and_counts_what_is_new(client):
    log_in(client, "editor")
    builders.contact_message()
    builders.contact_message(state="answered")
    answer = client.get("/admin/")
    assert [app["app_label"] for app in answer.context["app_list"]] == [
        "members",
        "forums",
        "events",
        "shared",
    ]
    counts = {inbox["url"]: inbox["count"] for inbox in answer.context["inboxes"]}
    assert counts == {
        "/admin/shared/contactmessage/": 1,
        "/admin/forums/proposal/": 0,
    }


def test_log_shows_only_what_one_may_still_see(client):
    person = log_in(client, "administrator")
    other = builders.user(display_name="שם שלא לעורכים")
    model_admin = site.get_model_admin(User)
    request = client.get("/admin/").wsgi_request
    model_admin.log_change(request, other, "שינוי")
    assert "שם שלא לעורכים" in client.get("/admin/").content.decode()
    User.objects.filter(pk=person.pk).update(role="editor")
    assert "שם שלא לעורכים" not in client.get("/admin/").content.decode()


def test_anonymous_has_no_permission(rf):
    request = rf.get("/admin/")
    request.user = AnonymousUser()
    assert not site.has_permission(request)
    assert not any(m.has_view_permission(request) for m in site._registry.values())


AUTOCOMPLETE = {"app_label": "forums", "model_name": "coordinator", "field_name": "user"}


def test_autocomplete_serves_only_forms_that_one_may_fill_in(client):
    log_in(client, "editor")
    builders.user(display_name="שם שלא לעורכים")
    assert client.get("/admin/autocomplete/", AUTOCOMPLETE).status_code == 404
    photo = {"app_label": "forums", "model_name": "forumupdatephoto", "field_name": "photo"}
    wanted = builders.photo(alt="גשר מעל הנחל")
    builders.photo(alt="שדה")
    found = client.get("/admin/autocomplete/", photo | {"term": "גשר\0"}).json()["results"]
    assert [row["id"] for row in found] == [str(wanted.pk)]
    # A field that no form offers for searching.
    update = {"app_label": "forums", "model_name": "forumupdate", "field_name": "forum"}
    assert client.get("/admin/autocomplete/", update).status_code == 404
    client.logout()
    log_in(client, "administrator")
    assert client.get("/admin/autocomplete/", AUTOCOMPLETE).status_code == 200

"""Previews: the public page before it is public, for whom it is meant and nobody else."""

import re
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared import history, previews, revisions
from cluster_portal.shared.models.review import PreviewLink
from forums.models import ForumUpdate
from tests import builders

pytestmark = pytest.mark.django_db

STRIP = re.compile(r'\s*<aside class="preview-strip".*?</aside>', re.DOTALL)
HEAD = re.compile(r"<head>.*?</head>", re.DOTALL)
KINDS = [
    builders.forum_update,
    builders.event,
    builders.initiative,
    builders.story_chapter,
    builders.page,
]


@pytest.fixture
def editor():
    return builders.user()


def logged_in(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def path_of(address):
    assert address.startswith(settings.SITE_URL)
    return urlsplit(address).path


def pending(user, thing, make=lambda thing: None, **values):
    def save():
        fresh = type(thing).objects.get(pk=thing.pk)
        for name, value in values.items():
            setattr(fresh, name, value)
        fresh.save()
        make(fresh)
        return fresh

    number = history.latest_number(thing)
    return revisions.submit(user, thing, revisions.capture(save), number)


def assert_hidden(response):
    """What says nothing: a 404 that is neither kept nor indexed."""
    assert response.status_code == 404
    assert_closed(response)


def assert_closed(response):
    assert "no-store" in response.headers["Cache-Control"]
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


def read(response):
    """Read a file to its end, which closes it."""
    return b"".join(response.streaming_content)


def status_of(client, address):
    response = client.get(address)
    if response.streaming:
        read(response)
    return response.status_code


# The page


@pytest.mark.parametrize("build", KINDS)
@pytest.mark.parametrize("state", ["draft", "in_review", "archived"])
def test_preview_shows_what_the_public_does_not_see(client, editor, build, state):
    thing = build(state=state, title="כותרת של טיוטה")
    path = path_of(previews.link_for(editor, thing))
    response = client.get(path)
    assert response.status_code == 200
    assert "כותרת של טיוטה" in response.content.decode()
    assert_closed(response)
    assert not response.cookies
    assert not type(thing).objects.published().exists()
    assert (
        "כותרת של טיוטה"
        not in client.get(thing.get_absolute_url().partition("#")[0]).content.decode()
    )


def test_preview_is_the_public_page_with_a_strip(client, editor):
    now = timezone.now()
    update = builders.forum_update(
        state="published", publish_at=now + timedelta(hours=1), summary="תקציר"
    )
    shown = client.get(path_of(previews.link_for(editor, update))).content.decode()
    assert "preview-strip" in shown
    assert "תצוגה מקדימה" in shown
    ForumUpdate.objects.update(publish_at=now)
    public = client.get(update.get_absolute_url()).content.decode()
    body = HEAD.sub("", STRIP.sub("", shown))
    assert body.split() == HEAD.sub("", public).split()


def test_preview_has_no_address_for_others(client, editor):
    update = builders.forum_update(state="draft")
    shown = client.get(path_of(previews.link_for(editor, update))).content.decode()
    assert 'rel="canonical"' not in shown
    assert 'property="og:' not in shown
    assert '<meta name="robots" content="noindex, nofollow">' in shown
    assert "Disallow: /preview/" in client.get("/robots.txt").content.decode()


def test_public_pages_keep_theirs(client):
    shown = client.get(builders.forum_update().get_absolute_url()).content.decode()
    assert 'rel="canonical"' in shown
    assert 'property="og:url"' in shown
    assert "preview-strip" not in shown


def test_preview_of_a_change_shows_the_change(client, editor):
    update = builders.forum_update(title="גלוי")
    revision = pending(editor, update, title="ממתין")
    shown = client.get(path_of(previews.link_for(editor, update, revision))).content.decode()
    assert "ממתין" in shown
    assert "גלוי" not in shown
    assert "גלוי" in client.get(update.get_absolute_url()).content.decode()


def test_preview_names_nobody_who_is_logged_in(editor):
    update = builders.forum_update(state="draft")
    client = logged_in(editor)
    shown = client.get(previews.preview_url(update)).content.decode()
    assert str(editor) not in shown


# Pictures and files


def addresses(shown, word):
    return sorted(set(re.findall(rf'[^"\s,]*/media/{word}/[^"\s,]*', shown)))


@pytest.mark.parametrize("as_change", [False, True])
def test_pictures_and_files_come_with_the_preview_alone(client, editor, as_change):
    update = builders.forum_update(state="published" if as_change else "draft")
    photo, document = builders.photo(), builders.document()

    def make(thing):
        builders.update_photo(thing, photo)
        builders.update_document(thing, document)

    revision = None
    if as_change:
        revision = pending(editor, update, make)
    else:
        make(update)
    link = previews.link_for(editor, update, revision)
    shown = client.get(path_of(link)).content.decode()
    found = addresses(shown, "photos") + addresses(shown, "documents")
    assert len(found) > 2
    for address in found:
        assert address.startswith("/preview/")
        response = client.get(address)
        assert response.status_code == 200, address
        assert_closed(response)
        read(response)
        assert client.get("/media/" + address.partition("/media/")[2]).status_code == 404
    previews.revoke(editor, PreviewLink.objects.get())
    for address in found:
        assert_hidden(client.get(address))


def test_no_other_file_comes_with_a_preview(client, editor):
    update = builders.forum_update(state="draft")
    other = builders.forum_update(state="draft")
    photo = builders.photo()
    builders.update_photo(other, photo)
    path = path_of(previews.link_for(editor, update))
    inside = photo.url(photo.widths[0], "jpg").removeprefix("/media/")
    assert_hidden(client.get(f"{path}file/media/{inside}"))
    for odd in ("x", "../../admin/", "proposals/1/", "photos/1/320.jpg", "%00", "recordings/9/f"):
        assert_hidden(client.get(f"{path}file/media/{odd}"))


def test_films_come_with_the_preview(client, editor):
    event = builders.event(state="draft")
    builders.recording(
        event,
        file=ContentFile(b"\0\0\0\x18ftypmp42", name="film.mp4"),
        captions=ContentFile(b"WEBVTT\n", name="captions.vtt"),
    )
    shown = client.get(path_of(previews.link_for(editor, event))).content.decode()
    found = addresses(shown, "recordings")
    assert found
    for address in found:
        assert status_of(client, address) == 200
        assert client.get("/media/" + address.partition("/media/")[2]).status_code == 404


# Links


def test_a_link_lives_its_days(client, editor, time_machine):
    update = builders.forum_update(state="draft")
    for days in previews.DAYS:
        path = path_of(previews.link_for(editor, update, days=days))
        made = timezone.now()
        time_machine.move_to(made + timedelta(days=days, seconds=-5))
        assert client.get(path).status_code == 200
        time_machine.move_to(made + timedelta(days=days, seconds=5))
        assert_hidden(client.get(path))
    with pytest.raises(ValueError, match="365"):
        previews.link_for(editor, update, days=365)


def test_a_later_save_ends_a_link(client, editor):
    update = builders.forum_update(state="draft")
    path = path_of(previews.link_for(editor, update))
    update.title = "אחרת"
    update.save()
    assert_hidden(client.get(path))
    assert previews.living_links(update) == []


def test_a_later_save_of_a_change_ends_its_link(client, editor):
    update = builders.forum_update()
    path = path_of(previews.link_for(editor, update, pending(editor, update, title="א")))
    assert client.get(path).status_code == 200
    revision = pending(editor, update, title="ב")
    assert_hidden(client.get(path))
    path = path_of(previews.link_for(editor, update, revision))
    revisions.withdraw(editor, revision)
    assert_hidden(client.get(path))


def test_a_deleted_thing_has_no_preview(client, editor):
    update = builders.forum_update(state="draft")
    path = path_of(previews.link_for(editor, update))
    update.delete()
    assert_hidden(client.get(path))


def test_links_are_erased_a_month_after_their_end(editor, time_machine):
    update = builders.forum_update(state="draft")
    previews.link_for(editor, update, days=1)
    made = timezone.now()
    time_machine.move_to(made + timedelta(days=30))
    call_command("purge", verbosity=0, stdout=StringIO())
    assert PreviewLink.objects.exists()
    time_machine.move_to(made + timedelta(days=32))
    call_command("purge", verbosity=0, stdout=StringIO())
    assert not PreviewLink.objects.exists()


def test_forged_links_find_nothing(client, editor, django_assert_num_queries):
    update = builders.forum_update(state="draft")
    path = path_of(previews.link_for(editor, update))
    token = path.removeprefix("/preview/").strip("/")
    number, _, signature = token.partition(".")
    forged = [
        "x",
        number,
        f"{number}.",
        f"{number}.{'A' * 43}",
        f"{number}.{signature[:-1]}",
        f"{number}.{signature}x",
        f"{int(number) + 1}.{signature}",
        f"0{number}.{signature}",
        f"{number}:{signature}",
        "%00",
        "9" * 400,
    ]
    for one in forged:
        assert_hidden(client.get(f"/preview/{one}/"))
    # The signature is looked at before any row.
    with django_assert_num_queries(0), pytest.raises(Http404):
        previews.by_link(HttpRequest(), f"{number}.{'A' * 43}")


def test_only_whom_it_concerns_makes_and_revokes_links(editor):
    forum = builders.forum(is_trusted=False)
    update = builders.forum_update(forum, state="draft")
    previews.link_for(builders.coordinator(forum), update)
    stranger = builders.coordinator(builders.forum())
    with pytest.raises(PermissionDenied):
        previews.link_for(stranger, update)
    with pytest.raises(PermissionDenied):
        previews.revoke(stranger, PreviewLink.objects.get())
    assert len(previews.living_links(update)) == 1


# By name


def test_who_may_view_it_needs_no_link(editor):
    forum = builders.forum(is_trusted=False)
    update = builders.forum_update(forum, state="published")
    builders.update_photo(update)
    writer, stranger = builders.coordinator(forum), builders.coordinator(builders.forum())
    revision = pending(writer, update, title="ממתין")
    draft = builders.forum_update(forum, state="draft")
    for what in (draft, revision):
        address = previews.preview_url(what)
        for who in (editor, writer):
            response = logged_in(who).get(address)
            assert response.status_code == 200
            assert_closed(response)
        assert_hidden(logged_in(stranger).get(address))
        response = Client().get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")
    shown = logged_in(writer).get(previews.preview_url(revision)).content.decode()
    photo = addresses(shown, "photos")[0]
    assert status_of(logged_in(writer), photo) == 200
    assert_hidden(logged_in(stranger).get(photo))


@pytest.mark.parametrize(
    "address",
    [
        "/preview/thing/forums.forumupdate/987654/",
        "/preview/thing/forums.nothing/1/",
        "/preview/thing/shared.user/1/",
        "/preview/thing/forums.forum/1/",
        "/preview/revision/987654/",
        f"/preview/revision/{2**70}/",
    ],
)
def test_what_is_not_there_has_no_preview(editor, address):
    assert_hidden(logged_in(editor).get(address))


# Methods


def test_methods(client, editor):
    update = builders.forum_update(state="draft")
    path = path_of(previews.link_for(editor, update))
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")
    assert_closed(response)
    strict = Client(enforce_csrf_checks=True)
    for method in ("post", "put", "patch", "delete", "options"):
        response = getattr(strict, method)(path)
        assert response.status_code == 405
        assert_closed(response)
        assert getattr(client, method)(previews.preview_url(update)).status_code == 405


def test_a_preview_makes_nothing_public_for_others(client, editor):
    """What is shown within one request is forgotten with it, whatever happens in it."""
    update = builders.forum_update(state="draft")
    path = path_of(previews.link_for(editor, update))
    assert client.get(path).status_code == 200
    assert not ForumUpdate.objects.published().exists()
    assert client.get(reverse("forums:update_list")).status_code == 200
    assert update.title not in client.get(reverse("forums:update_list")).content.decode()

"""The desk's form as a browser sees it, for the tests of the desk."""

import re
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from forums.models import Forum, ForumUpdate
from tests import builders


def picture(name: str = "photo.jpg", **kw: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, builders.image_bytes(**kw), "image/jpeg")


def pdf(name: str = "דוח שנתי.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, builders.PDF, "application/pdf")


def values_of(html: str) -> dict[str, Any]:
    """Return what a browser would send back from the desk's form, but for files and buttons."""
    start = html.index('enctype="multipart')
    form = html[start : html.index("</form>", start)]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = {k: unescape(v) for k, v in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        kind = attributes.get("type")
        if kind == "file" or (kind == "checkbox" and " checked" not in tag):
            continue
        name, value = (
            attributes["name"],
            attributes.get("value", "on" if kind == "checkbox" else ""),
        )
        if kind == "checkbox" and name == "municipalities":
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        values[name] = unescape(text)
    values.pop("csrfmiddlewaretoken", None)
    return values


def text_of(response: Any) -> str:
    return str(response.content.decode())


def create_url(forum: Forum) -> str:
    return reverse("forums:desk_update_create", kwargs={"forum_slug": forum.slug})


def edit_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_update_edit", kwargs={"pk": update.pk})


def withdraw_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_update_withdraw", kwargs={"pk": update.pk})


def opened(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """Open the form at `url`; return what it would send, with the changes."""
    response = client.get(url)
    assert response.status_code == 200
    return values_of(text_of(response)) | changes


def typed(client: Client, forum: Forum, **changes: Any) -> dict[str, Any]:
    words = {"title": "כותרת", "body": "גוף העדכון", "action": "publish"}
    return opened(client, create_url(forum), **(words | changes))


def copy_url(of: Forum | ForumUpdate) -> str:
    """Return where the form of a new update of a forum, or of an update, keeps what is typed."""
    if isinstance(of, Forum):
        return reverse("forums:desk_new_working_copy", kwargs={"forum_slug": of.slug})
    return reverse("forums:desk_update_working_copy", kwargs={"pk": of.pk})

"""Previews: a page as the public will see it, before the public sees it.

The page's own view and template answer, asked as a visitor would ask, while the thing counts as
published (publishing.as_if_published) or the database has it as its pending revision would make it
(revisions.thing_as). Pictures and files come by the same way, under the preview's own address.

Two kinds of address lead there: by the thing's name, for those who may view it; and a signed one,
for somebody without an account. What a signed address shows is bound to one version of the thing,
or one save of its revision; afterwards, and once it has expired or was revoked, nothing is there.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cluster_portal.shared import history, policy, revisions
from cluster_portal.shared.models.review import PendingRevision, PreviewLink
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import Publishable, as_if_published
from cluster_portal.shared.visits import answer_to, visitors_request

DAYS = (1, 7, 30)
# The files that a preview shows; all other addresses under a preview are nothing.
FILES = frozenset({"photo", "document", "events:recording_file", "events:recording_captions"})
FILE_ADDRESS = re.compile(r"(?<=[\"', ])/media/(?:photos|documents|recordings)/")
SAFE = ("GET", "HEAD")
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
signer = signing.Signer(salt="cluster_portal.preview", sep=".")


@dataclass(frozen=True)
class Preview:
    """What is looked at, and by which address; `until` is when a signed address ends."""

    thing: Publishable
    revision: PendingRevision | None
    address: str
    link: PreviewLink | None = None

    @property
    def is_public(self) -> bool:
        """Say whether the public sees this already."""
        return self.revision is None and self.thing.is_published()


# --- Links --------------------------------------------------------------------------------------


def link_for(
    user: Any, thing: models.Model, revision: PendingRevision | None = None, days: int = 7
) -> str:
    """Return a new address, good for `days` (see DAYS), that shows `thing` to who has it.

    With `revision`, a pending revision of it, that is shown. Raises PermissionDenied if `user` may
    not change the thing, ValueError for other days.
    """
    if not policy.may(user, Action.CHANGE, thing):
        raise PermissionDenied
    if days not in DAYS or not isinstance(thing, Publishable):
        raise ValueError(days)
    now = timezone.now()
    link = PreviewLink.objects.create(
        kind=thing._meta.label_lower,
        object_id=thing.pk,
        version_number=history.latest_number(thing),
        revision_id=revision.pk if revision else None,
        revision_number=revision.number if revision else 0,
        created_by=user,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return address_of(link)


def address_of(link: PreviewLink) -> str:
    """Return the whole address that `link` opens, to be handed on."""
    return f"{settings.SITE_URL}{path_of(link)}"


def path_of(link: PreviewLink) -> str:
    return reverse("preview_link", kwargs={"token": signer.sign(str(link.pk))})


def links_of(thing: models.Model) -> models.QuerySet[PreviewLink]:
    """Return the links to `thing` that were neither revoked nor have expired, the newest first."""
    return PreviewLink.objects.filter(
        kind=thing._meta.label_lower,
        object_id=thing.pk,
        revoked_at__isnull=True,
        expires_at__gt=timezone.now(),
    ).select_related("created_by")


def living_links(thing: models.Model) -> list[PreviewLink]:
    """Return the links of `thing` that still show something, each with its `address`."""
    links = [link for link in links_of(thing) if shown_by(link) is not None]
    for link in links:
        link.address = address_of(link)  # type: ignore[attr-defined]
    return links


def revoke(user: Any, link: PreviewLink) -> None:
    """Let `link` show nothing from now on. Raises PermissionDenied if `user` may not."""
    kind = history.kind_of(link.kind)
    thing = kind._base_manager.filter(pk=link.object_id).first() if kind else None
    if thing is None or not policy.may(user, Action.CHANGE, thing):
        raise PermissionDenied
    PreviewLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


def shown_by(link: PreviewLink) -> tuple[Publishable, PendingRevision | None] | None:
    """Return the thing, and the revision of it, that `link` shows now; None if it shows nothing."""
    if link.revoked_at is not None or link.expires_at <= timezone.now():
        return None
    kind = history.kind_of(link.kind)
    thing = kind._base_manager.filter(pk=link.object_id).first() if kind else None
    if thing is None or not isinstance(thing, Publishable):
        return None
    if history.latest_number(thing) != link.version_number:
        return None
    if link.revision_id is None:
        return thing, None
    revision = PendingRevision.objects.filter(
        pk=link.revision_id,
        kind=link.kind,
        object_id=link.object_id,
        number=link.revision_number,
    ).first()
    return (thing, revision) if revision is not None else None


def preview_url(what: models.Model) -> str:
    """Return where those who may view `what`, a thing or a pending revision, see its preview."""
    if isinstance(what, PendingRevision):
        return reverse("preview_revision", kwargs={"pk": what.pk})
    return reverse("preview_thing", kwargs={"kind": what._meta.label_lower, "pk": what.pk})


# --- Whom is shown what -------------------------------------------------------------------------


def by_link(request: HttpRequest, token: str) -> Preview:
    """Return what the signed address shows; raise Http404 for any that shows nothing."""
    try:
        pk = int(signer.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    link = PreviewLink.objects.filter(pk=pk).first()
    shown = shown_by(link) if link else None
    if link is None or shown is None:
        raise Http404
    return Preview(*shown, path_of(link), link)


def by_thing(request: HttpRequest, kind: str, pk: int) -> Preview:
    """Return the preview of a thing to who may view it; raise Http404 for all else."""
    model = history.kind_of(kind)
    thing = model._base_manager.filter(pk=pk).first() if model else None
    if not isinstance(thing, Publishable) or not policy.may(request.user, Action.VIEW, thing):
        raise Http404
    return Preview(thing, None, preview_url(thing))


def by_revision(request: HttpRequest, pk: int) -> Preview:
    """Return the preview of a pending revision to who may view its thing; else raise Http404."""
    revision = PendingRevision.objects.filter(pk=pk).first()
    thing = revisions.thing_of(revision) if revision else None
    if revision is None or thing is None or not policy.may(request.user, Action.VIEW, thing):
        raise Http404
    return Preview(thing, revision, preview_url(revision))


# --- Showing ------------------------------------------------------------------------------------


@contextmanager
def showing(preview: Preview) -> Iterator[Any]:
    """Within, the previewed thing counts as public, and is as its revision would make it."""
    if preview.revision is None:
        with as_if_published(preview.thing):
            yield preview.thing
        return
    with revisions.thing_as(preview.revision) as thing, as_if_published(thing):
        yield thing


def page(request: HttpRequest, preview: Preview) -> HttpResponseBase:
    """Answer with the thing's public page, its pictures and files led by way of the preview."""
    with showing(preview) as thing:
        path = thing.get_absolute_url().partition("#")[0]
        visit = visitors_request(path, request)
        visit.preview = preview  # type: ignore[attr-defined]
        response = answer_to(visit, resolve(path))
        if isinstance(response, HttpResponse):
            text = response.content.decode()
            response.content = FILE_ADDRESS.sub(
                lambda found: f"{preview.address}file{found[0]}", text
            ).encode()
    return response


def file(request: HttpRequest, preview: Preview, path: str) -> HttpResponseBase:
    """Answer with a file that the previewed thing shows; raise Http404 for any other."""
    path = f"/media/{path}"
    try:
        match = resolve(path)
    except Resolver404 as error:
        raise Http404 from error
    if match.view_name not in FILES:
        raise Http404
    with showing(preview):
        # Asked without a name, so that only what the page shows is served.
        return answer_to(visitors_request(path, request), match)


Find = Callable[..., Preview]


def preview_view(find: Find, *, is_open: bool = False) -> Callable[..., HttpResponseBase]:
    """Return the view of what `find` finds; `is_open` to those who are not logged in."""

    @wraps(find)
    def view(request: HttpRequest, file_path: str | None = None, **named: Any) -> HttpResponseBase:
        response: HttpResponseBase
        if request.method not in SAFE:
            response = HttpResponseNotAllowed(SAFE)
        elif not is_open and not request.user.is_authenticated:
            response = redirect_to_login(request.get_full_path())
        else:
            try:
                preview = find(request, **named)
                if file_path is None:
                    response = page(request, preview)
                else:
                    response = file(request, preview, file_path)
            except (Http404, revisions.CannotReview) as error:
                # Answered here, so that it says nothing and is kept by nobody either.
                response = response_for_exception(
                    request, error if isinstance(error, Http404) else Http404()
                )
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    # Nothing is ever taken, so nothing need be asked of what is sent; it is just not allowed.
    return csrf_exempt(view)


link_page = preview_view(by_link, is_open=True)
thing_page = preview_view(by_thing)
revision_page = preview_view(by_revision)

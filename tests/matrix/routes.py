"""Every address of the site, walked from the URL configuration, and what stands at each.

A route without an entry fails, and so does an entry without a route; nothing is exempt.
The pages of the admin get their entries from the table of the admin in docs/permissions.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.urls import URLResolver, get_resolver

from tests.matrix import table

SAFE = ("GET", "HEAD")
FORM = ("GET", "HEAD", "POST")
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Route:
    """What stands at an address: its place in the table, the kinds of things, the methods it takes.

    `path` is the address where the pattern alone does not tell it; `values` are the arguments that
    are no fields of the thing, `data` what a form elsewhere sends here.
    """

    place: str
    kinds: tuple[str, ...] = ()
    methods: tuple[str, ...] = SAFE
    path: str = ""
    values: dict[str, Any] = field(default_factory=dict, hash=False)
    data: dict[str, str] = field(default_factory=dict, hash=False)


PAGE, FORM_PAGE = Route("page"), Route("form", methods=FORM)
POST = ("POST",)
UPDATE, REVISION = ("forums.forumupdate",), ("shared.pendingrevision",)
LINK = ("shared.previewlink",)
PUBLISHABLE = (
    "forums.forumupdate",
    "events.event",
    "forums.initiative",
    "members.storychapter",
    "shared.page",
)
WITH_FILES = ("forums.forumupdate", "events.event")

SITE: dict[str, Route] = {
    "": PAGE,
    "about/": PAGE,
    "members/": PAGE,
    "members/<slug:slug>/": Route("page of a thing", ("members.municipality",)),
    "goals/": PAGE,
    "related/": PAGE,
    "forums/": PAGE,
    "forums/<slug:slug>/": Route("page of a thing", ("forums.forum",)),
    "forums/<slug:forum_slug>/updates/<int:pk>/": Route("page of a thing", ("forums.forumupdate",)),
    "updates/": PAGE,
    "updates/<int:year>/": Route("page", values={"year": 2026}),
    "milestones/": PAGE,
    "incubator/": PAGE,
    "incubator/propose/": FORM_PAGE,
    "incubator/initiatives/<int:pk>/": Route("page of a thing", ("forums.initiative",)),
    "events/": PAGE,
    "events/<slug:slug>/": Route("page of a thing", ("events.event",)),
    "contact/": FORM_PAGE,
    "submissions/": FORM_PAGE,
    "submissions/<str:reference>/": Route("receipt", ("shared.contactmessage",)),
    "accessibility/": PAGE,
    "privacy/": PAGE,
    "foi/": PAGE,
    "sitemap/": PAGE,
    "sitemap.xml": PAGE,
    "robots.txt": PAGE,
    "livez": Route("technical"),
    "readyz": Route("technical"),
    "<slug:slug>/": Route("page of a thing", ("shared.page",)),
    "media/photos/<int:pk>/<int:width>.<str:suffix>": Route("file", ("shared.photo",)),
    "media/documents/<int:pk>/<str:name>": Route("file", ("shared.document",)),
    "media/recordings/<int:pk>/film": Route("file", ("events.recording",)),
    "media/recordings/<int:pk>/captions.vtt": Route("file", ("events.recording",)),
    "media/proposals/<int:pk>/": Route("file for staff", ("forums.proposal",)),
    "accounts/login/": Route("log-in", methods=FORM),
    "accounts/logout/": Route("log-out", methods=("POST",)),
    "accounts/welcome/": Route("account"),
    "accounts/set-password/<uidb64>/<token>/": Route("one-time link", ("shared.user",), FORM),
    "accounts/password/": Route("account", methods=FORM),
    "desk/": Route("desk"),
    "desk/<slug:forum_slug>/new/": Route("desk thing", ("forums.forum",), FORM),
    "desk/handbook/": Route("desk"),
    "desk/updates/<int:pk>/": Route("desk thing", ("forums.forumupdate",), FORM),
    "desk/updates/<int:pk>/withdraw/": Route("desk thing", UPDATE, FORM),
    "desk/updates/<int:pk>/change/withdraw/": Route("desk thing", UPDATE, FORM),
    "desk/updates/<int:pk>/duplicate/": Route("desk thing", UPDATE, POST),
    "desk/updates/<int:pk>/preview-links/": Route("desk thing", UPDATE, POST, data={"days": "7"}),
    "desk/updates/<int:pk>/preview-links/revoke/": Route("desk thing", UPDATE, POST),
    "desk/updates/<int:pk>/working-copy/": Route("desk thing", UPDATE, POST),
    "desk/<slug:forum_slug>/new/working-copy/": Route("desk thing", ("forums.forum",), POST),
    "preview/thing/<str:kind>/<int:pk>/": Route("preview", PUBLISHABLE),
    "preview/thing/<str:kind>/<int:pk>/file/media/<path:file_path>": Route("preview", WITH_FILES),
    "preview/revision/<int:pk>/": Route("preview", REVISION),
    "preview/revision/<int:pk>/file/media/<path:file_path>": Route("preview", REVISION),
    "preview/<str:token>/": Route("preview by link", LINK),
    "preview/<str:token>/file/media/<path:file_path>": Route("preview by link", LINK),
    "admin/": Route("admin", methods=FORM),
    "admin/bin/": Route("admin", methods=FORM),
    "admin/handbook/": Route("admin"),
    "admin/review/": Route("admin"),
    "admin/review/calendar/": Route("admin"),
    "admin/review/calendar/<int:year>/<int:month>/": Route(
        "admin", values={"year": 2026, "month": 11}
    ),
    "admin/review/<str:kind>/<int:pk>/": Route("review", PUBLISHABLE, FORM),
    "admin/review/<str:kind>/<int:pk>/looked-at/": Route("review", PUBLISHABLE, POST),
    "admin/review/<str:kind>/<int:pk>/link/": Route(
        "review", PUBLISHABLE, POST, data={"days": "7"}
    ),
    "admin/review/revision/<int:pk>/": Route("review", REVISION, FORM),
    "admin/review/links/<int:pk>/revoke/": Route("review", LINK, POST),
    "admin/jsi18n/": Route("admin"),
    "admin/autocomplete/": Route(
        "admin",
        path="admin/autocomplete/?app_label=members&model_name=goal&field_name=source&term=",
    ),
    "admin/^(?P<app_label>members|forums|events|shared)/$": Route(
        "admin", methods=FORM, path="admin/forums/"
    ),
    "admin/(?P<url>.*)$": Route("admin nothing", methods=FORM, path="admin/no-such-page/"),
}

# The pages of a kind in the admin: what follows its address, and the methods it takes.
ADMIN_PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "list": ("", FORM),
    "add": ("add/", FORM),
    "order": ("order/", FORM),
    "change": ("<path:object_id>/change/", FORM),
    "delete": ("<path:object_id>/delete/", FORM),
    "history": ("<path:object_id>/history/", FORM),
    "open": ("<path:object_id>/", FORM),
    "bin": ("bin/", FORM),
    "version": ("<str:object_id>/history/<int:number>/", FORM),
    "restore": ("<str:object_id>/history/<int:number>/restore/", FORM),
    "presence": ("<str:object_id>/presence/", POST),
    "make_initiative": ("<int:pk>/make-initiative/", ("POST",)),
    "invite": ("<int:user_id>/invite/", FORM),
}


def leaves(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    """Yield the full pattern of every address, as the URL configuration has it now."""
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from leaves(entry, pattern)
        else:
            yield normal(pattern)


def normal(pattern: str) -> str:
    """Give the order of the apps in a pattern of Django's, which is that of a set, one order."""
    start, sign, rest = pattern.partition("(?P<app_label>")
    if not sign:
        return pattern
    names, end = rest.split(")", 1)
    order = ("members", "forums", "events", "shared")
    return f"{start}{sign}{'|'.join(sorted(names.split('|'), key=order.index))}){end}"


@cache
def registry() -> dict[str, Route]:
    """Return what stands at each address: of the site, and of the admin."""
    found = dict(SITE)
    for label, kind in table.admin_kinds().items():
        app, model = label.split(".")
        for page in kind.pages:
            rest, methods = ADMIN_PAGES[page]
            on_thing = "<" in rest
            found[f"admin/{app}/{model}/{rest}"] = Route(
                f"{kind.group} {page}", (label,) if on_thing else (), methods
            )
    return found

"""Pages that gather from all apps, the site's own pages, and what machines ask."""

import contextlib
import sys

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cluster_portal.front.sitemaps import everything
from cluster_portal.shared.csrf import require_safe, typed_values
from cluster_portal.shared.models import AccessibilityStatement, Page, SiteSettings
from cluster_portal.shared.richtext import html_to_text
from cluster_portal.shared.visits import CLOSED
from events.models import Event
from forums.models import Forum, ForumUpdate, Initiative, MilestoneTier
from members.models import Goal, Municipality, RelatedBody
from members.region import region_points

HOME_EVENTS = 3
# Of each kind that grows for ever the site map for people names the newest; its heading leads to
# all. The one for machines names every page.
SITEMAP_ROWS = 200


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    site = SiteSettings.load()
    events = Event.objects.published().select_related("municipality")
    return render(
        request,
        "front/home.html",
        {
            # The same row serves header and footer: read once.
            "site": site,
            "points": region_points(Municipality.objects.current()),
            # Lists: the opening names the first of them, the sections below show all.
            "updates": list(
                ForumUpdate.objects.published().for_lists().newest_first()[: site.home_updates]
            ),
            # Asked only where there is no update to show.
            "forums": Forum.objects.all(),
            "tiers": MilestoneTier.objects.with_counts() if site.home_shows_milestones else (),
            "coming": list(events.coming()[:HOME_EVENTS]),
            "featured": events.filter(is_featured=True).first(),
            "goals": Goal.objects.all() if site.home_shows_goals else (),
        },
    )


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    title = _("Accessibility statement")
    return render(
        request,
        "front/accessibility.html",
        {
            "page_title": title,
            "page_description": _(
                "What was done to make this site accessible, what is still missing, and whom to "
                "ask."
            ),
            "crumbs": [(title, None)],
            "statement": AccessibilityStatement.load(),
        },
    )


@require_safe
def page_detail(request: HttpRequest, slug: str) -> HttpResponse:
    page = get_object_or_404(Page.objects.published(), slug=slug)
    return render(
        request,
        "front/page_detail.html",
        {
            "page_title": page.title,
            "page_description": page.summary or Truncator(html_to_text(page.body)).words(30),
            "crumbs": [(page.title, None)],
            "page": page,
        },
    )


@require_safe
def sitemap_page(request: HttpRequest) -> HttpResponse:
    title = _("Site map")
    return render(
        request,
        "front/sitemap_page.html",
        {
            "page_title": title,
            "page_description": _("All pages of the site in one list."),
            "crumbs": [(title, None)],
            "municipalities": Municipality.objects.all(),
            "goals": Goal.objects.all(),
            "related": RelatedBody.objects.all(),
            "forums": Forum.objects.all(),
            "updates": ForumUpdate.objects.published()
            .select_related("forum")
            .defer("body")
            .newest_first()[:SITEMAP_ROWS],
            "initiatives": Initiative.objects.published().defer("body")[:SITEMAP_ROWS],
            "events": Event.objects.published().defer("body")[:SITEMAP_ROWS],
            "pages": Page.objects.published().exclude(slug__in=("privacy", "foi")).defer("body"),
        },
    )


@require_safe
def sitemap_xml(request: HttpRequest) -> HttpResponse:
    return render(request, "sitemap.xml", {"urlset": everything()}, content_type="application/xml")


@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines += ["", f"Sitemap: {settings.SITE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """Answer that this process lives; asks nothing of anybody."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether the portal can serve: 200, or 503 while the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return HttpResponse(
            "database\n",
            status=503,
            headers={"Retry-After": "5"},
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer with a page that stands by itself: what failed may be what other pages rest on.

    A database that is locked or gone is 503: the same request may do well in a moment. What was
    typed into a form stands on the page, whatever failed.
    """
    is_busy = isinstance(sys.exception(), OperationalError | InterfaceError)
    typed: list[str] = []
    with contextlib.suppress(Exception):  # A body that cannot be read may be the very fault.
        typed = [value for _name, value in typed_values(request)]
    return HttpResponse(
        render_to_string("503.html" if is_busy else "500.html", {"typed": typed}),
        status=503 if is_busy else 500,
        headers={"Cache-Control": "no-store"} | ({"Retry-After": "5"} if is_busy else {}),
    )

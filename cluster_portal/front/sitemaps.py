"""Everything public, composed from the apps' own maps."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from cluster_portal.shared.models import AccessibilityStatement, Page
from cluster_portal.shared.sitemaps import ListPagesSitemap, PortalSitemap, entries
from events.sitemaps import SITEMAPS as EVENTS
from forums.sitemaps import SITEMAPS as FORUMS
from members.sitemaps import SITEMAPS as MEMBERS


class FrontPagesSitemap(ListPagesSitemap):
    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        return (("front:accessibility", (AccessibilityStatement.objects.all(),)),)


class PageSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Page.objects.published().defer("body")


def everything() -> list[dict[str, Any]]:
    """Return an entry for each public page.

    The pages that gather from all (home, site map) and the contact page, whose texts carry no time
    of their own, are as new as the newest of the others.
    """
    others = entries((*MEMBERS, *FORUMS, *EVENTS, FrontPagesSitemap, PageSitemap))
    newest = max(entry["lastmod"] for entry in others)
    gathering = [
        {"location": f"{settings.SITE_URL}{reverse(name)}", "lastmod": newest}
        for name in ("front:home", "front:contact", "front:sitemap_page")
    ]
    return gathering + others

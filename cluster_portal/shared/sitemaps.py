"""What the apps' maps for search engines have in common."""

from collections.abc import Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db import models
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared.publishing import Publishable


class ListPage(NamedTuple):
    """A page that gathers: its address, and when what it shows last changed."""

    address: str
    lastmod: datetime


def last_change(thing: Any) -> datetime:
    """Return when the public last saw `thing` change: saved, or published after it was saved."""
    if isinstance(thing, Publishable) and thing.publish_at:
        return max(thing.updated_at, thing.publish_at)
    return thing.updated_at


def newest_change(*querysets: models.QuerySet) -> datetime:
    """Return the last change among all rows; of no rows, the beginning of time as sites know it."""
    newest = datetime(2013, 3, 18, tzinfo=timezone.get_default_timezone())
    for rows in querysets:
        times = ["updated_at"] + ["publish_at"] * issubclass(rows.model, Publishable)
        found = rows.order_by().aggregate(**{f"last_{name}": Max(name) for name in times})
        newest = max([newest, *filter(None, found.values())])
    return newest


class PortalSitemap(Sitemap):
    """A map of rows that know their own address; subclasses say which in `items`."""

    def lastmod(self, item: Any) -> datetime:
        return last_change(item)


class ListPagesSitemap(Sitemap):
    """A map of gathering pages; subclasses say which, and what each shows, in `pages`."""

    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        """Return (url name, what the page shows) of each page."""
        return ()

    def items(self) -> list[ListPage]:
        return [ListPage(reverse(name), newest_change(*shows)) for name, shows in self.pages()]

    def location(self, item: ListPage) -> str:
        return item.address

    def lastmod(self, item: ListPage) -> datetime:
        return item.lastmod


def entries(sitemaps: Iterable[type[Sitemap]]) -> list[dict[str, Any]]:
    """Return all entries of `sitemaps`, their addresses made from SITE_URL, not from a request."""
    address = urlsplit(settings.SITE_URL)
    # All that Django asks of a site here is its domain.
    site: Any = SimpleNamespace(domain=address.netloc)
    return [
        entry
        for sitemap in sitemaps
        for entry in sitemap().get_urls(site=site, protocol=address.scheme)
    ]

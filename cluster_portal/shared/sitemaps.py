"""What the apps' maps for search engines have in common."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.paginator import Paginator
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest
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


def newest_changes(shown: Sequence[Sequence[models.QuerySet]]) -> list[datetime]:
    """Return for each group of querysets the last change among its rows, in one query for all.

    Of no rows it is the beginning of time as sites know it.
    """
    first, *others = (
        rows.order_by().values(
            row_group=Value(number, output_field=models.IntegerField()),
            row_at=Greatest("updated_at", "publish_at")
            if issubclass(rows.model, Publishable)
            else F("updated_at"),
        )
        for number, group in enumerate(shown)
        for rows in group
    )
    newest = [datetime(2013, 3, 18, tzinfo=timezone.get_default_timezone())] * len(shown)
    for row in first.union(*others, all=True) if others else first:
        newest[row["row_group"]] = max(newest[row["row_group"]], row["row_at"])
    return newest


class PortalSitemap(Sitemap):
    """A map of rows that know their own address; subclasses say which in `items`."""

    @property
    def paginator(self) -> Paginator:
        # Read once, instead of counted first.
        return Paginator(list(self.items()), self.limit)

    def lastmod(self, item: Any) -> datetime:
        return last_change(item)


class ListPagesSitemap(Sitemap):
    """A map of gathering pages; subclasses say which, and what each shows, in `pages`."""

    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        """Return (url name, what the page shows) of each page."""
        return ()

    def items(self) -> list[ListPage]:
        names, shown = zip(*self.pages(), strict=True)
        return [
            ListPage(reverse(name), newest)
            for name, newest in zip(names, newest_changes(shown), strict=True)
        ]

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

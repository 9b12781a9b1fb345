"""Our pages, told to search engines."""

from collections.abc import Iterable

from django.db import models

from cluster_portal.shared.sitemaps import ListPagesSitemap, PortalSitemap
from events.models import Event


class EventsPagesSitemap(ListPagesSitemap):
    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        return (("events:event_list", (Event.objects.published(),)),)


class EventSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Event.objects.published().defer("body")


SITEMAPS = (EventsPagesSitemap, EventSitemap)

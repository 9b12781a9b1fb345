"""Our pages, told to search engines."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.urls import reverse
from django.utils import timezone

from cluster_portal.shared.sitemaps import (
    ListPage,
    ListPagesSitemap,
    PortalSitemap,
    last_change,
)
from forums.models import Forum, ForumUpdate, Initiative, Milestone, MilestoneTier


class ForumsPagesSitemap(ListPagesSitemap):
    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        tiers = MilestoneTier.objects.all()
        initiatives = Initiative.objects.published()
        return (
            ("forums:forum_list", (Forum.objects.all(),)),
            ("forums:update_list", (ForumUpdate.objects.published(),)),
            ("forums:milestone_list", (tiers, Milestone.objects.all())),
            ("forums:incubator", (tiers, initiatives)),
            ("forums:proposal_create", (tiers,)),
        )


class ForumSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Forum.objects.all()


class ForumUpdateSitemap(PortalSitemap):
    """The updates, and the pages of their years."""

    def items(self) -> list[ForumUpdate | ListPage]:
        updates = list(ForumUpdate.objects.published().select_related("forum").defer("body"))
        years: dict[int, datetime] = {}
        for update in updates:
            year = timezone.localtime(update.publish_at).year
            years[year] = max(years.get(year, last_change(update)), last_change(update))
        pages = [
            ListPage(reverse("forums:update_year", args=[year]), newest)
            for year, newest in sorted(years.items(), reverse=True)
        ]
        return [*pages, *updates]

    def location(self, item: ForumUpdate | ListPage) -> str:
        return item.address if isinstance(item, ListPage) else item.get_absolute_url()

    def lastmod(self, item: ForumUpdate | ListPage) -> datetime:
        return item.lastmod if isinstance(item, ListPage) else last_change(item)


class InitiativeSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Initiative.objects.published().defer("body")


SITEMAPS = (
    ForumsPagesSitemap,
    ForumSitemap,
    ForumUpdateSitemap,
    InitiativeSitemap,
)

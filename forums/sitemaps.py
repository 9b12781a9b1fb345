"""Our pages, told to search engines."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.sitemaps import Sitemap
from django.db import models
from django.urls import reverse

from cluster_portal.shared.sitemaps import (
    ListPage,
    ListPagesSitemap,
    PortalSitemap,
    newest_change,
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


class UpdateYearSitemap(Sitemap):
    def items(self) -> list[ListPage]:
        published = ForumUpdate.objects.published()
        return [
            ListPage(
                reverse("forums:update_year", args=[year]),
                newest_change(published.filter(publish_at__year=year)),
            )
            for year in published.years()
        ]

    def location(self, item: ListPage) -> str:
        return item.address

    def lastmod(self, item: ListPage) -> datetime:
        return item.lastmod


class ForumSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Forum.objects.all()


class ForumUpdateSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return ForumUpdate.objects.published().select_related("forum").defer("body")


class InitiativeSitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Initiative.objects.published().defer("body")


SITEMAPS = (
    ForumsPagesSitemap,
    UpdateYearSitemap,
    ForumSitemap,
    ForumUpdateSitemap,
    InitiativeSitemap,
)

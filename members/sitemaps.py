"""Our pages, told to search engines."""

from collections.abc import Iterable

from django.db import models

from cluster_portal.shared.sitemaps import ListPagesSitemap, PortalSitemap
from members.models import Goal, Municipality, RelatedBody, StoryChapter


class MembersPagesSitemap(ListPagesSitemap):
    def pages(self) -> Iterable[tuple[str, tuple[models.QuerySet, ...]]]:
        return (
            ("members:story", (StoryChapter.objects.published(),)),
            ("members:municipality_list", (Municipality.objects.all(),)),
            ("members:goal_list", (Goal.objects.all(),)),
            ("members:related_list", (RelatedBody.objects.all(),)),
        )


class MunicipalitySitemap(PortalSitemap):
    def items(self) -> models.QuerySet:
        return Municipality.objects.all()


SITEMAPS = (MembersPagesSitemap, MunicipalitySitemap)

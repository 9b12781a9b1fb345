"""What may be seen of the forums' work, and in what order."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Count, F, Q, Subquery
from django.utils import timezone

from cluster_portal.shared.publishing import PublishableQuerySet


class ForumQuerySet(models.QuerySet):
    def coordinated_by(self, user: Any, on: date | None = None) -> Self:
        """Return the forums that `user` coordinates on the day `on` (today)."""
        day = on or timezone.localdate()
        return self.filter(
            Q(coordinators__starts_on__isnull=True) | Q(coordinators__starts_on__lte=day),
            Q(coordinators__ends_on__isnull=True) | Q(coordinators__ends_on__gte=day),
            coordinators__user=user,
            coordinators__user__is_active=True,
        ).distinct()

    def open_thematic(self) -> Self:
        """Return the thematic forums that are not closed: the fields of the cluster's work."""
        return self.filter(kind="thematic").exclude(state="closed")


class CoordinatorQuerySet(models.QuerySet):
    def current(self, on: date | None = None) -> Self:
        """Return those who coordinate on the day `on` (today)."""
        day = on or timezone.localdate()
        return self.filter(
            Q(starts_on__isnull=True) | Q(starts_on__lte=day),
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            user__is_active=True,
        ).select_related("user")


class ForumUpdateQuerySet(PublishableQuerySet):
    def for_lists(self) -> Self:
        """Add what a card shows: the forum, and number and size of the first photo (`cover`)."""
        model: Any = self.model
        first = model.photo_links.rel.related_model.objects.filter(
            update=models.OuterRef("pk")
        ).order_by("order", "pk")
        return self.select_related("forum").annotate(
            cover_id=Subquery(first.values("photo_id")[:1]),
            cover_width=Subquery(first.values("photo__width")[:1]),
            cover_height=Subquery(first.values("photo__height")[:1]),
        )

    def newest_first(self) -> Self:
        return self.order_by(F("publish_at").desc(nulls_last=True), "-pk")

    def years(self) -> list[int]:
        """Return the years in which something was published, the latest first."""
        return [at.year for at in self.order_by().datetimes("publish_at", "year", order="DESC")]


class InitiativeQuerySet(PublishableQuerySet):
    def for_lists(self) -> Self:
        """Add what a card shows beside the initiative itself."""
        return self.select_related("kind", "forum").order_by("-publish_at", "-pk")


class MilestoneTierQuerySet(models.QuerySet):
    def with_counts(self) -> Self:
        """Count the commitments of each tier by where they stand."""
        return self.annotate(
            **{
                f"{state}_count": Count("milestones", filter=Q(milestones__state=state))
                for state in ("done", "under_way", "planned")
            }
        )

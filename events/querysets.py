"""Which events may be seen, and in what order."""

from datetime import datetime, time
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cluster_portal.shared.publishing import PublishableQuerySet


class EventQuerySet(PublishableQuerySet):
    def coming(self, at: datetime | None = None) -> Self:
        """Return events that are not over at the moment `at` (now), the next one first."""
        return self.filter(self._not_over(at)).order_by("starts_at", "pk")

    def past(self, at: datetime | None = None) -> Self:
        """Return events that are over at the moment `at` (now), the latest first."""
        return self.exclude(self._not_over(at)).order_by("-starts_at", "-pk")

    @staticmethod
    def _not_over(at: datetime | None) -> Q:
        at = at or timezone.now()
        midnight = timezone.make_aware(datetime.combine(timezone.localdate(at), time.min))
        # An event of whole days lasts to the end of its last day.
        return (
            Q(is_all_day=False, ends_at__isnull=True, starts_at__gte=at)
            | Q(is_all_day=False, ends_at__gte=at)
            | Q(is_all_day=True, ends_at__isnull=True, starts_at__gte=midnight)
            | Q(is_all_day=True, ends_at__gte=midnight)
        )


class TopicQuerySet(models.QuerySet):
    def public(self) -> Self:
        """Return the topics of events that are public now."""
        event = self.model._meta.get_field("event").related_model
        return self.filter(event__in=event.objects.published())

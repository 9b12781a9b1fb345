"""What may be seen of the forums' work, and in what order."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import CharField, Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from cluster_portal.shared.models.review import PendingRevision, ReviewNote, WorkingCopy
from cluster_portal.shared.publishing import PublishableQuerySet


def copies_of(user: Any, kind: str) -> models.QuerySet:
    """Return what `user` typed of things of `kind` and never saved."""
    return WorkingCopy.objects.filter(user=user, kind=kind)


def or_empty(rows: models.QuerySet) -> Coalesce:
    """Return the text that `rows` give for each row outside, empty where there is none."""
    return Coalesce(Subquery(rows), Value(""), output_field=models.TextField())


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

    def for_desk(self, user: Any) -> Self:
        """Add what the desk says of a forum: in whose place `user` writes for it and until when.

        `copy_at` tells when `user` last typed a new update of it that was never saved.
        """
        roles = self.model._meta.get_field("coordinators").related_model._default_manager.filter(
            forum=OuterRef("pk"), user=user, stands_in_for__isnull=False
        )
        typed = copies_of(user, "forums.forumupdate").filter(
            object_id=0, scope=Concat(Value("forum-"), Cast(OuterRef("pk"), CharField()))
        )
        return self.annotate(
            stands_in_for=Subquery(roles.values("stands_in_for__display_name")[:1]),
            stands_in_until=Subquery(roles.values("ends_on")[:1]),
            copy_at=Subquery(typed.values("updated_at")[:1]),
        )

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
    def for_desk(self, user: Any) -> Self:
        """Add what the desk says of an update; what `user` typed and never saved comes first.

        `change` is the state of the change that waits, `outcome` and `remark` what an editor last
        answered, `copy_at` when `user` last typed what was never saved.
        """
        kind = self.model._meta.label_lower
        about = {"kind": kind, "object_id": OuterRef("pk")}
        notes = ReviewNote.objects.filter(**about).order_by("-at", "-pk")
        typed = copies_of(user, kind).filter(object_id=OuterRef("pk"))
        return (
            self.select_related("author")
            .annotate(
                change=or_empty(PendingRevision.objects.filter(**about).values("state")[:1]),
                outcome=or_empty(notes.values("outcome")[:1]),
                remark=or_empty(notes.values("remark")[:1]),
                copy_at=Subquery(typed.values("updated_at")[:1]),
            )
            .order_by(F("copy_at").desc(nulls_last=True), "-updated_at", "-pk")
        )

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

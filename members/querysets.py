"""Which of the members' things may be seen, and in what order."""

from datetime import datetime
from typing import Any, NamedTuple, Self

from django.db import models
from django.db.models import F, Prefetch, Q, Value
from django.utils import timezone


class MunicipalityQuerySet(models.QuerySet):
    def current(self, year: int | None = None) -> Self:
        """Return those that are members in `year` (this year)."""
        year = year or timezone.localdate().year
        return self.filter(Q(left_year__isnull=True) | Q(left_year__gt=year))


class GoalQuerySet(models.QuerySet):
    def with_work(self) -> Self:
        """Add what works towards each goal: its forums, and the topics of public events."""
        model: Any = self.model
        topics = model.topics.rel.related_model.objects.public()
        return self.prefetch_related(
            "forums", Prefetch("topics", queryset=topics.select_related("event"))
        )


class Happening(NamedTuple):
    """Something public that took place at a municipality, whichever app keeps it."""

    kind: str  # event, initiative or story
    pk: int
    slug: str
    title: str
    summary: str
    at: datetime


def happenings(municipality: Any, most: int = 40) -> list[Happening]:
    """Return the public events, initiatives and story chapters of `municipality`, latest first.

    One query for all three: a single page may ask six in all.
    """
    sources = (
        ("event", municipality.events.published(), F("slug"), F("starts_at")),
        ("initiative", municipality.initiatives.published(), Value(""), F("publish_at")),
        ("story", municipality.story_chapters.published(), F("slug"), F("publish_at")),
    )
    # Names that no model has as a field: the three are selected under one set of them.
    first, *others = (
        rows.order_by().values(
            row_kind=Value(kind, output_field=models.CharField()),
            row_pk=F("pk"),
            row_slug=slug,
            row_title=F("title"),
            row_summary=F("summary"),
            row_at=at,
        )
        for kind, rows, slug, at in sources
    )
    rows = first.union(*others, all=True).order_by("-row_at", "row_pk")[:most]
    return [Happening(**{name.removeprefix("row_"): row[name] for name in row}) for row in rows]

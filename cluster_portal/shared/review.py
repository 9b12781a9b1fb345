"""What editors have to look at: waiting, scheduled, ending, old, and what is wrong with it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from html import unescape
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from cluster_portal.shared import history, publishing
from cluster_portal.shared.models import Photo
from cluster_portal.shared.models.review import PendingRevision
from cluster_portal.shared.publishing import PublicationState, Publishable, PublishableQuerySet
from cluster_portal.shared.richtext import RichTextField
from cluster_portal.shared.visits import CLOSED, answer_to, visitors_request

ENDING_DAYS = 30
OLD_DAYS = 365
# How many rows a list shows; beyond it, only their number.
SHOWN = 50
# How many things are read in search of broken links, the newest first, and how many links tried.
READ_FOR_LINKS = 500
TRIED_LINKS = 100
LINK = re.compile(r"""<a\b[^>]*?\shref=["']([^"']+)["']""", re.IGNORECASE)


@dataclass
class Row:
    """One thing in a list: its kind and key, its texts, a moment and where it is dealt with."""

    kind: str
    pk: int
    title: str
    place: str = ""
    at: datetime | None = None
    url: str = ""
    is_change: bool = False
    who: str = ""

    @property
    def kind_name(self) -> str:
        model = history.kind_of(self.kind)
        return str(model._meta.verbose_name) if model else self.kind


@dataclass
class Section:
    """One list of the queue; `count` is of all its rows, of which the first are in `rows`."""

    key: str
    count: int = 0
    rows: list[Any] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def things(kind: type[Publishable], condition: Q, at: Any, public: bool) -> models.QuerySet:
    objects = kind._default_manager.all()
    if public and isinstance(objects, PublishableQuerySet):
        objects = objects.published()
    names = {f.name for f in kind._meta.get_fields()}
    return (
        objects.filter(condition)
        .order_by()
        .annotate(
            row_kind=Value(kind._meta.label_lower, output_field=CharField()),
            row_place=F("forum__name") if "forum" in names else Value("", CharField()),
            row_at=at,
        )
        .values_list("row_kind", "pk", "title", "row_place", "row_at")
    )


def of_all_kinds(condition: Q, at: Any, public: bool = False) -> models.QuerySet:
    """Return (kind, key, title, forum, moment) of all that meet `condition`, by the moment."""
    first, *others = [things(kind, condition, at, public) for kind in publishing.kinds()]
    return first.union(*others, all=True).order_by("row_at", "row_kind", "pk")


def change_url(kind: str, pk: int) -> str:
    return reverse(f"admin:{kind.replace('.', '_')}_change", args=(pk,))


def review_url(kind: str, pk: int) -> str:
    return reverse("admin:review_thing", args=(kind, pk))


def waiting() -> models.QuerySet:
    return of_all_kinds(Q(state=PublicationState.IN_REVIEW), F("updated_at"))


def changes() -> models.QuerySet[PendingRevision]:
    return PendingRevision.objects.filter(state=PendingRevision.State.IN_REVIEW)


def scheduled(now: datetime) -> models.QuerySet:
    return of_all_kinds(
        Q(Q(expire_at__isnull=True) | Q(expire_at__gt=now))
        & Q(state=PublicationState.PUBLISHED, publish_at__gt=now),
        F("publish_at"),
    )


def ending(now: datetime) -> models.QuerySet:
    return of_all_kinds(
        Q(expire_at__lte=now + timedelta(days=ENDING_DAYS)), F("expire_at"), public=True
    )


def old(now: datetime) -> models.QuerySet:
    looked_at = Coalesce("reviewed_at", "publish_at")
    limit = now - timedelta(days=OLD_DAYS)
    return of_all_kinds(
        Q(reviewed_at__lt=limit) | Q(reviewed_at__isnull=True, publish_at__lt=limit),
        looked_at,
        public=True,
    )


def undescribed() -> models.QuerySet[Photo]:
    """Return the photos that something shows and that say nothing to who does not see them."""
    shown = Q()
    for relation in Photo._meta.related_objects:
        if relation.one_to_many:
            shown |= Q(**{f"{relation.name}__isnull": False})
    return Photo.objects.filter(shown, is_decorative=True).distinct()


def counts() -> dict[str, int]:
    """Return how many things each list has that the first page of the admin tells of."""
    now = timezone.now()
    return {
        "waiting": waiting().count() + changes().count(),
        "scheduled": scheduled(now).count(),
        "ending": ending(now).count(),
        "old": old(now).count(),
    }


def rows_of(found: Iterable[tuple[Any, ...]], url: Any) -> list[Row]:
    return [
        Row(kind, pk, title, place or "", at, url(kind, pk)) for kind, pk, title, place, at in found
    ]


def queue() -> list[Section]:
    """Return all lists of the queue."""
    now = timezone.now()
    in_review, pending = waiting(), changes()
    waits = rows_of(in_review[:SHOWN], review_url) + [
        Row(
            revision.kind,
            revision.object_id,
            revision.title,
            at=revision.submitted_at,
            url=reverse("admin:review_revision", args=(revision.pk,)),
            is_change=True,
            who=str(revision.author or ""),
        )
        for revision in pending.select_related("author").defer("data")[:SHOWN]
    ]
    sections = [
        Section(
            "waiting",
            in_review.count() + pending.count(),
            sorted(waits, key=lambda row: row.at or now),
        )
    ]
    for key, found in (("scheduled", scheduled(now)), ("ending", ending(now)), ("old", old(now))):
        sections.append(Section(key, found.count(), rows_of(found[:SHOWN], change_url)))
    photos = undescribed()
    sections.append(Section("undescribed", photos.count(), list(photos[:SHOWN])))
    broken = broken_links()
    sections.append(Section("broken", len(broken), broken[:SHOWN]))
    return sections


# --- Links --------------------------------------------------------------------------------------


@dataclass
class BrokenLink:
    """A link in something public that leads to no public page."""

    row: Row
    address: str


def own_path(address: str) -> str | None:
    """Return the path that a link of our own leads to, without query and fragment; else None."""
    address = unescape(address)
    if address.startswith(f"{settings.SITE_URL}/"):
        address = address.removeprefix(settings.SITE_URL)
    if not address.startswith("/") or address.startswith(("//", settings.STATIC_URL)):
        return None
    return re.split(r"[?#]", address, maxsplit=1)[0]


def links_in_public() -> list[tuple[Row, str]]:
    """Return each link of our own in the rich texts of what is public, with where it stands."""
    found = []
    for kind in publishing.kinds():
        names = [f.name for f in kind._meta.concrete_fields if isinstance(f, RichTextField)]
        if not names:
            continue
        has_link = Q()
        for name in names:
            has_link |= Q(**{f"{name}__contains": "href="})
        public = kind._default_manager.published().filter(has_link)
        for pk, title, *texts in public.order_by("-publish_at").values_list("pk", "title", *names)[
            :READ_FOR_LINKS
        ]:
            label = kind._meta.label_lower
            row = Row(label, pk, title, url=change_url(label, pk))
            found += [(row, address) for text in texts for address in LINK.findall(text)]
    return found


def broken_links() -> list[BrokenLink]:
    """Return the links that lead nowhere: no address of ours, or nothing public is there now.

    Each address is asked as a visitor would ask; at most TRIED_LINKS different ones.
    """
    answers: dict[str, bool] = {}
    broken = []
    for row, address in links_in_public():
        path = own_path(address)
        if path is None:
            continue
        if path not in answers:
            if len(answers) == TRIED_LINKS:
                continue
            answers[path] = is_public_page(path)
        if not answers[path]:
            broken.append(BrokenLink(row, unescape(address)))
    return broken


def is_public_page(path: str) -> bool:
    """Say whether a visitor who asks for `path` is shown something."""
    if path.startswith(CLOSED):
        return False
    try:
        response = answer_to(visitors_request(path), resolve(path))
    except (Http404, PermissionDenied, Resolver404):
        return False
    return response.status_code == 200


# --- Calendar -----------------------------------------------------------------------------------


@dataclass
class Entry:
    """That something goes up or down at a moment; not `is_sure` while nobody has approved it."""

    row: Row
    goes_up: bool
    is_sure: bool


def going(first: date, last: date) -> dict[date, list[Entry]]:
    """Return what goes up and down on each of the days `first` to `last`."""
    start, end = (
        timezone.make_aware(datetime.combine(day, time.min))
        for day in (first, last + timedelta(days=1))
    )
    published, unsure = (
        Q(state=PublicationState.PUBLISHED),
        Q(state__in=(PublicationState.DRAFT, PublicationState.IN_REVIEW)),
    )
    up = Q(publish_at__gte=start, publish_at__lt=end)
    down = Q(expire_at__gte=start, expire_at__lt=end)
    days: dict[date, list[Entry]] = {}
    for condition, name, sure in (
        (published & up, "publish_at", True),
        (unsure & up, "publish_at", False),
        (published & down, "expire_at", True),
    ):
        for row in rows_of(of_all_kinds(condition, F(name)), change_url):
            day = timezone.localdate(row.at)
            days.setdefault(day, []).append(Entry(row, name == "publish_at", sure))
    for entries in days.values():
        entries.sort(key=lambda entry: entry.row.at or start)
    return days

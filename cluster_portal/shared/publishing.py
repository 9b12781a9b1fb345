"""The one rule that decides what the public sees, and when; and which state may follow which."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Self

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PublicationState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


# What may follow a state; nothing else does. A change of what is published is reviewed beside it,
# as a pending revision, so a published thing is never itself in review.
TRANSITIONS: dict[str, frozenset[str]] = {
    PublicationState.DRAFT: frozenset(
        {PublicationState.IN_REVIEW, PublicationState.PUBLISHED, PublicationState.ARCHIVED}
    ),
    PublicationState.IN_REVIEW: frozenset(
        {PublicationState.DRAFT, PublicationState.PUBLISHED, PublicationState.ARCHIVED}
    ),
    PublicationState.PUBLISHED: frozenset({PublicationState.DRAFT, PublicationState.ARCHIVED}),
    PublicationState.ARCHIVED: frozenset({PublicationState.DRAFT, PublicationState.PUBLISHED}),
}


class ImpossibleTransition(ValueError):
    """A thing was to go from one state to another that cannot follow it."""


def may_follow(old: str, new: str) -> bool:
    """Say whether a thing in the state `old` may be put into the state `new`."""
    return old == new or new in TRANSITIONS.get(old, ())


# The one thing that is shown as if it were public, to who looks at its preview.
_shown: ContextVar[tuple[type[models.Model], int] | None] = ContextVar("shown", default=None)


@contextmanager
def as_if_published(thing: models.Model) -> Iterator[None]:
    """Within, `thing` counts as public, for whoever asks in this thread; nothing is written."""
    token = _shown.set((type(thing), thing.pk))
    try:
        yield
    finally:
        _shown.reset(token)


class PublishableQuerySet(models.QuerySet):
    """A queryset that knows what is public."""

    def published(self, at: datetime | None = None) -> Self:
        """Return what is public at the moment `at` (now, if not given).

        Decided when asked, by the clock: a scheduled thing appears and an expired one goes
        without any worker running.
        """
        at = at or timezone.now()
        public = Q(
            Q(expire_at__isnull=True) | Q(expire_at__gt=at),
            state=PublicationState.PUBLISHED,
            publish_at__lte=at,
        )
        shown = _shown.get()
        if shown is not None and shown[0] is self.model:
            public |= Q(pk=shown[1])
        return self.filter(public)


class Publishable(models.Model):
    """Something that is written before it is public, and may cease to be public."""

    state = models.CharField(
        _("state"),
        max_length=12,
        choices=PublicationState,
        default=PublicationState.DRAFT,
        help_text=_("Only what is published can be seen on the site."),
    )
    publish_at = models.DateTimeField(
        _("publish at"),
        null=True,
        blank=True,
        help_text=_("From this moment it is public. Empty means at once."),
    )
    expire_at = models.DateTimeField(
        _("take down at"),
        null=True,
        blank=True,
        help_text=_("From this moment it is no longer public. Empty means never."),
    )
    reviewed_at = models.DateTimeField(
        _("last looked at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When an editor last found that it still holds."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    objects = PublishableQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: tuple[models.BaseConstraint, ...] = (
            models.CheckConstraint(
                condition=Q(state__in=PublicationState.values),
                name="%(app_label)s_%(class)s_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state=PublicationState.PUBLISHED) | Q(publish_at__isnull=False),
                name="%(app_label)s_%(class)s_published_has_time",
                violation_error_message=_("What is published must say since when."),
            ),
            models.CheckConstraint(
                condition=Q(expire_at__isnull=True)
                | Q(publish_at__isnull=True)
                | Q(expire_at__gt=F("publish_at")),
                name="%(app_label)s_%(class)s_expires_after_publishing",
                violation_error_message=_("It must be taken down after it is published."),
            ),
        )
        indexes: tuple[models.Index, ...] = (
            models.Index(fields=["state", "-publish_at"], name="%(app_label)s_%(class)s_public"),
        )

    # The state in which the row was read or last saved; None for a row that was not read.
    stored_state: str | None = None

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> Self:
        thing = super().from_db(db, field_names, values)
        thing.stored_state = thing.__dict__.get("state")
        if _shown.get() == (cls, thing.pk) and thing.__dict__.get("publish_at", "") is None:
            # A preview shows the day on which it would be published if it were now.
            thing.publish_at = timezone.now()
        return thing

    def refresh_from_db(
        self, using: str | None = None, fields: Any = None, from_queryset: Any = None
    ) -> None:
        super().refresh_from_db(using, fields, from_queryset)
        if fields is None or "state" in fields:
            self.stored_state = self.state

    def clean(self) -> None:
        super().clean()
        if self.stored_state is not None and not may_follow(self.stored_state, self.state):
            text = _("It cannot be put into this state from where it is.")
            raise ValidationError({"state": text})
        self.set_publish_time()

    def save(self, **kwargs) -> None:
        """Save; raise ImpossibleTransition for a state that cannot follow the one it had."""
        if self.stored_state is not None and not may_follow(self.stored_state, self.state):
            raise ImpossibleTransition(f"{self.stored_state} -> {self.state}")
        self.set_publish_time()
        super().save(**kwargs)
        self.stored_state = self.state

    def set_publish_time(self) -> None:
        """A thing published without a time is published now."""
        if self.state == PublicationState.PUBLISHED and self.publish_at is None:
            self.publish_at = timezone.now()

    def is_published(self, at: datetime | None = None) -> bool:
        """Say whether this thing, as it stands in memory, is public at the moment `at` (now)."""
        at = at or timezone.now()
        return (
            self.state == PublicationState.PUBLISHED
            and self.publish_at is not None
            and self.publish_at <= at
            and (self.expire_at is None or at < self.expire_at)
        )


def kinds() -> Sequence[type[Publishable]]:
    """Return all kinds of things that are published."""
    return [kind for kind in apps.get_models() if issubclass(kind, Publishable)]

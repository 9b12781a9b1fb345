"""The one rule that decides what the public sees, and when."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PublicationState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


class PublishableQuerySet(models.QuerySet):
    """A queryset that knows what is public."""

    def published(self, at: datetime | None = None) -> Self:
        """Return what is public at the moment `at` (now, if not given).

        Decided when asked, by the clock: a scheduled thing appears and an expired one goes
        without any worker running.
        """
        at = at or timezone.now()
        return self.filter(
            Q(expire_at__isnull=True) | Q(expire_at__gt=at),
            state=PublicationState.PUBLISHED,
            publish_at__lte=at,
        )


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

    def clean(self) -> None:
        super().clean()
        self.set_publish_time()

    def save(self, **kwargs) -> None:
        self.set_publish_time()
        super().save(**kwargs)

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

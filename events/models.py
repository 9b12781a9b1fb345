"""The events, and the archive of what happened at them."""

from datetime import datetime
from pathlib import PurePath

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.models import Dated, Document, Ordered, Photo
from cluster_portal.shared.models.media import random_name
from cluster_portal.shared.publishing import Publishable
from cluster_portal.shared.richtext import RichTextField
from events.querysets import EventQuerySet, TopicQuerySet
from forums.models import Forum
from members.models import Goal, Municipality


class Event(Dated, Publishable):
    """Something that takes place at a time; afterwards its page is its archive."""

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    title = models.CharField(_("title"), max_length=160)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    is_all_day = models.BooleanField(
        _("whole days"), default=False, help_text=_("Tick when only the date matters or is known.")
    )
    place = models.CharField(_("place"), max_length=160, blank=True)
    municipality = models.ForeignKey(
        Municipality,
        verbose_name=_("municipality"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="events",
    )
    forum = models.ForeignKey(
        Forum,
        verbose_name=_("forum"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="events",
    )
    summary = models.CharField(
        _("summary"), max_length=300, blank=True, help_text=_("One or two sentences, in lists.")
    )
    body = RichTextField(_("text"), blank=True)
    source_text = models.TextField(
        _("the source's words"), blank=True, help_text=_("Shown as a quotation of its year.")
    )
    participants = models.TextField(
        _("participants"), blank=True, help_text=_("One group a line, on the event's page.")
    )
    outcomes = models.TextField(
        _("outcomes"), blank=True, help_text=_("One outcome a line, on the event's page.")
    )
    recording_label = models.CharField(
        _("title of the recordings"),
        max_length=120,
        blank=True,
        help_text=_("Above the recordings; given without one, the page says that it is missing."),
    )
    is_featured = models.BooleanField(
        _("on the home page"), default=False, help_text=_("The home page tells of it at length.")
    )
    photos = models.ManyToManyField(
        Photo, verbose_name=_("photos"), through="EventPhoto", related_name="events"
    )
    documents = models.ManyToManyField(
        Document, verbose_name=_("documents"), through="EventDocument", related_name="events"
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-starts_at", "-pk")
        constraints = (
            *Dated.Meta.constraints,
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="events_event_ends_after_start",
                violation_error_message=_("An event must not end before it starts."),
            ),
        )
        indexes = (
            *Publishable.Meta.indexes,
            models.Index(fields=["state", "starts_at"], name="events_event_by_time"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("events:event_detail", kwargs={"slug": self.slug})

    def is_over(self, at: datetime | None = None) -> bool:
        """Say whether it is over at the moment `at` (now); one of whole days lasts to their end."""
        at = at or timezone.now()
        last = self.ends_at or self.starts_at
        if self.is_all_day:
            return timezone.localdate(last) < timezone.localdate(at)
        return last < at

    @property
    def participant_list(self) -> list[str]:
        return [line.strip() for line in self.participants.splitlines() if line.strip()]

    @property
    def outcome_list(self) -> list[str]:
        return [line.strip() for line in self.outcomes.splitlines() if line.strip()]


class Topic(Ordered):
    """A subject discussed at an event, with the goal and the forum in whose field it lies."""

    event = models.ForeignKey(
        Event, verbose_name=_("event"), on_delete=models.CASCADE, related_name="topics"
    )
    title = models.CharField(_("topic"), max_length=120)
    goal = models.ForeignKey(
        Goal,
        verbose_name=_("goal"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="topics",
    )
    forum = models.ForeignKey(
        Forum,
        verbose_name=_("forum in the field"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="topics",
    )
    outcome = models.TextField(
        _("what came of it"), blank=True, help_text=_("Only what is known; empty shows nothing.")
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("event", "title"),
                name="events_topic_once",
                violation_error_message=_("This topic is already in the list."),
            ),
        )

    def __str__(self) -> str:
        return self.title


class EventPhoto(Ordered):
    """A photo in an event's gallery."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="photo_links")
    photo = models.ForeignKey(
        Photo, verbose_name=_("photo"), on_delete=models.CASCADE, related_name="event_links"
    )

    class Meta:
        verbose_name = _("photo of the event")
        verbose_name_plural = _("photos of the event")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("event", "photo"), name="events_eventphoto_once"),
        )

    def __str__(self) -> str:
        return str(self.photo)


class EventDocument(Ordered):
    """A document of an event."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="document_links")
    document = models.ForeignKey(
        Document,
        verbose_name=_("document"),
        on_delete=models.CASCADE,
        related_name="event_links",
    )

    class Meta:
        verbose_name = _("document of the event")
        verbose_name_plural = _("documents of the event")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("event", "document"), name="events_eventdocument_once"),
        )

    def __str__(self) -> str:
        return str(self.document)


def recording_path(recording: "Recording", filename: str) -> str:
    return random_name("recordings", PurePath(filename).suffix.lower()[:5])


def captions_path(recording: "Recording", filename: str) -> str:
    return random_name("captions", ".vtt")


class RecordingQuerySet(models.QuerySet):
    def public(self) -> "RecordingQuerySet":
        """Return what may be shown once its event is: staff have released it."""
        return self.filter(is_released=True)


class Recording(Ordered):
    """A film or sound of an event: a file of our own with captions, or a link to elsewhere."""

    event = models.ForeignKey(
        Event, verbose_name=_("event"), on_delete=models.CASCADE, related_name="recordings"
    )
    title = models.CharField(_("title"), max_length=160)
    file = models.FileField(_("file"), upload_to=recording_path, blank=True)
    captions = models.FileField(
        _("captions"),
        upload_to=captions_path,
        blank=True,
        help_text=_("A WebVTT file. The law asks for captions; without them a film is not shown."),
    )
    transcript = RichTextField(_("transcript"), blank=True)
    url = models.URLField(
        _("link"), blank=True, help_text=_("Instead of a file: where it can be watched.")
    )
    is_released = models.BooleanField(_("shown to the public"), default=False)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ("order", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(file="") | ~Q(url=""),
                name="events_recording_file_or_link",
                violation_error_message=_("Give a file or a link."),
            ),
            models.CheckConstraint(
                condition=Q(is_released=False) | Q(file="") | ~Q(captions=""),
                name="events_recording_captions",
                violation_error_message=_("A film can be shown to the public only with captions."),
            ),
        )

    def __str__(self) -> str:
        return self.title

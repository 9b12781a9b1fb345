"""The work: forums, their coordinators and updates, the milestone tiers, the incubator."""

from pathlib import PurePath

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.models import Dated, Document, Ordered, Photo, Submission
from cluster_portal.shared.models.media import random_name
from cluster_portal.shared.publishing import Publishable
from cluster_portal.shared.richtext import RichTextField
from forums.querysets import (
    CoordinatorQuerySet,
    ForumQuerySet,
    ForumUpdateQuerySet,
    InitiativeQuerySet,
    MilestoneTierQuerySet,
)
from members.models import Goal, Municipality


class Forum(Ordered, Dated):
    """A regional working group of the members' professionals."""

    class Kind(models.TextChoices):
        LEAD = "lead", _("Lead forum")
        THEMATIC = "thematic", _("Thematic forum")
        THINK_TEAM = "think_team", _("Think team")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        BEING_ESTABLISHED = "being_established", _("Being established")
        ACTIVE = "active", _("Active")
        CLOSED = "closed", _("Closed")

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.THEMATIC)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.PLANNED)
    name = models.CharField(_("name"), max_length=120, unique=True)
    field = models.CharField(
        _("field"), max_length=80, blank=True, help_text=_("In a word or two, for short lists.")
    )
    purpose = models.TextField(
        _("purpose"), blank=True, help_text=_("At the top of the forum's page.")
    )
    composition = models.TextField(
        _("who takes part"), blank=True, help_text=_("On the forum's page.")
    )
    since_year = models.PositiveSmallIntegerField(_("since year"), null=True, blank=True)
    source_text = models.TextField(
        _("the source's words"), blank=True, help_text=_("Shown as a quotation of its year.")
    )
    goal = models.ForeignKey(
        Goal,
        verbose_name=_("goal"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="forums",
    )
    is_trusted = models.BooleanField(
        _("publishes without review"),
        default=False,
        help_text=_(
            "Its coordinators publish on their own. Otherwise an editor approves every update and "
            "every later change of one."
        ),
    )
    documents = models.ManyToManyField(
        Document, verbose_name=_("documents"), through="ForumDocument", related_name="forums"
    )
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    objects = ForumQuerySet.as_manager()

    class Meta:
        verbose_name = _("forum")
        verbose_name_plural = _("forums")
        ordering = ("order", "pk")
        constraints = (
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=("lead", "thematic", "think_team")),
                name="forums_forum_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("planned", "being_established", "active", "closed")),
                name="forums_forum_known_state",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("forums:forum_detail", kwargs={"slug": self.slug})


class ForumDocument(Ordered):
    """A document on a forum's page."""

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="document_links")
    document = models.ForeignKey(
        Document,
        verbose_name=_("document"),
        on_delete=models.CASCADE,
        related_name="forum_links",
    )

    class Meta:
        verbose_name = _("document of the forum")
        verbose_name_plural = _("documents of the forum")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("forum", "document"), name="forums_forumdocument_once"),
        )

    def __str__(self) -> str:
        return str(self.document)


class Coordinator(models.Model):
    """Ties a user to a forum: they write its updates, from one day to another."""

    forum = models.ForeignKey(
        Forum, verbose_name=_("forum"), on_delete=models.CASCADE, related_name="coordinators"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="coordinations",
    )
    is_shown = models.BooleanField(
        _("shown to the public"), default=True, help_text=_("By name, on the forum's page.")
    )
    stands_in_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stands in for"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("For a time: give the first and the last day too."),
    )
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until"), null=True, blank=True)

    objects = CoordinatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("coordinator")
        verbose_name_plural = _("coordinators")
        ordering = ("forum", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("forum", "user"),
                name="forums_coordinator_once",
                violation_error_message=_("This person already coordinates this forum."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="forums_coordinator_ends_after_start",
                violation_error_message=_("The last day must not precede the first."),
            ),
            models.CheckConstraint(
                condition=Q(stands_in_for__isnull=True) | Q(ends_on__isnull=False),
                name="forums_coordinator_stand_in_ends",
                violation_error_message=_("A stand-in needs a last day."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.forum}"


class ForumUpdate(Publishable):
    """News that a forum tells the public."""

    forum = models.ForeignKey(
        Forum, verbose_name=_("forum"), on_delete=models.CASCADE, related_name="updates"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="updates",
    )
    title = models.CharField(_("title"), max_length=160)
    summary = models.CharField(
        _("summary"),
        max_length=300,
        blank=True,
        help_text=_("One or two sentences, in lists and search engines."),
    )
    body = RichTextField(_("text"))
    municipalities = models.ManyToManyField(
        Municipality,
        verbose_name=_("municipalities"),
        blank=True,
        related_name="updates",
        help_text=_("Those the update speaks of; it shows on their pages too."),
    )
    photos = models.ManyToManyField(
        Photo, verbose_name=_("photos"), through="ForumUpdatePhoto", related_name="updates"
    )
    documents = models.ManyToManyField(
        Document, verbose_name=_("documents"), through="ForumUpdateDocument", related_name="updates"
    )
    # The number of the desk's form in which it was first written: sent twice, it is stored once.
    form_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)

    objects = ForumUpdateQuerySet.as_manager()

    class Meta(Publishable.Meta):
        verbose_name = _("forum update")
        verbose_name_plural = _("forum updates")
        ordering = ("-publish_at", "-pk")
        indexes = (
            *Publishable.Meta.indexes,
            models.Index(fields=["forum", "state", "-publish_at"], name="forums_update_of_forum"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse(
            "forums:update_detail", kwargs={"forum_slug": self.forum.slug, "pk": self.pk}
        )

    @property
    def cover(self) -> Photo | None:
        """The picture beside it in a list, of rows from `for_lists()`; the title says it all."""
        if not getattr(self, "cover_id", None):
            return None
        return Photo(
            pk=self.cover_id,  # type: ignore[attr-defined]
            width=self.cover_width,  # type: ignore[attr-defined]
            height=self.cover_height,  # type: ignore[attr-defined]
            is_decorative=True,
        )


class ForumUpdatePhoto(Ordered):
    """A photo in an update."""

    update = models.ForeignKey(ForumUpdate, on_delete=models.CASCADE, related_name="photo_links")
    photo = models.ForeignKey(
        Photo, verbose_name=_("photo"), on_delete=models.CASCADE, related_name="update_links"
    )

    class Meta:
        verbose_name = _("photo of the update")
        verbose_name_plural = _("photos of the update")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("update", "photo"), name="forums_updatephoto_once"),
        )

    def __str__(self) -> str:
        return str(self.photo)


class ForumUpdateDocument(Ordered):
    """A document in an update."""

    update = models.ForeignKey(ForumUpdate, on_delete=models.CASCADE, related_name="document_links")
    document = models.ForeignKey(
        Document,
        verbose_name=_("document"),
        on_delete=models.CASCADE,
        related_name="update_links",
    )

    class Meta:
        verbose_name = _("document of the update")
        verbose_name_plural = _("documents of the update")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("update", "document"), name="forums_updatedocument_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.document)


class MilestoneTier(Ordered, Dated):
    """One of the three levels on which the cluster works."""

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    title = models.CharField(_("title"), max_length=120)
    summary = models.TextField(_("in short"), blank=True, help_text=_("In our own words of today."))
    text = models.TextField(_("text"), help_text=_("Shown as a quotation of its year."))
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    objects = MilestoneTierQuerySet.as_manager()

    class Meta(Dated.Meta):
        verbose_name = _("milestone tier")
        verbose_name_plural = _("milestone tiers")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('forums:milestone_list')}#{self.slug}"


class Milestone(Ordered, Dated):
    """A commitment within a tier, and where it stands."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        UNDER_WAY = "under_way", _("Under way")
        DONE = "done", _("Done")

    tier = models.ForeignKey(
        MilestoneTier, verbose_name=_("tier"), on_delete=models.CASCADE, related_name="milestones"
    )
    text = models.TextField(_("commitment"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    evidence = models.TextField(
        _("evidence"), blank=True, help_text=_("What shows that it stands so; public.")
    )
    forums = models.ManyToManyField(
        Forum,
        verbose_name=_("forums"),
        blank=True,
        related_name="milestones",
        help_text=_("The forums it calls for; it shows on their pages too."),
    )
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    class Meta:
        verbose_name = _("commitment")
        verbose_name_plural = _("commitments")
        ordering = ("tier", "order", "pk")
        constraints = (
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(state__in=("planned", "under_way", "done")),
                name="forums_milestone_known_state",
            ),
        )

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return f"{reverse('forums:milestone_list')}#milestone-{self.pk}"


class InitiativeKind(Ordered, Dated):
    """Where an initiative of the incubator grows from."""

    slug = models.SlugField(_("key"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("the source's words"), blank=True)

    class Meta(Dated.Meta):
        verbose_name = _("kind of initiative")
        verbose_name_plural = _("kinds of initiative")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('forums:incubator')}#kinds"


def attachment_path(proposal: "Proposal", filename: str) -> str:
    return random_name("proposals", PurePath(filename).suffix.lower()[:5])


class Proposal(Submission):
    """An initiative that somebody outside proposes to the incubator; personal data."""

    organisation = models.CharField(_("organisation"), max_length=160, blank=True)
    title = models.CharField(_("name of the initiative"), max_length=160)
    field = models.ForeignKey(
        Forum,
        verbose_name=_("field"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="proposals",
    )
    municipalities = models.ManyToManyField(
        Municipality, verbose_name=_("municipalities"), blank=True, related_name="proposals"
    )
    description = models.TextField(_("description"))
    attachment = models.FileField(
        _("attachment"), upload_to=attachment_path, blank=True, max_length=200
    )
    attachment_name = models.CharField(_("file name"), max_length=160, blank=True, editable=False)

    class Meta(Submission.Meta):
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"


class Initiative(Publishable):
    """An initiative that the incubator fosters."""

    class Stage(models.TextChoices):
        EXAMINED = "examined", _("Being examined")
        UNDER_WAY = "under_way", _("Under way")
        DONE = "done", _("Done")

    title = models.CharField(_("title"), max_length=160)
    kind = models.ForeignKey(
        InitiativeKind,
        verbose_name=_("kind"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="initiatives",
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.EXAMINED)
    organisation = models.CharField(_("organisation"), max_length=160, blank=True)
    summary = models.CharField(
        _("summary"), max_length=300, help_text=_("One or two sentences, in lists.")
    )
    body = RichTextField(_("text"), blank=True)
    forum = models.ForeignKey(
        Forum,
        verbose_name=_("forum"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="initiatives",
    )
    municipalities = models.ManyToManyField(
        Municipality, verbose_name=_("municipalities"), blank=True, related_name="initiatives"
    )
    proposal = models.OneToOneField(
        Proposal,
        verbose_name=_("proposal"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="initiative",
    )

    objects = InitiativeQuerySet.as_manager()

    class Meta(Publishable.Meta):
        verbose_name = _("initiative")
        verbose_name_plural = _("initiatives")
        ordering = ("-publish_at", "-pk")
        constraints = (
            *Publishable.Meta.constraints,
            models.CheckConstraint(
                condition=Q(stage__in=("examined", "under_way", "done")),
                name="forums_initiative_known_stage",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("forums:initiative_detail", kwargs={"pk": self.pk})

"""Who the cluster is: its member authorities, its goals, its story and the bodies beside it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.models import Dated, Ordered, Source
from cluster_portal.shared.publishing import Publishable
from cluster_portal.shared.richtext import RichTextField
from members.querysets import GoalQuerySet, MunicipalityQuerySet


def in_israel_or_nowhere() -> Q:
    """Return the rule for coordinates: both, of a place in Israel, or none.

    One without the other is told by name: a comparison with nothing is neither true nor false, and
    a database lets pass what is not false.
    """
    nowhere = Q(latitude__isnull=True, longitude__isnull=True)
    return nowhere | Q(
        latitude__isnull=False,
        longitude__isnull=False,
        latitude__range=(29, 34),
        longitude__range=(34, 36),
    )


class Municipality(Ordered):
    """A local authority that is a member of the cluster."""

    class Kind(models.TextChoices):
        CITY = "city", _("City")
        REGIONAL_COUNCIL = "regional_council", _("Regional council")

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=80, unique=True)
    formal_name = models.CharField(
        _("formal name"), max_length=120, help_text=_("The heading of its page.")
    )
    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    name_ar = models.CharField(_("name in Arabic"), max_length=80, blank=True)
    summary = models.TextField(
        _("in short"), blank=True, help_text=_("A few lines at the top of its page.")
    )
    latitude = models.DecimalField(
        _("latitude"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Of the town hall or the council's offices; places it on the map."),
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=7, decimal_places=4, null=True, blank=True
    )
    website = models.URLField(_("website"), blank=True)
    joined_year = models.PositiveSmallIntegerField(_("year of joining"), null=True, blank=True)
    left_year = models.PositiveSmallIntegerField(_("year of leaving"), null=True, blank=True)
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    objects = MunicipalityQuerySet.as_manager()

    class Meta:
        verbose_name = _("municipality")
        verbose_name_plural = _("municipalities")
        ordering = ("order", "name")
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=("city", "regional_council")),
                name="members_municipality_known_kind",
            ),
            models.CheckConstraint(
                condition=in_israel_or_nowhere(),
                name="members_municipality_in_israel",
                violation_error_message=_("Give both coordinates of a place in Israel, or none."),
            ),
            models.CheckConstraint(
                condition=Q(left_year__isnull=True)
                | Q(joined_year__isnull=True)
                | Q(left_year__gte=F("joined_year")),
                name="members_municipality_leaves_after_joining",
                violation_error_message=_("The year of leaving must not precede that of joining."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("members:municipality_detail", kwargs={"slug": self.slug})


class MunicipalityFact(Ordered):
    """One figure about a municipality, true of one year and known from one source."""

    municipality = models.ForeignKey(
        Municipality, verbose_name=_("municipality"), on_delete=models.CASCADE, related_name="facts"
    )
    label = models.CharField(_("what"), max_length=80)
    value = models.CharField(
        _("value"), max_length=80, help_text=_("As it is to be read, for example 76,237.")
    )
    year = models.PositiveSmallIntegerField(
        _("as of year"), validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    note = models.CharField(_("note"), max_length=160, blank=True)
    source = models.ForeignKey(
        Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        ordering = ("order", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("municipality", "label", "year"),
                name="members_fact_once_a_year",
                violation_error_message=_("This figure is already given for this year."),
            ),
            models.CheckConstraint(
                condition=Q(year__range=(1900, 2100)), name="members_fact_sensible_year"
            ),
        )

    def __str__(self) -> str:
        return f"{self.label}: {self.value} ({self.year})"


class Locality(models.Model):
    """A village or other place within a regional council."""

    municipality = models.ForeignKey(
        Municipality,
        verbose_name=_("municipality"),
        on_delete=models.CASCADE,
        related_name="localities",
    )
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True)
    kind = models.CharField(_("kind"), max_length=60, help_text=_("For example: kibbutz, moshav."))
    latitude = models.DecimalField(
        _("latitude"), max_digits=7, decimal_places=4, null=True, blank=True
    )
    longitude = models.DecimalField(
        _("longitude"), max_digits=7, decimal_places=4, null=True, blank=True
    )

    class Meta:
        verbose_name = _("locality")
        verbose_name_plural = _("localities")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("municipality", "name"),
                name="members_locality_name",
                violation_error_message=_("This locality is already in the list."),
            ),
            models.CheckConstraint(
                condition=in_israel_or_nowhere(),
                name="members_locality_in_israel",
                violation_error_message=_("Give both coordinates of a place in Israel, or none."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Goal(Ordered, Dated):
    """One of the aims for which the cluster was founded."""

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(
        _("text"), help_text=_("On the goals page and, if chosen, on the home page.")
    )
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    objects = GoalQuerySet.as_manager()

    class Meta(Dated.Meta):
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('members:goal_list')}#{self.slug}"


class StoryChapter(Ordered, Dated, Publishable):
    """A chapter of how the cluster came to be."""

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    title = models.CharField(_("title"), max_length=120)
    year = models.PositiveSmallIntegerField(
        _("year"),
        null=True,
        blank=True,
        help_text=_("Of what is told; empty if no source tells it."),
    )
    period = models.CharField(
        _("period"), max_length=40, blank=True, help_text=_("Shown instead of a missing year.")
    )
    summary = models.TextField(_("in short"), blank=True, help_text=_("In our own words of today."))
    text = models.TextField(_("text"), help_text=_("Shown as a quotation of its year."))
    municipality = models.ForeignKey(
        Municipality,
        verbose_name=_("where"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="story_chapters",
    )

    class Meta:
        verbose_name = _("story chapter")
        verbose_name_plural = _("story chapters")
        ordering = ("order", "pk")
        constraints = (*Dated.Meta.constraints, *Publishable.Meta.constraints)
        indexes = Publishable.Meta.indexes

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('members:story')}#{self.slug}"


class RelatedBody(Ordered, Dated):
    """A body beside the cluster: one that accompanied it, or one that its old page names."""

    class Kind(models.TextChoices):
        ACCOMPANYING = "accompanying", _("Accompanies the cluster")
        BESIDE = "beside", _("Named beside the cluster")

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; in the page's address.")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name = models.CharField(_("name"), max_length=160)
    summary = models.TextField(_("in short"), blank=True, help_text=_("In our own words of today."))
    text = RichTextField(_("text"), blank=True)
    website = models.URLField(_("website"), blank=True)
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    class Meta:
        verbose_name = _("related body")
        verbose_name_plural = _("related bodies")
        ordering = ("order", "pk")
        constraints = (
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=("accompanying", "beside")),
                name="members_relatedbody_known_kind",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('members:related_list')}#{self.slug}"


class OfficeHolder(Ordered, Dated):
    """A person and the post they held in a related body, as of a year."""

    body = models.ForeignKey(
        RelatedBody, verbose_name=_("body"), on_delete=models.CASCADE, related_name="office_holders"
    )
    post = models.CharField(_("post"), max_length=120)
    name = models.CharField(_("name"), max_length=120)

    class Meta(Dated.Meta):
        verbose_name = _("office holder")
        verbose_name_plural = _("office holders")
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return f"{self.post}: {self.name}"

"""The site's own texts: settings, free pages, the accessibility statement, quotations."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.publishing import Publishable
from cluster_portal.shared.richtext import RichTextField


class Ordered(models.Model):
    """Something whose place in its list staff decide."""

    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("Small numbers come first.")
    )

    class Meta:
        abstract = True


class Source(models.Model):
    """A public document from which a text or a figure was taken."""

    title = models.CharField(_("title"), max_length=200, unique=True)
    publisher = models.CharField(_("publisher"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    url = models.URLField(_("address"), blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Dated(models.Model):
    """Something true as of a year, known from a source."""

    as_of = models.PositiveSmallIntegerField(
        _("as of year"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1900), MaxValueValidator(2100)],
        help_text=_("Shown beside the text, so that readers know when it was true."),
    )
    source = models.ForeignKey(
        Source,
        verbose_name=_("source"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(as_of__isnull=True) | Q(as_of__range=(1900, 2100)),
                name="%(app_label)s_%(class)s_sensible_year",
                violation_error_message=_("The year must lie between 1900 and 2100."),
            ),
        )


class Singleton(models.Model):
    """A model of exactly one row."""

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(condition=Q(pk=1), name="%(app_label)s_%(class)s_single_row"),
        )

    @classmethod
    def load(cls) -> Self:
        """Return the one row, or its defaults (unsaved) while there is none."""
        return cls._default_manager.filter(pk=1).first() or cls(pk=1)

    def save(self, **kwargs) -> None:
        self.pk = 1
        super().save(**kwargs)


class SiteSettings(Singleton):
    """Names, contacts and what the home page features."""

    name = models.CharField(
        _("name of the site"),
        max_length=80,
        default="אשכול נגב מערבי",
        help_text=_("In the header of every page and in its title."),
    )
    tagline = models.CharField(
        _("tagline"), max_length=160, blank=True, help_text=_("Under the name, in the header.")
    )
    description = models.CharField(
        _("description"),
        max_length=300,
        blank=True,
        help_text=_("What search engines show, on pages that have no description of their own."),
    )
    home_heading = models.CharField(
        _("heading of the home page"),
        max_length=160,
        blank=True,
        help_text=_("The first thing people read: who we are, in one sentence."),
    )
    home_intro = models.TextField(
        _("opening of the home page"), blank=True, help_text=_("A few lines under the heading.")
    )
    home_updates = models.PositiveSmallIntegerField(
        _("updates on the home page"),
        default=4,
        validators=[MaxValueValidator(12)],
        help_text=_("How many of the newest updates the home page shows."),
    )
    home_shows_goals = models.BooleanField(_("home page shows the goals"), default=True)
    home_shows_milestones = models.BooleanField(_("home page shows the three tiers"), default=True)
    contact_email = models.EmailField(
        _("e-mail for the public"),
        blank=True,
        help_text=_("On the contact page and in the footer."),
    )
    contact_phone = models.CharField(_("telephone"), max_length=30, blank=True)
    address = models.CharField(_("postal address"), max_length=200, blank=True)
    contact_text = models.TextField(
        _("whom to ask"), blank=True, help_text=_("On the contact page, above the form.")
    )
    notice_email = models.EmailField(
        _("e-mail for notices"),
        blank=True,
        help_text=_("Where notices of new messages and proposals go. Not shown to the public."),
    )
    retention_days = models.PositiveSmallIntegerField(
        _("days that submissions are kept"),
        default=365,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
        help_text=_("Messages and proposals are erased this many days after they were sent."),
    )
    controller = models.CharField(
        _("who holds the personal data"),
        max_length=200,
        blank=True,
        help_text=_("Name and address, in the notice beside every form."),
    )

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = (
            *Singleton.Meta.constraints,
            models.CheckConstraint(
                condition=Q(retention_days__range=(30, 3650)),
                name="shared_sitesettings_sensible_retention",
            ),
            models.CheckConstraint(
                condition=Q(home_updates__lte=12), name="shared_sitesettings_home_updates"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AccessibilityStatement(Singleton):
    """What regulation 35ה asks a public body to say about its site's accessibility."""

    introduction = RichTextField(_("introduction"), blank=True)
    adaptations = RichTextField(_("adaptations made in the site"), blank=True)
    known_gaps = RichTextField(_("known gaps, and what is offered instead"), blank=True)
    exemptions = RichTextField(_("exemptions, and the alternative offered"), blank=True)
    places = RichTextField(_("accessibility of the places that receive the public"), blank=True)
    coordinator_name = models.CharField(_("accessibility coordinator"), max_length=120, blank=True)
    coordinator_email = models.EmailField(_("the coordinator's e-mail"), blank=True)
    coordinator_phone = models.CharField(
        _("the coordinator's telephone"), max_length=30, blank=True
    )
    checked_on = models.DateField(
        _("last checked on"),
        null=True,
        blank=True,
        help_text=_("The date of the last accessibility check. Leave empty while there was none."),
    )
    checked_how = models.TextField(
        _("how it was checked"),
        blank=True,
        help_text=_("By whom, with which browsers and readers."),
    )
    updated_at = models.DateTimeField(_("last changed at"), auto_now=True)

    class Meta(Singleton.Meta):
        verbose_name = _("accessibility statement")
        verbose_name_plural = _("accessibility statement")

    def __str__(self) -> str:
        return str(_("accessibility statement"))

    def get_absolute_url(self) -> str:
        return reverse("front:accessibility")


class Page(Publishable):
    """A free page, such as privacy or freedom of information."""

    slug = models.SlugField(
        _("address"), unique=True, help_text=_("Latin letters; the page stands at /<address>/.")
    )
    title = models.CharField(_("title"), max_length=160)
    summary = models.CharField(
        _("summary"), max_length=300, blank=True, help_text=_("For search engines and lists.")
    )
    body = RichTextField(_("text"))

    class Meta(Publishable.Meta):
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("front:page_detail", kwargs={"slug": self.slug})


class SourceQuoteQuerySet(models.QuerySet):
    def on_page(self, page: str) -> Self:
        """Return the quotations whose key says that they stand on `page`, such as ``members-…``."""
        return self.filter(key__startswith=f"{page}-").select_related("source").order_by("pk")


class SourceQuote(Dated):
    """A passage of an old text that the site shows word for word."""

    key = models.SlugField(
        _("key"), unique=True, help_text=_("Where the passage shows; do not change it.")
    )
    text = models.TextField(_("text"))

    objects = SourceQuoteQuerySet.as_manager()

    class Meta(Dated.Meta):
        verbose_name = _("quotation")
        verbose_name_plural = _("quotations")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key

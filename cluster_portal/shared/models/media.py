"""Photos and documents, shared by all that show them."""

import secrets
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import photos
from cluster_portal.shared.documents import DOCUMENT_KINDS, download_name


class Licence(models.TextChoices):
    """On what terms we may show a work, and others may use it."""

    GRANTED = "granted", _("Shown with the owner's consent, all rights reserved")
    CC_BY = "cc-by-4.0", _("Creative Commons Attribution 4.0")
    CC_BY_SA = "cc-by-sa-4.0", _("Creative Commons Attribution-ShareAlike 4.0")
    PUBLIC_DOMAIN = "public-domain", _("Public domain")


def random_name(folder: str, suffix: str) -> str:
    """Return a path under `folder` that nobody can guess and that says nothing of its sender."""
    name = secrets.token_hex(16)
    return f"{folder}/{name[:2]}/{name}{suffix}"


def original_path(photo: "Photo", filename: str) -> str:
    return random_name("originals", PurePath(filename).suffix.lower()[:5])


def document_path(document: "Document", filename: str) -> str:
    return random_name("documents", PurePath(filename).suffix.lower()[:5])


class Attachment(models.Model):
    """What photos and documents have in common."""

    credit = models.CharField(
        _("credit"), max_length=160, help_text=_("Who made it; shown beside it.")
    )
    licence = models.CharField(
        _("licence"), max_length=20, choices=Licence, default=Licence.GRANTED
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        abstract = True


class Photo(Attachment):
    """A picture; the original stays in the house, the sizes made from it are shown."""

    file = models.FileField(_("file"), upload_to=original_path)
    alt = models.CharField(
        _("alternative text"),
        max_length=300,
        blank=True,
        help_text=_("What the picture shows, for those who do not see it: one or two sentences."),
    )
    is_decorative = models.BooleanField(
        _("decorative"),
        default=False,
        help_text=_("Tick only if the picture tells nothing that the text does not."),
    )
    caption = models.CharField(_("caption"), max_length=300, blank=True)
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_decorative=True) | ~Q(alt=""),
                name="shared_photo_alt_or_decorative",
                violation_error_message=_(
                    "Describe the picture in the alternative text, or tick that it is decorative."
                ),
            ),
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0), name="shared_photo_has_size"
            ),
            models.CheckConstraint(
                condition=Q(licence__in=Licence.values), name="shared_photo_known_licence"
            ),
        )

    def __str__(self) -> str:
        return self.caption or self.alt or f"{_('photo')} {self.pk}"

    @property
    def alt_text(self) -> str:
        """The text for the alt attribute: empty for a decorative picture."""
        return "" if self.is_decorative else self.alt

    @property
    def widths(self) -> list[int]:
        """The widths in pixels that exist of this picture, smallest first."""
        return photos.rendition_widths(self.width)

    def url(self, width: int, suffix: str) -> str:
        """Return the address of the size that is `width` pixels wide ("webp" or "jpg")."""
        return reverse("photo", kwargs={"pk": self.pk, "width": width, "suffix": suffix})

    @property
    def large_url(self) -> str:
        """The address of the largest size."""
        return self.url(self.widths[-1], "jpg")

    def save(self, **kwargs: Any) -> None:
        """Save; a newly given file is turned upright, measured and cut into its sizes first.

        Raises photos.BadPhoto when the file is not a picture that we take.
        """
        if self.file and not self.file._committed:  # type: ignore[attr-defined]
            prepared = photos.prepare(self.file)
            self.width, self.height = prepared.width, prepared.height
            super().save(**kwargs)
            photos.store_renditions(prepared, str(self.file.name))
        else:
            super().save(**kwargs)


class Document(Attachment):
    """A file to download."""

    title = models.CharField(_("title"), max_length=200)
    file = models.FileField(_("file"), upload_to=document_path)
    kind = models.CharField(
        _("type"), max_length=8, editable=False, choices=[(k, k.upper()) for k in DOCUMENT_KINDS]
    )
    byte_size = models.PositiveBigIntegerField(_("size"), editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=list(DOCUMENT_KINDS)), name="shared_document_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(licence__in=Licence.values), name="shared_document_known_licence"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def filename(self) -> str:
        """The name under which it is downloaded: the title, made safe, with the type's suffix."""
        return download_name(self.title, self.kind)

    def get_absolute_url(self) -> str:
        return reverse("document", kwargs={"pk": self.pk, "name": self.filename})

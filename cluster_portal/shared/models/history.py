"""Versions: what every thing was after every save, who saved it, and what was deleted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class VersionQuerySet(models.QuerySet):
    def of(self, thing: models.Model) -> "VersionQuerySet":
        """Return the versions of `thing`, the newest first."""
        return self.filter(kind=thing._meta.label_lower, object_id=thing.pk).order_by("-number")


class Version(models.Model):
    """A thing as one save left it: its fields, its links and its parts, whole."""

    class Action(models.TextChoices):
        CREATED = "created", _("Created")
        CHANGED = "changed", _("Changed")
        DELETED = "deleted", _("Deleted")
        RESTORED = "restored", _("Restored")

    kind = models.CharField(_("kind"), max_length=80)
    object_id = models.BigIntegerField()
    number = models.PositiveIntegerField(_("version"))
    action = models.CharField(_("action"), max_length=10, choices=Action)
    title = models.CharField(_("title"), max_length=200)
    data = models.JSONField()
    at = models.DateTimeField(_("at"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "object_id", "number"), name="shared_version_number"
            ),
            models.CheckConstraint(
                condition=Q(action__in=("created", "changed", "deleted", "restored")),
                name="shared_version_known_action",
            ),
        )
        indexes = (models.Index(fields=["action", "-at"], name="shared_version_bin"),)

    def __str__(self) -> str:
        return f"{self.title} · {self.number}"

    @property
    def note_text(self) -> str:
        """The note as people read it."""
        return gettext("from the content files") if self.note == "load_content" else self.note

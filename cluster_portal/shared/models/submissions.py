"""What the public sends us: personal data, kept for a set time and never longer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.references import new_reference


class SubmissionState(models.TextChoices):
    NEW = "new", _("New")
    IN_WORK = "in_work", _("In work")
    ANSWERED = "answered", _("Answered")
    DECLINED = "declined", _("Declined")


class Submission(models.Model):
    """A message of a visitor, followed by its reference number."""

    reference = models.CharField(
        _("reference number"), max_length=20, unique=True, default=new_reference, editable=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=SubmissionState, default=SubmissionState.NEW
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("handled by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    note = models.TextField(
        _("internal note"), blank=True, help_text=_("Never shown to the sender.")
    )
    contact_name = models.CharField(_("name"), max_length=120)
    contact_email = models.EmailField(_("e-mail"))
    contact_phone = models.CharField(_("telephone"), max_length=30, blank=True)
    notice = models.TextField(
        _("notice shown"), editable=False, help_text=_("What the law asks to say beside the form.")
    )
    token = models.CharField(
        max_length=64, unique=True, editable=False, help_text="Guards against sending twice."
    )
    created_at = models.DateTimeField(_("sent at"), default=timezone.now, editable=False)
    state_changed_at = models.DateTimeField(
        _("state changed at"), default=timezone.now, editable=False
    )

    class Meta:
        abstract = True
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=SubmissionState.values),
                name="%(app_label)s_%(class)s_known_state",
            ),
        )
        indexes = (
            models.Index(fields=["state", "-created_at"], name="%(app_label)s_%(class)s_inbox"),
        )

    def __str__(self) -> str:
        return self.reference


class ContactMessage(Submission):
    """A message sent through the contact form."""

    subject = models.CharField(_("subject"), max_length=160)
    message = models.TextField(_("message"))

    class Meta(Submission.Meta):
        verbose_name = _("message from the public")
        verbose_name_plural = _("messages from the public")

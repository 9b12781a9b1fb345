"""What is written but not yet approved: revisions, working copies, links to previews, remarks."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ThingReference(models.Model):
    """Names a thing of any registered kind (see history.py)."""

    kind = models.CharField(_("kind"), max_length=80)
    object_id = models.BigIntegerField()

    class Meta:
        abstract = True


class PendingRevision(ThingReference):
    """A change of a published thing that waits for approval; the public sees the thing as it was.

    `data` is the whole thing as it would be, in the form of a version.
    """

    class State(models.TextChoices):
        IN_REVIEW = "in_review", _("In review")
        SENT_BACK = "sent_back", _("Sent back")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.IN_REVIEW)
    title = models.CharField(_("title"), max_length=200)
    data = models.JSONField()
    base_number = models.PositiveIntegerField(
        _("made from version"), help_text=_("The version that the author had before them.")
    )
    number = models.PositiveIntegerField(
        _("save"), default=1, help_text=_("Counts its saves, so that nobody overwrites unseen.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    submitted_at = models.DateTimeField(_("sent at"), default=timezone.now)

    class Meta:
        verbose_name = _("pending revision")
        verbose_name_plural = _("pending revisions")
        ordering = ("submitted_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "object_id"),
                name="shared_one_pending_revision",
                violation_error_message=_("This already has a change that waits for approval."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=("in_review", "sent_back")),
                name="shared_pendingrevision_known_state",
            ),
        )

    def __str__(self) -> str:
        return self.title


class ReviewNote(ThingReference):
    """What an editor answered to something that was sent for review."""

    class Outcome(models.TextChoices):
        APPROVED = "approved", _("Approved")
        SENT_BACK = "sent_back", _("Sent back")

    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    remark = models.TextField(_("remark"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome="approved") | ~Q(remark=""),
                name="shared_reviewnote_says_why",
                violation_error_message=_("What is sent back needs a remark that says why."),
            ),
        )
        indexes = (models.Index(fields=["kind", "object_id", "-at"], name="shared_reviewnote_of"),)

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.at:%Y-%m-%d}"


class WorkingCopy(ThingReference):
    """What a person has typed and not yet saved; one per person and thing, never a version.

    `object_id` 0 is something new; `scope` then says of what, such as the forum's number.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="working_copies"
    )
    scope = models.CharField(max_length=40, blank=True)
    typed = models.JSONField(default=dict)
    base_number = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("working copy")
        verbose_name_plural = _("working copies")
        ordering = ("-updated_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "kind", "object_id", "scope"), name="shared_one_working_copy"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class PreviewLink(ThingReference):
    """Lets somebody without an account see one unpublished thing, in one of its states, for a time.

    The address carries the row's signed number. `version_number` binds it to what was there when it
    was made: a version of the thing, or the pending revision that has `revision_id`.
    """

    version_number = models.PositiveIntegerField(default=0)
    revision_id = models.BigIntegerField(null=True, blank=True)
    revision_number = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("preview link")
        verbose_name_plural = _("preview links")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="shared_previewlink_has_life"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Presence(ThingReference):
    """That somebody has a thing open for editing, as of a moment ago."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("user", "kind", "object_id"), name="shared_one_presence"
            ),
        )
        indexes = (models.Index(fields=["kind", "object_id", "at"], name="shared_presence_of"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"

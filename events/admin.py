"""The admin of the events and their archives."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.admin_site import site
from cluster_portal.shared.attachment_admin import DocumentInline, PhotoInline
from cluster_portal.shared.model_admin import (
    PUBLISHING,
    PortalModelForm,
    PortalStackedInline,
    PortalTabularInline,
)
from cluster_portal.shared.publishing_admin import PublishableAdmin
from events.models import Event, EventDocument, EventPhoto, Recording, Topic

MAX_CAPTIONS = 2 * 1024 * 1024


class TopicInline(PortalTabularInline):
    model = Topic
    fields = ("title", "goal", "forum", "outcome", "order")


class EventPhotoInline(PhotoInline):
    model = EventPhoto


class EventDocumentInline(DocumentInline):
    model = EventDocument


def is_recording(head: bytes) -> bool:
    """Say whether a file that begins with `head` is a film or sound that browsers play.

    MP4 and its sound (ISO base media), WebM, MP3.
    """
    return (
        head[4:8] == b"ftyp"
        or head.startswith((b"\x1a\x45\xdf\xa3", b"ID3"))
        or head[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"}
    )


class RecordingForm(PortalModelForm):
    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile) and file.size:
            file.seek(0)
            head = file.read(12)
            file.seek(0)
            # Of a file that was too large nothing is left to look at.
            if head and not is_recording(head):
                raise ValidationError(
                    _("This is not a film or sound of type MP4, WebM or MP3. Choose another file.")
                )
        return file

    def clean_captions(self) -> Any:
        file = self.cleaned_data["captions"]
        if isinstance(file, UploadedFile):
            file.seek(0)
            head = file.read(10).removeprefix(b"\xef\xbb\xbf")
            file.seek(0)
            if (file.size or 0) > MAX_CAPTIONS or not head.startswith(b"WEBVTT"):
                raise ValidationError(_("This is not a WebVTT file. Choose another file."))
        return file


class RecordingInline(PortalStackedInline):
    model = Recording
    form = RecordingForm
    fields = (("title", "order"), "file", "captions", "url", "transcript", "is_released")


@admin.register(Event, site=site)
class EventAdmin(PublishableAdmin):
    list_display = ("title", "starts_at", "municipality", "forum", "state", "visibility")
    list_select_related = ("municipality", "forum")
    list_filter = ("state", "forum", "municipality", "is_featured")
    search_fields = ("title", "place", "summary", "body", "source_text")
    date_hierarchy = "starts_at"
    autocomplete_fields = ("source",)
    inlines = (TopicInline, EventPhotoInline, EventDocumentInline, RecordingInline)
    fieldsets = (
        (None, {"fields": ("title", "slug", "summary", "body", "is_featured")}),
        (
            _("When and where"),
            {
                "fields": (
                    ("starts_at", "ends_at"),
                    "is_all_day",
                    ("place", "municipality"),
                    "forum",
                )
            },
        ),
        (_("What took place"), {"fields": ("participants", "outcomes", "recording_label")}),
        (_("Source"), {"fields": ("source_text", ("as_of", "source"))}),
        PUBLISHING,
        (_("Times"), {"fields": (("created_at", "updated_at"),)}),
    )

"""Photos and documents in the admin: their own pages, and the rows that show them elsewhere."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import attachments, photos
from cluster_portal.shared.admin_site import site
from cluster_portal.shared.documents import DOCUMENT_KINDS, BadDocument, detect_kind
from cluster_portal.shared.model_admin import (
    PortalModelAdmin,
    PortalModelForm,
    PortalStackedInline,
)
from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.models.media import Attachment

PHOTO_INPUT = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"})
DOCUMENT_INPUT = forms.FileInput(attrs={"accept": ",".join(f".{kind}" for kind in DOCUMENT_KINDS)})


def thumbnail(photo: Photo, width: int = 120) -> str:
    """Return the smallest picture of `photo`, drawn `width` pixels wide."""
    return format_html(
        '<img class="thumbnail" src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
        photo.url(photo.widths[0], "jpg"),
        photo.alt_text,
        width,
        max(1, round(photo.height * width / photo.width)),
    )


def measure_photo(photo: Photo, file: UploadedFile) -> None:
    """Take `file` as the picture of `photo`; raise ValidationError if we do not take it."""
    try:
        prepared = photos.prepare(file)
    except photos.BadPhoto as error:
        raise ValidationError(str(error), code="bad_photo") from error
    photo.file, photo.width, photo.height = file, prepared.width, prepared.height


def measure_document(document: Document, file: UploadedFile) -> None:
    """Take `file` as the file of `document`; raise ValidationError if we do not take it."""
    try:
        document.kind = detect_kind(file)
    except BadDocument as error:
        raise ValidationError(str(error), code="bad_document") from error
    document.file, document.byte_size = file, file.size or 0


class PhotoForm(PortalModelForm):
    class Meta:
        # Not the admin's own: it links to an address at which no file is served.
        widgets = {"file": PHOTO_INPUT}

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            measure_photo(self.instance, file)
        return file


class DocumentForm(PortalModelForm):
    class Meta:
        widgets = {"file": DOCUMENT_INPUT}

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            measure_document(self.instance, file)
        return file


class AttachmentAdmin(PortalModelAdmin):
    readonly_fields: Any = ("used_in", "uploaded_by", "created_at")
    list_filter = ("licence",)
    date_hierarchy = "created_at"

    @admin.display(description=_("shown in"))
    def used_in(self, obj: Attachment) -> str:
        """Name the things that show this file, with a link to each one's form."""
        links = [
            (
                reverse(
                    f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change",
                    args=(thing.pk,),
                ),
                thing._meta.verbose_name,
                thing,
            )
            for thing in attachments.shown_by(obj)
        ]
        if not links:
            return str(_("Nothing shows it, so the public does not see it."))
        rows = format_html_join("", '<li><a href="{}">{}: <bdi>{}</bdi></a></li>', links)
        return format_html('<ul class="used-in">{}</ul>', rows)


@admin.register(Photo, site=site)
class PhotoAdmin(AttachmentAdmin):
    form = PhotoForm
    list_display = ("preview", "__str__", "credit", "licence", "created_at")
    list_display_links = ("preview", "__str__")
    list_filter = ("licence", "is_decorative")
    list_per_page = 24
    search_fields = ("alt", "caption", "credit")
    readonly_fields = ("preview", "used_in", "uploaded_by", "created_at")
    fieldsets = (
        (None, {"fields": ("preview", "file", "alt", "is_decorative", "caption")}),
        (_("Rights"), {"fields": ("credit", "licence")}),
        (_("Use"), {"fields": ("used_in", "uploaded_by", "created_at")}),
    )

    @admin.display(description=_("preview"))
    def preview(self, obj: Photo) -> str:
        return thumbnail(obj) if obj.pk else self.get_empty_value_display()


@admin.register(Document, site=site)
class DocumentAdmin(AttachmentAdmin):
    form = DocumentForm
    list_display = ("title", "kind", "size", "credit", "created_at")
    list_filter = ("kind", "licence")
    search_fields = ("title", "credit")
    readonly_fields = ("kind", "size", "used_in", "uploaded_by", "created_at")
    fieldsets = (
        (None, {"fields": ("title", "file", ("kind", "size"))}),
        (_("Rights"), {"fields": ("credit", "licence")}),
        (_("Use"), {"fields": ("used_in", "uploaded_by", "created_at")}),
    )

    @admin.display(description=_("size"), ordering="byte_size")
    def size(self, obj: Document) -> str:
        return filesizeformat(obj.byte_size) if obj.pk else self.get_empty_value_display()


def new_field(kind: type[Attachment], name: str) -> forms.Field:
    """Return the form field of an attachment that may or may not be uploaded along."""
    field = kind._meta.get_field(name).formfield(required=False)
    if isinstance(field.widget, forms.TextInput):
        field.widget = AdminTextInputWidget(attrs={"dir": "auto"})
        field.widget.attrs |= field.widget_attrs(field.widget)
    return field


class AttachmentLinkForm(PortalModelForm):
    """A row that shows an attachment: one that is there, or a new one uploaded with the row."""

    kind: ClassVar[type[Attachment]]
    link: ClassVar[str]  # the name of the row's relation to the attachment

    new_attachment: Attachment | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.link in self.fields:
            self.fields[self.link].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors or cleaned.get("DELETE") or self.link not in self.fields:
            return cleaned
        file = cleaned.get("new_file")
        if not file and not cleaned.get(self.link):
            self.add_error(self.link, _("Choose from the list, or upload a new file."))
        elif file and self.link in self.changed_data:
            self.add_error(self.link, _("Choose from the list or upload a new file, not both."))
        elif file:
            self.clean_new(file, cleaned)
        return cleaned

    def measure(self, attachment: Any, file: UploadedFile) -> None:
        raise NotImplementedError

    def clean_new(self, file: UploadedFile, cleaned: dict[str, Any]) -> None:
        names = [name for name in self.fields if name.startswith("new_") and name != "new_file"]
        attachment = self.kind(**{name.removeprefix("new_"): cleaned[name] for name in names})
        try:
            self.measure(attachment, file)
        except ValidationError as error:
            self.add_error("new_file", error)
            return
        try:
            attachment.full_clean(exclude=("file",))
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                field = f"new_{name}"
                self.add_error(field if field in self.fields else names[0], messages)
            return
        self.new_attachment = attachment

    def save(self, commit: bool = True) -> Any:
        if self.new_attachment:
            self.new_attachment.save()
            setattr(self.instance, self.link, self.new_attachment)
        return super().save(commit=commit)


class PhotoLinkForm(AttachmentLinkForm):
    kind = Photo
    link = "photo"
    new_file = forms.FileField(label=_("picture file"), required=False, widget=PHOTO_INPUT)
    new_alt = new_field(Photo, "alt")
    new_is_decorative = new_field(Photo, "is_decorative")
    new_caption = new_field(Photo, "caption")
    new_credit = new_field(Photo, "credit")
    new_licence = new_field(Photo, "licence")

    def measure(self, attachment: Any, file: UploadedFile) -> None:
        measure_photo(attachment, file)


class DocumentLinkForm(AttachmentLinkForm):
    kind = Document
    link = "document"
    new_file = forms.FileField(label=_("file"), required=False, widget=DOCUMENT_INPUT)
    new_title = new_field(Document, "title")
    new_credit = new_field(Document, "credit")
    new_licence = new_field(Document, "licence")

    def measure(self, attachment: Any, file: UploadedFile) -> None:
        measure_document(attachment, file)


class PhotoInline(PortalStackedInline):
    """Photos that a thing shows; the subclass names the linking `model`."""

    form = PhotoLinkForm
    autocomplete_fields = ("photo",)
    readonly_fields = ("preview",)
    fieldsets = (
        (None, {"fields": ("preview", ("photo", "order"))}),
        (
            _("Or upload a new photo"),
            {
                "classes": ("collapse",),
                "fields": (
                    "new_file",
                    "new_alt",
                    "new_is_decorative",
                    "new_caption",
                    ("new_credit", "new_licence"),
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("photo")

    @admin.display(description=_("preview"))
    def preview(self, obj: Any) -> str:
        return thumbnail(obj.photo) if obj.pk else self.get_empty_value_display()


class DocumentInline(PortalStackedInline):
    """Documents that a thing offers; the subclass names the linking `model`."""

    form = DocumentLinkForm
    autocomplete_fields = ("document",)
    fieldsets = (
        (None, {"fields": (("document", "order"),)}),
        (
            _("Or upload a new document"),
            {
                "classes": ("collapse",),
                "fields": ("new_file", "new_title", ("new_credit", "new_licence")),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("document")

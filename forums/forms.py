"""The desk's forms: an update, and the rows of its photos and documents."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.conflicts import Difference, VersionedFormMixin
from cluster_portal.shared.documents import BadDocument, detect_kind
from cluster_portal.shared.forms import PortalFormMixin
from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.photos import BadPhoto
from cluster_portal.shared.publishing import PublicationState
from cluster_portal.shared.text import clean_text
from forums.models import ForumUpdate

LONGEST_BODY = 100_000
YEARS = range(2000, 2101)
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

AttachmentType = TypeVar("AttachmentType", Photo, Document)


def date_time_field(label: Any, help_text: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "dir": "ltr"}
        ),
    )


class UpdateForm(VersionedFormMixin, PortalFormMixin, forms.ModelForm):
    """The words of an update; forum and author stand on the instance and are no fields.

    `to` is the state to which saving it leads, by itself or once it is approved. A draft may lack
    its text. `rows` are the photos and documents saved with it, each with the name of its link.
    """

    rows: Sequence[tuple["BaseRows", str]] = ()
    # Set where the form is really to be saved; what is only shown again must not learn the number
    # of a version that nobody has compared it with.
    looks_for_conflict = False

    publish_at = date_time_field(
        _("Publish at"), _("From this moment it is public. Empty means at once.")
    )
    expire_at = date_time_field(
        _("Take down at"), _("From this moment it is no longer public. Empty means never.")
    )

    class Meta:
        model = ForumUpdate
        fields = ("title", "summary", "body", "municipalities", "publish_at", "expire_at")
        widgets: ClassVar[dict[str, Any]] = {
            "municipalities": forms.CheckboxSelectMultiple,
            "summary": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, to: str = PublicationState.DRAFT, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.to = to
        self.publishing = publishing = to != PublicationState.DRAFT
        body = self.fields["body"]
        body.required = publishing
        body.help_text = _(
            "Plain words; an empty line begins a paragraph. How to mark headings, lists and links "
            "is told below."
        )
        body.validators.append(MaxLengthValidator(LONGEST_BODY))

    def clean_publish_at(self) -> Any:
        return self.sensible("publish_at")

    def clean_expire_at(self) -> Any:
        return self.sensible("expire_at")

    def sensible(self, name: str) -> Any:
        """Return the time typed into the field `name`, with its seconds if it was not changed."""
        moment, before = self.cleaned_data[name], self.initial.get(name)
        if moment and moment.year not in YEARS:
            raise ValidationError(_("Enter a year between 2000 and 2100."))
        if moment and before and moment == before.replace(second=0, microsecond=0):
            return before
        return moment

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        # What is public keeps its date when the field is emptied.
        if self.instance.state == PublicationState.PUBLISHED and "publish_at" in self.cleaned_data:
            self.cleaned_data["publish_at"] = self.cleaned_data["publish_at"] or self.initial.get(
                "publish_at"
            )
        expire_at = self.cleaned_data.get("expire_at")
        publish_at = self.cleaned_data.get("publish_at")
        was_published = self.instance.state == PublicationState.PUBLISHED
        if expire_at and publish_at and expire_at <= publish_at:
            self.add_error("expire_at", _("It must be taken down after it is published."))
        elif (
            expire_at
            and self.publishing
            and expire_at <= timezone.now()
            and (expire_at != self.initial.get("expire_at") or not was_published)
        ):
            self.add_error(
                "expire_at",
                _("It would be taken down before anybody sees it: choose a later time."),
            )
        return self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        # Into review leads a step of its own (revisions.submit_thing), out of a draft.
        if self.to != PublicationState.IN_REVIEW:
            self.instance.state = self.to
        elif self.instance.state == PublicationState.ARCHIVED:
            self.instance.state = PublicationState.DRAFT
        return super().save(commit)

    def look_for_conflict(self) -> None:
        if self.looks_for_conflict:
            super().look_for_conflict()

    def differing(self, fresh: Any) -> list[Difference]:
        """Return what differs of the words, and of the photos and documents beside them."""
        found = super().differing(fresh)
        for rows, name in self.rows:
            links = getattr(fresh, f"{name}_links").select_related(name)
            theirs = [(getattr(link, name).pk, str(getattr(link, name))) for link in links]
            mine = [(row.attachment.pk if row.attachment else 0, row.text) for row in rows.wanted()]
            if theirs != mine:
                label = capfirst(str(fresh._meta.get_field(f"{name}s").verbose_name))
                texts = ("\n".join(text for _pk, text in side) for side in (theirs, mine))
                found.append(Difference(label, *texts))
        return found


class AttachmentRow(PortalFormMixin, forms.Form, Generic[AttachmentType]):
    """A photo or a document of an update: one that stands there, or a file just chosen.

    A browser cannot send a file twice, so a good file is stored as soon as it arrives
    (`keep_file`), belonging to nothing yet, and the form carries its signed number in `kept`. The
    signature binds it to the person and the form, so nobody can name another's photo.
    """

    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    order = forms.IntegerField(
        label=_("Place in the order"),
        required=False,
        min_value=0,
        max_value=999,
        widget=forms.NumberInput(attrs={"dir": "ltr", "inputmode": "numeric"}),
    )
    credit = forms.CharField(label=_("Credit"), max_length=160, required=False)
    remove = forms.BooleanField(label=_("Take it out of the update"), required=False)

    model: ClassVar[Any]
    # What a person fills in; credit and order alone make no row.
    telling: ClassVar[tuple[str, ...]]

    def __init__(self, *args: Any, user: Any, scope: str, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"empty_permitted": True}))
        self.user = user
        self.salt = f"desk.{self.model.__name__}.{user.pk}.{scope}"
        self.attachment: AttachmentType | None = None
        self.replaced: AttachmentType | None = None
        self.fields["credit"].initial = getattr(user, "display_name", "")
        if not self.is_bound and (initial := self.initial.get("attachment")):
            self.attachment = initial
            self.initial["kept"] = self.sign(initial)

    def sign(self, attachment: Any, replaced: Any = None) -> str:
        return signing.dumps([attachment.pk, replaced.pk if replaced else 0], salt=self.salt)

    @property
    def is_kept(self) -> bool:
        """Whether the row already has its file, so that none need be chosen."""
        return self.attachment is not None or bool(
            self["kept"].value() and "kept" not in self.errors
        )

    @property
    def is_wanted(self) -> bool:
        """Whether this row is to be in the update; only of a valid row."""
        cleaned = getattr(self, "cleaned_data", {})
        return bool(
            not cleaned.get("remove") and (self.attachment is not None or cleaned.get("file"))
        )

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        kept, file = self.cleaned_data.get("kept"), self.cleaned_data.get("file")
        if kept:
            self.read_kept(kept)
        if self.cleaned_data.get("remove"):
            if "kept" not in self.errors:
                self.errors.clear()
            return self.cleaned_data
        if not (kept or file or "file" in self.errors):
            if any(self.cleaned_data.get(name) for name in self.telling):
                self.add_error("file", _("Choose a file, or empty this row."))
            return self.cleaned_data
        self.cleaned_data["credit"] = self.cleaned_data.get("credit") or str(
            self.fields["credit"].initial
        )
        self.clean_words()
        return self.cleaned_data

    def read_kept(self, kept: str) -> None:
        """Find the attachment whose signed number the form brings back."""
        try:
            pk, replaced = signing.loads(kept, salt=self.salt)
        except signing.BadSignature:
            self.add_error("kept", _("This file does not belong to this update."))
            return
        found = self.model._default_manager.in_bulk([pk, replaced])
        self.attachment, self.replaced = found.get(pk), found.get(replaced)
        if self.attachment is None:
            self.add_error("kept", _("This file does not exist any more. Please choose it again."))

    def clean_words(self) -> None:
        """Check and complete what is written beside the file."""

    def keep_file(self) -> None:
        """Store a good file that has just arrived; a bad one gets its error here."""
        file = getattr(self, "cleaned_data", {}).get("file")
        if file is None or self.cleaned_data.get("remove") or "kept" in self.errors:
            return
        try:
            stored = self.store(file)
        except (BadPhoto, BadDocument) as error:
            self.add_error("file", str(error))
            return
        self.replaced = self.replaced or self.attachment
        self.attachment = stored
        self.data[self.add_prefix("kept")] = self.sign(stored, self.replaced)

    def store(self, file: UploadedFile) -> AttachmentType:
        raise NotImplementedError

    def details(self) -> dict[str, Any]:
        """Return the values that the attachment is to have."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """What the row shows, in words; only of a wanted row."""
        return next(
            (str(self.cleaned_data[name]) for name in self.telling if self.cleaned_data.get(name)),
            str(self.attachment or ""),
        )


class PhotoRow(AttachmentRow[Photo]):
    model = Photo
    telling = ("caption", "alt")

    file = forms.FileField(
        label=_("Picture file"),
        help_text=_("JPEG, PNG or WebP, at most 20 MB. Place and time of taking are removed."),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    alt = forms.CharField(
        label=_("Alternative text"),
        help_text=_("What the picture shows, for those who do not see it: one or two sentences."),
        max_length=300,
        required=False,
    )
    is_decorative = forms.BooleanField(
        label=_("Decorative: the picture tells nothing that the text does not"), required=False
    )
    caption = forms.CharField(label=_("Caption"), max_length=300, required=False)

    def clean_words(self) -> None:
        if (
            "alt" not in self.errors
            and not self.cleaned_data.get("alt")
            and not self.cleaned_data.get("is_decorative")
        ):
            self.add_error(
                "alt",
                _("Describe the picture in the alternative text, or tick that it is decorative."),
            )

    def store(self, file: UploadedFile) -> Photo:
        suffix = PurePath(clean_text(file.name or "")).suffix.lower()
        file.name = f"photo{suffix if suffix in PHOTO_SUFFIXES else ''}"
        values = {name: self.cleaned_data.get(name) or "" for name in ("alt", "caption", "credit")}
        # Nothing shows it until it is described: the database knows no third state.
        decorative = bool(self.cleaned_data.get("is_decorative")) or not values["alt"]
        photo = Photo(file=file, is_decorative=decorative, uploaded_by=self.user, **values)
        photo.save()
        return photo

    def details(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in ("alt", "is_decorative", "caption", "credit")
        }


class DocumentRow(AttachmentRow[Document]):
    model = Document
    telling = ("title",)

    file = forms.FileField(
        label=_("Document file"),
        help_text=_("A PDF or an office document, at most 20 MB."),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp"}),
    )
    title = forms.CharField(
        label=_("Title of the document"),
        help_text=_("What people read before they download it; empty means the file's name."),
        max_length=200,
        required=False,
    )

    def clean_words(self) -> None:
        if "title" in self.errors or self.cleaned_data.get("title"):
            return
        file = self.cleaned_data.get("file")
        name = PurePath(clean_text(file.name or "")).stem.replace("_", " ").strip() if file else ""
        title = name[:200] or (self.attachment.title if self.attachment else str(_("Document")))
        self.cleaned_data["title"] = title
        self.data[self.add_prefix("title")] = title

    def store(self, file: UploadedFile) -> Document:
        kind = detect_kind(file)
        file.name = f"document.{kind}"
        document = Document(
            file=file,
            kind=kind,
            byte_size=file.size,
            title=self.cleaned_data.get("title") or str(_("Document")),
            credit=self.cleaned_data.get("credit") or "",
            uploaded_by=self.user,
        )
        document.save()
        return document

    def details(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "credit")}


class BaseRows(BaseFormSet):
    """The rows of one kind; `keep_files` comes after is_valid, `has_errors` after that."""

    def keep_files(self) -> None:
        for row in self.forms:
            row.keep_file()

    def has_errors(self) -> bool:
        return bool(self.non_form_errors()) or any(row.errors for row in self.forms)

    def wanted(self) -> list[AttachmentRow]:
        """Return the rows that are to be in the update, in the order that was typed."""
        rows = [row for row in self.forms if row.is_wanted]
        orders = [row.cleaned_data.get("order") for row in rows]
        last = 1000
        by_order = zip((last if order is None else order for order in orders), rows, strict=True)
        return [row for _order, row in sorted(by_order, key=lambda pair: pair[0])]


def row_set(row: type[AttachmentRow]) -> type[BaseRows]:
    return formset_factory(  # type: ignore[return-value]
        row, formset=BaseRows, extra=1, max_num=20, absolute_max=25, validate_max=True
    )


PhotoRows = row_set(PhotoRow)
DocumentRows = row_set(DocumentRow)


def with_another_row(data: MultiValueDict, prefix: str) -> MultiValueDict:
    """Return a copy of form `data` that has one more empty row of the kind `prefix`."""
    data = data.copy()
    name = f"{prefix}-TOTAL_FORMS"
    rows = str(data.get(name, "0"))
    if rows.isascii() and rows.isdecimal() and len(rows) < 4:
        data[name] = str(int(rows) + 1)
    return data

"""What every form of the site has in common, and what guards those open to the public."""

import re
import secrets
import time
from hashlib import blake2b
from io import BytesIO
from pathlib import PurePath
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cluster_portal.shared import photos
from cluster_portal.shared.documents import BadDocument, detect_kind, download_name
from cluster_portal.shared.models import SiteSettings, Submission
from cluster_portal.shared.text import clean_text
from cluster_portal.shared.uploads import OversizedFile

MEGABYTE = 1024 * 1024
LTR_ATTRIBUTES: dict[type[forms.Widget], dict[str, str]] = {
    forms.EmailInput: {"inputmode": "email", "autocomplete": "email"},
    forms.URLInput: {"inputmode": "url"},
    forms.TelInput: {"inputmode": "tel", "autocomplete": "tel"},
}
IMAGE_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
PHONE = re.compile(r"[+*]?[\d ()./*#\u2010-\u2013-]{3,30}")
# A person needs longer than this to fill in a form; a robot mostly does not.
QUICKEST_SECONDS = 3
TICKET_SECONDS = 24 * 60 * 60
LINKS_IN_TEXT = 5


def cleaned(data: Any, skip: set[str]) -> Any:
    """Return a changeable copy of form `data` with every text but those named `skip` cleaned."""
    if not isinstance(data, MultiValueDict):
        return {
            name: clean_text(value) if isinstance(value, str) and name not in skip else value
            for name, value in data.items()
        }
    copy = QueryDict(mutable=True)
    for name, values in data.lists():
        copy.setlist(
            name,
            values
            if name in skip
            else [clean_text(v) if isinstance(v, str) else v for v in values],
        )
    return copy


class PortalFormMixin(forms.BaseForm):
    """Text cleaned, direction and keyboard set by the kind of field, drawn by crispy forms.

    A subclass may give `layout` (a crispy Layout), `submit_label`, and `action`: the name of the
    url that it is sent to, when that is not the page it stands on.
    """

    layout: ClassVar[Any] = None
    action: ClassVar[str] = ""
    submit_label: ClassVar[Any] = _("Send")

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, **kwargs)
        if data is not None:
            self.data: Any = cleaned(
                data,
                skip={
                    self.add_prefix(name)
                    for name, field in self.fields.items()
                    if isinstance(field.widget, forms.PasswordInput)
                },
            )
        for field in self.fields.values():
            set_attributes(field)

    @property
    def helper(self) -> FormHelper:
        """How crispy forms draws this form: a whole form with its button."""
        helper = FormHelper()
        helper.layout = self.layout or Layout(*self.fields)
        helper.form_action = self.action
        helper.render_hidden_fields = True
        helper.add_input(Submit("send", self.submit_label))
        return helper


def set_attributes(field: forms.Field) -> None:
    """Give the control of `field` the direction, keyboard and memory that suit what it takes."""
    widget = field.widget
    attributes: dict[str, str] = {}
    for kind, suited in LTR_ATTRIBUTES.items():
        if isinstance(widget, kind):
            attributes = {"dir": "ltr", **suited}
    if not attributes and type(widget) in {forms.TextInput, forms.Textarea}:
        attributes = {"dir": "auto"}
    for name, value in attributes.items():
        widget.attrs.setdefault(name, value)
    # With it a browser cuts what is pasted, without a word; we would rather say so.
    widget.attrs.pop("maxlength", None)


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows to choose; a number that no database holds is a wrong choice like any other."""

    def clean(self, value: Any) -> Any:
        for key in value or ():
            if not re.fullmatch(r"\d{1,18}", str(key), re.ASCII):
                raise ValidationError(
                    self.error_messages["invalid_pk_value"],
                    code="invalid_pk_value",
                    params={"pk": str(key)[:40]},
                )
        return super().clean(value)


class PhoneField(forms.CharField):
    """A telephone number as people write it."""

    widget = forms.TelInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=30, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not (PHONE.fullmatch(value) and any(c.isdecimal() for c in value)):
            raise ValidationError(_("Enter a telephone number, in digits."), code="invalid")


class AttachmentField(forms.FileField):
    """A file that the public attaches: a document or a picture, told by its content.

    What comes out is an UploadedFile with a safe name; a picture comes out re-encoded, since a
    photo carries where and when it was taken.
    """

    widget = forms.FileInput(
        attrs={"accept": ".pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.jpg,.png,.webp"}
    )

    def to_python(self, data: Any) -> UploadedFile | None:
        if data is None:
            return None
        if isinstance(data, OversizedFile) or data.size > settings.ATTACHMENT_MAX_BYTES:
            raise ValidationError(
                _("The file is too large: at most %(megabytes)d MB."),
                code="too_large",
                params={"megabytes": settings.ATTACHMENT_MAX_BYTES // MEGABYTE},
            )
        file = super().to_python(data)
        if file is None:
            return None
        stem = PurePath(clean_text(file.name or "")).stem
        data.seek(0)
        try:
            if data.read(8).startswith(IMAGE_HEADS):
                buffer = BytesIO()
                photos.prepare(data).image.save(buffer, "JPEG", quality=85)
                return SimpleUploadedFile(download_name(stem, "jpg"), buffer.getvalue())
            kind = detect_kind(data, settings.ATTACHMENT_MAX_BYTES)
        except BadDocument as error:
            raise ValidationError(
                _("Attach a PDF, an office document or a picture (JPEG, PNG or WebP)."),
                code="wrong_type",
            ) from error
        except photos.BadPhoto as error:
            raise ValidationError(str(error), code="bad_photo") from error
        data.seek(0)
        data.name = download_name(stem, kind)
        return data


class SubmissionForm(PortalFormMixin, forms.ModelForm):
    """A form open to everybody, whose rows are Submissions.

    Spam is held off by what people do not notice: a field that only robots see and fill in, and a
    signed ticket that tells when the form was opened. A person who is caught by either reads why,
    finds all that was typed, and gets through by sending again.

    The ticket also carries a one-time number. With what was typed it makes the row's `token`, which
    is unique: the same form sent twice is one submission, a text changed after going back another.
    """

    # Named like nothing that a browser fills in by itself.
    trap = forms.CharField(
        label=_("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    ticket = forms.CharField(required=False, widget=forms.HiddenInput)
    contact_name = forms.CharField(
        label=_("Name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    contact_email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"invalid": _("Enter a whole e-mail address, with @ and a domain.")},
        help_text=_("A confirmation and our answer go to this address."),
    )
    contact_phone = PhoneField(label=_("Telephone"), required=False)

    # "message" or "proposal": what the letters call it.
    kind: ClassVar[str]

    def __init__(self, *args: Any, notice: str, **kwargs: Any) -> None:
        """`notice` is the wording shown beside the form; it is stored with what is sent."""
        super().__init__(*args, **kwargs)
        self.notice = notice
        self.nonce = ""
        self.fields["ticket"].initial = new_ticket(self.salt)

    @property
    def salt(self) -> str:
        """Makes a ticket good for this form alone."""
        return f"ticket.{self.kind}"

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            *helper.layout.fields, Div("trap", css_class="trap", aria_hidden="true")
        )
        return helper

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        self.clean_trap_and_ticket()
        self.clean_links()
        return self.cleaned_data

    def clean_trap_and_ticket(self) -> None:
        """Refuse a filled trap, and a ticket that is forged, too young or too old."""
        if self.cleaned_data.get("trap"):
            self.data[self.add_prefix("trap")] = ""
            self.add_error(
                None,
                _(
                    "A hidden field was filled in, as robots do. It is empty again: please send "
                    "the form again."
                ),
            )
        try:
            self.nonce, opened_at = signing.loads(
                self.cleaned_data.get("ticket") or "", salt=self.salt
            )
        except signing.BadSignature:
            self.renew_ticket()
            self.add_error(None, _("The form was not opened on this site. Please send it again."))
            return
        age = time.time() - opened_at
        if age < QUICKEST_SECONDS:
            self.add_error(
                None, _("The form was sent quicker than people type. Please send it again.")
            )
        elif age > TICKET_SECONDS:
            # Dated back, so that sending again at once is not "too quick".
            self.renew_ticket(self.nonce, time.time() - QUICKEST_SECONDS)
            self.add_error(
                None,
                _("The form was open for more than a day. Please look it over and send again."),
            )

    def renew_ticket(self, nonce: str | None = None, at: float | None = None) -> None:
        """Put a new ticket into the form that is shown again."""
        self.data[self.add_prefix("ticket")] = new_ticket(self.salt, nonce, at)

    def clean_links(self) -> None:
        """Refuse texts that are mostly links, which is what spam looks like."""
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if not isinstance(value, str) or name in {"contact_email", "ticket", "trap"}:
                continue
            allowed = LINKS_IN_TEXT if isinstance(field.widget, forms.Textarea) else 0
            if len(LINK.findall(value)) > allowed:
                self.add_error(
                    name,
                    ngettext_lazy(
                        "At most %(count)d link can stand here.",
                        "At most %(count)d links can stand here.",
                        allowed,
                    )
                    % {"count": allowed}
                    if allowed
                    else _("No links can stand here."),
                )

    @property
    def token(self) -> str:
        """The same for the same form with the same content, and for nothing else."""
        digest = blake2b(self.nonce.encode(), digest_size=32)
        for name in sorted(self.fields.keys() - {"ticket", "trap"}):
            values = self.data.getlist(self.add_prefix(name))
            digest.update(repr((name, values)).encode())
        files: Any = self.files
        for name, file in sorted(files.items()):
            file.seek(0)
            digest.update(repr((name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
        return digest.hexdigest()

    def already_sent(self) -> Submission | None:
        """Return the submission that this very form has made before, if it has."""
        return self._meta.model._default_manager.filter(token=self.token).first()

    def save(self, commit: bool = True) -> Any:
        self.instance.notice = self.notice
        self.instance.token = self.token
        return super().save(commit)


def new_ticket(salt: str, nonce: str | None = None, at: float | None = None) -> str:
    """Return a signed ticket for a form opened at the time `at` (now)."""
    return signing.dumps([nonce or secrets.token_hex(16), at or time.time()], salt=salt)


def privacy_notice(site: SiteSettings, purpose: str, recipients: str) -> str:
    """Return what the law asks to say beside a form, a paragraph a line.

    Source: Protection of Privacy Law 1981, s. 11 as widened by amendment 13, with s. 13 and 14 for
    access and correction.
    """
    controller = site.controller or site.name
    retention = ngettext_lazy(
        "They are erased %(days)d day after they were sent.",
        "They are erased %(days)d days after they were sent.",
        site.retention_days,
    ) % {"days": site.retention_days}
    rights = (
        _("To do so, write to %(email)s.") % {"email": site.contact_email}
        if site.contact_email
        else _("To do so, write through the contact form.")
    )
    sentences = (
        (
            _("No law obliges you to give these details: you give them of your own free will."),
            purpose,
            _("Without a name and an e-mail address we cannot answer you."),
        ),
        (recipients, retention),
        (_("Holder of the details: %(controller)s.") % {"controller": controller},),
        (
            _(
                "You have the right to see the details held about you and to ask that they be "
                "corrected or erased."
            ),
            rights,
        ),
    )
    return "\n\n".join(" ".join(map(str, paragraph)) for paragraph in sentences)

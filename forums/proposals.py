"""Proposals for the incubator: the public's form, and the file that came with one."""

import textwrap
from typing import Any

from crispy_forms.layout import Fieldset, Layout, Row
from django import forms
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import linebreaks
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cluster_portal.shared import policy
from cluster_portal.shared.csrf import keeps_typed, require_safe
from cluster_portal.shared.documents import DOCUMENT_KINDS
from cluster_portal.shared.forms import AttachmentField, RowsField, SubmissionForm, privacy_notice
from cluster_portal.shared.media import serve_file
from cluster_portal.shared.models import SiteSettings
from cluster_portal.shared.submissions import take_in
from forums.models import Forum, Initiative, Proposal
from members.models import Municipality

ATTACHMENT_TYPES = DOCUMENT_KINDS | {"jpg": "image/jpeg"}


class FieldChoice(forms.ModelChoiceField):
    """The thematic forums, called by their fields."""

    def label_from_instance(self, forum: Any) -> str:
        return forum.field or forum.name


class ProposalForm(SubmissionForm):
    """An initiative that somebody proposes to the incubator."""

    kind = "proposal"
    submit_label = _("Send the proposal")
    layout = Layout(
        Fieldset(
            _("The initiative"), "title", "field", "municipalities", "description", "attachment"
        ),
        Fieldset(
            _("Who proposes it"),
            "organisation",
            "contact_name",
            Row("contact_email", "contact_phone"),
        ),
    )

    title = forms.CharField(label=_("Name of the initiative"), max_length=160)
    field = FieldChoice(
        label=_("Field"),
        queryset=Forum.objects.none(),
        required=False,
        empty_label=_("Another field, or several"),
    )
    municipalities = RowsField(
        label=_("Municipalities"),
        queryset=Municipality.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Those that the initiative is about. None means the whole region."),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=10_000,
        help_text=_("What is it about, whom does it serve, and what does it need of the cluster?"),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    attachment = AttachmentField(
        label=_("Attachment"),
        required=False,
        help_text=_("One file, up to 10 MB: PDF, an office document or a picture."),
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    class Meta:
        model = Proposal
        fields = (
            "title",
            "field",
            "municipalities",
            "description",
            "attachment",
            "organisation",
            "contact_name",
            "contact_email",
            "contact_phone",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["field"].queryset = Forum.objects.open_thematic()  # type: ignore[attr-defined]
        self.fields["municipalities"].queryset = (  # type: ignore[attr-defined]
            Municipality.objects.filter(left_year__isnull=True)
        )

    def save(self, commit: bool = True) -> Any:
        if file := self.cleaned_data["attachment"]:
            self.instance.attachment_name = file.name
        return super().save(commit)


@keeps_typed
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_create(request: HttpRequest) -> HttpResponse:
    site = SiteSettings.load()
    notice = privacy_notice(
        site,
        purpose=str(_("They serve only to look into your proposal and to answer it.")),
        recipients=str(
            _(
                "The staff of the cluster see them, and of those who work in the field of the "
                "proposal only whom they ask about it; they are not published."
            )
        ),
    )
    status = 200
    if request.method == "POST":
        form = ProposalForm(request.POST, request.FILES, notice=notice)
        submission, status = take_in(request, form)
        if submission:
            return redirect("front:submission_status_of", submission.reference)
    else:
        form = ProposalForm(notice=notice)
    return render(
        request,
        "forums/proposal_create.html",
        {
            "form": form,
            "notice": notice,
            "page_title": _("Propose an initiative"),
            "page_description": _(
                "A form to propose an initiative to the incubator of the Western Negev Cluster."
            ),
            "page_lede": _(
                "The incubator takes in ideas for cooperation between the municipalities. Tell us "
                "about yours; it gets a reference number, by which you can see where it stands."
            ),
            "crumbs": [
                (_("The incubator"), reverse("forums:incubator")),
                (_("Propose an initiative"), None),
            ],
        },
        status=status,
    )


def initiative_of(proposal: Proposal) -> tuple[Initiative, bool]:
    """Return the initiative made of `proposal`, and whether it was made just now.

    A new one is a draft with the proposal's own words and nothing personal. Whoever asks twice, or
    two people at once, get the same one.
    """
    with transaction.atomic():
        locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
        if made_before := Initiative.objects.filter(proposal=locked).first():
            return made_before, False
        initiative = Initiative.objects.create(
            proposal=locked,
            title=locked.title,
            organisation=locked.organisation,
            summary=shortened(locked.description, 300),
            body=linebreaks(locked.description, autoescape=True),
            forum=locked.field,
        )
        initiative.municipalities.set(locked.municipalities.all())
        return initiative, True


def shortened(text: str, length: int) -> str:
    """Return the first words of `text` on one line of at most `length` signs."""
    return textwrap.shorten(text, length, placeholder="…") if text.split() else ""


@require_safe
def proposal_attachment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Serve the file of a proposal to staff, to save; to all others it does not exist."""
    # The person first: whoever may see none is answered alike for a file and for none.
    if not policy.may(request.user, policy.Action.VIEW, Proposal):
        raise Http404
    proposal = get_object_or_404(Proposal.objects.exclude(attachment=""), pk=pk)
    kind = proposal.attachment_name.rpartition(".")[2]
    return serve_file(
        request,
        str(proposal.attachment.name),
        ATTACHMENT_TYPES.get(kind, "application/octet-stream"),
        proposal.attachment_name,
        public=False,
    )

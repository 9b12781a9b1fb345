"""The contact page, and the page that tells where a submission stands."""

from datetime import timedelta
from typing import Any

from crispy_forms.layout import Fieldset, Layout, Row
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from cluster_portal.shared.csrf import CSRF_FAILED, keeps_typed
from cluster_portal.shared.forms import PortalFormMixin, SubmissionForm, privacy_notice
from cluster_portal.shared.limits import is_over_limit
from cluster_portal.shared.models import ContactMessage, SiteSettings, Submission, SubmissionState
from cluster_portal.shared.references import normalise_reference
from cluster_portal.shared.submissions import take_in
from forums.models import Proposal

# How many references that do not exist one address may try in an hour.
WRONG_REFERENCES_PER_HOUR = 20

STATUS_LEDE = _(
    "Type the reference number that you got when you sent a message or proposed an initiative."
)
UNKNOWN_REFERENCE = _(
    "There is no such reference number, or its time is over and the submission was erased."
)
HEADINGS: dict[tuple[type[Submission], str], Any] = {
    (ContactMessage, SubmissionState.NEW): _("Your message was received"),
    (ContactMessage, SubmissionState.IN_WORK): _("Your message is being dealt with"),
    (ContactMessage, SubmissionState.ANSWERED): _("Your message was answered"),
    (ContactMessage, SubmissionState.DECLINED): _("Your message was closed"),
    (Proposal, SubmissionState.NEW): _("Your proposal was received"),
    (Proposal, SubmissionState.IN_WORK): _("Your proposal is being looked into"),
    (Proposal, SubmissionState.ANSWERED): _("Your proposal was answered"),
    (Proposal, SubmissionState.DECLINED): _("Your proposal was not taken up"),
}
NEXT_STEPS: dict[str, Any] = {
    SubmissionState.NEW: _("It waits to be read by our staff."),
    SubmissionState.IN_WORK: _("Our staff have read it and are working on it."),
    SubmissionState.ANSWERED: _("The answer was sent to the e-mail address given in the form."),
    SubmissionState.DECLINED: _("For particulars, write to us and mention the reference number."),
}


class ContactForm(SubmissionForm):
    """A message to the cluster."""

    kind = "message"
    submit_label = _("Send the message")
    layout = Layout(
        Fieldset(_("Your message"), "subject", "message"),
        Fieldset(_("Whom to answer"), "contact_name", Row("contact_email", "contact_phone")),
    )

    subject = forms.CharField(label=_("Subject"), max_length=160)
    message = forms.CharField(
        label=pgettext_lazy("text of a letter", "Message"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    class Meta:
        model = ContactMessage
        fields = ("subject", "message", "contact_name", "contact_email", "contact_phone")


class ReferenceForm(PortalFormMixin, forms.Form):
    """Asks for a reference number."""

    submit_label = _("Show the state")
    action = "front:submission_status"

    reference = forms.CharField(
        label=_("Reference number"),
        max_length=100,
        help_text=_("Three groups of four letters and digits, as in the confirmation."),
        widget=forms.TextInput(
            attrs={"dir": "ltr", "autocomplete": "off", "autocapitalize": "characters"}
        ),
    )


@keeps_typed
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    site = SiteSettings.load()
    notice = privacy_notice(
        site,
        purpose=str(_("They serve only to deal with your message and to answer it.")),
        recipients=str(_("Only the staff who deal with it at the cluster see them.")),
    )
    status = 200
    if request.method == "POST":
        form = ContactForm(request.POST, request.FILES, notice=notice)
        submission, status = take_in(request, form)
        if submission:
            return redirect("front:submission_status_of", submission.reference)
    else:
        form = ContactForm(notice=notice)
    return render(
        request,
        "front/contact.html",
        {
            "form": form,
            "notice": notice,
            "page_title": _("Contact"),
            "page_description": _(
                "Whom to ask at the Western Negev Cluster, and a form for messages and questions."
            ),
            "page_lede": _(
                "A question, a remark, something that does not work: write to us. Each message "
                "gets a reference number, by which you can see where it stands."
            ),
            "crumbs": [(_("Contact"), None)],
            "has_details": any(
                (site.contact_text, site.contact_email, site.contact_phone, site.address)
            ),
        },
        status=status,
    )


def find_submission(reference: str) -> Submission | None:
    """Return the message or proposal of that reference number, however it was typed."""
    wanted = normalise_reference(reference)
    return (
        ContactMessage.objects.filter(reference=wanted).first()
        or Proposal.objects.filter(reference=wanted).first()
    )


@keeps_typed
@require_http_methods(["GET", "HEAD", "POST"])
def submission_status(request: HttpRequest) -> HttpResponse:
    """Ask for a reference number; lead to the page of the submission that has it."""
    form = ReferenceForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if request.csrf_failed:  # type: ignore[attr-defined]
            form.add_error(None, CSRF_FAILED)
            status = 403
        elif form.is_valid():
            if submission := find_submission(form.cleaned_data["reference"]):
                return redirect("front:submission_status_of", submission.reference)
            if is_over_limit(request, "reference", WRONG_REFERENCES_PER_HOUR):
                form.add_error(
                    None, _("Too many wrong numbers were tried. Please try again in an hour.")
                )
                status = 429
            else:
                form.add_error("reference", UNKNOWN_REFERENCE)
    return status_question(request, form, status)


def status_question(request: HttpRequest, form: ReferenceForm, status: int) -> HttpResponse:
    """Show the page that asks for a reference number."""
    return render(
        request,
        "front/submission_status.html",
        {
            "form": form,
            "page_title": _("Where does my message stand?"),
            "page_description": STATUS_LEDE,
            "page_lede": STATUS_LEDE,
            "crumbs": [
                (_("Contact"), reverse("front:contact")),
                (_("Where does my message stand?"), None),
            ],
        },
        status=status,
    )


@keeps_typed
@require_http_methods(["GET", "HEAD"])
def submission_status_of(request: HttpRequest, reference: str) -> HttpResponse:
    """Show where a submission stands, to whoever knows its number; nothing personal is shown.

    The 60 random bits of the number are all the protection this needs, so reading is not limited.
    """
    submission = find_submission(reference)
    if submission is None:
        form = ReferenceForm({"reference": reference})
        form.add_error("reference", UNKNOWN_REFERENCE)
        return status_question(request, form, 404)
    return render(
        request,
        "front/submission_status_of.html",
        {
            "page_title": HEADINGS[type(submission), submission.state],
            "page_description": NEXT_STEPS[submission.state],
            "page_lede": NEXT_STEPS[submission.state],
            "crumbs": [
                (_("Contact"), reverse("front:contact")),
                (submission.reference, None),
            ],
            "reference": submission.reference,
            "state": submission.get_state_display(),
            "sent_at": submission.created_at,
            # Both times are set at its birth, a hair's breadth apart.
            "state_changed_at": submission.state_changed_at
            if submission.state_changed_at - submission.created_at > timedelta(seconds=1)
            else None,
            "is_new": submission.state == SubmissionState.NEW,
        },
    )

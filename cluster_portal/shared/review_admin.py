"""The pages of the admin on which editors review: the queue, the calendar, one thing's page."""

from calendar import Calendar
from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from cluster_portal.shared import differences, history, policy, previews, review, revisions
from cluster_portal.shared.admin_site import site
from cluster_portal.shared.attachment_admin import thumbnail
from cluster_portal.shared.models import Version
from cluster_portal.shared.models.review import PendingRevision, PreviewLink
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState, Publishable
from cluster_portal.shared.text import clean_text

# The week begins on Sunday, which Python counts as 6.
CALENDAR = Calendar(firstweekday=6)
YEARS = range(2000, 2101)
HEADINGS = {
    "waiting": (
        gettext_lazy("Waits for review"),
        gettext_lazy("Nothing waits for review."),
    ),
    "scheduled": (
        gettext_lazy("Goes up at its time"),
        gettext_lazy("Nothing waits for its time."),
    ),
    "ending": (
        gettext_lazy("Goes down within 30 days"),
        gettext_lazy("Nothing goes down within 30 days."),
    ),
    "old": (
        gettext_lazy("Nobody looked at it for a year"),
        gettext_lazy("Everything was looked at within the last year."),
    ),
    "undescribed": (
        gettext_lazy("Photos without alternative text"),
        gettext_lazy("Every photo that is shown has an alternative text."),
    ),
    "broken": (
        gettext_lazy("Links that lead nowhere"),
        gettext_lazy("No link of the site's own leads nowhere."),
    ),
}
EXPLANATIONS = {
    "undescribed": gettext_lazy(
        "They were marked decorative. Look again: whoever does not see a photo learns of it only "
        "by its alternative text."
    ),
    "broken": gettext_lazy("Links within the site whose page is missing or not public now."),
}
COUNTED = {
    "waiting": ngettext_lazy("%(count)d waits for review", "%(count)d wait for review", "count"),
    "scheduled": ngettext_lazy(
        "%(count)d goes up at its time", "%(count)d go up at their time", "count"
    ),
    "ending": ngettext_lazy(
        "%(count)d goes down within 30 days", "%(count)d go down within 30 days", "count"
    ),
    "old": ngettext_lazy(
        "%(count)d was not looked at for a year", "%(count)d were not looked at for a year", "count"
    ),
}
View = Callable[..., HttpResponse]


def page(*methods: str) -> Callable[[View], View]:
    """Decorate a page of the admin that answers in these methods alone."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def show(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    common = site.each_context(request)
    return TemplateResponse(request, template, common | {"title": title} | context)


def index_part(request: HttpRequest) -> dict[str, Any]:
    """Return what the first page of the admin tells of the queue."""
    found = review.counts()
    return {
        "review_counts": [
            {"text": COUNTED[key] % {"count": count}, "key": key, "count": count}
            for key, count in found.items()
        ]
    }


# --- Queue --------------------------------------------------------------------------------------


@page("GET", "HEAD")
def queue(request: HttpRequest) -> HttpResponse:
    sections = [
        {
            "section": section,
            "heading": HEADINGS[section.key][0],
            "empty": HEADINGS[section.key][1],
            "explanation": EXPLANATIONS.get(section.key, ""),
            "photos": [(photo, thumbnail(photo)) for photo in section.rows]
            if section.key == "undescribed"
            else (),
        }
        for section in review.queue()
    ]
    return show(request, "admin/review_queue.html", _("Review queue"), {"sections": sections})


def reviewed_thing(request: HttpRequest, kind: str, pk: int) -> Publishable:
    """Return the thing that the asking person may review; raise Http404 for any other."""
    model = history.kind_of(kind)
    thing = model._base_manager.filter(pk=pk).first() if model else None
    if not isinstance(thing, Publishable) or not policy.may(request.user, Action.REVIEW, thing):
        raise Http404
    return thing


@page("POST")
def looked_at(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    thing = reviewed_thing(request, kind, pk)
    revisions.still_right(request.user, thing)
    messages.success(request, _("Noted: “%(title)s” still holds.") % {"title": thing})
    return redirect(f"{reverse('admin:review_queue')}#old")


# --- One thing, or a change of one --------------------------------------------------------------


class ReviewForm(forms.Form):
    """What was read, and what is said to it."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    over = forms.IntegerField(
        widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1
    )
    is_knowing = forms.BooleanField(
        label=gettext_lazy("Approve although the published text has changed since"), required=False
    )
    remark = forms.CharField(
        label=gettext_lazy("Remark"),
        help_text=gettext_lazy("Needed to send back: what is to be changed, in a sentence or two."),
        required=False,
        max_length=revisions.LONGEST_REMARK,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def clean_remark(self) -> str:
        return clean_text(self.cleaned_data["remark"])


def answer(request: HttpRequest, form: ReviewForm, what: models.Model) -> bool:
    """Approve or send back `what`; say whether it was done. If not, the form tells why."""
    if not form.is_valid():
        return False
    seen = form.cleaned_data["seen"]
    try:
        if "send_back" in request.POST:
            revisions.send_back(request.user, what, form.cleaned_data["remark"], seen=seen)
            messages.success(request, _("It was sent back with your remark."))
        elif isinstance(what, PendingRevision):
            over = form.cleaned_data["over"] if form.cleaned_data["is_knowing"] else None
            revisions.approve(request.user, what, seen=seen, over=over)
            messages.success(request, _("The change was approved; the public sees it now."))
        elif isinstance(what, Publishable):
            revisions.approve_thing(request.user, what, seen=seen)
            messages.success(
                request,
                _("It was approved; the public sees it now.")
                if what.is_published()
                else _("It was approved and will be published at its time."),
            )
    except revisions.CannotReview as error:
        form.add_error("remark" if "send_back" in request.POST else None, str(error))
        return False
    return True


def sharing(thing: Publishable, revision: PendingRevision | None = None) -> dict[str, Any]:
    """Return what a page shows of the previews of `thing`."""
    return {
        "thing": thing,
        "kind": thing._meta.label_lower,
        "preview_url": previews.preview_url(revision or thing),
        "links": previews.living_links(thing),
        "days": previews.DAYS,
        "revision": revision,
    }


@page("GET", "HEAD", "POST")
def thing_page(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Show a thing that is in review, whole; approve it, or send it back with a remark."""
    thing = reviewed_thing(request, kind, pk)
    if request.method == "POST":
        form = ReviewForm(request.POST)
        if answer(request, form, thing):
            return redirect("admin:review_queue")
        thing = reviewed_thing(request, kind, pk)
    else:
        form = ReviewForm(initial={"seen": history.latest_number(thing)})
    changes = differences.differences(type(thing), None, history.snapshot(thing))
    return show(
        request,
        "admin/review_page.html",
        str(thing),
        {
            "thing": thing,
            "kind": thing._meta.verbose_name,
            "form": fresh(form, history.latest_number(thing)),
            "changes": changes,
            "can_answer": thing.state == PublicationState.IN_REVIEW,
            "change_url": review.change_url(kind, pk),
            "note": revisions.last_note(thing),
            "sharing": sharing(thing),
        },
    )


def fresh(form: ReviewForm, seen: int, over: int | None = None) -> ReviewForm:
    """Let the form that comes back carry what is shown beside it now."""
    if form.is_bound:
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["seen"] = str(seen)  # type: ignore[index]
        form.data["over"] = "" if over is None else str(over)  # type: ignore[index]
    return form


@page("GET", "HEAD", "POST")
def revision_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a pending change would change; approve it, or send it back with a remark."""
    revision = PendingRevision.objects.filter(pk=pk).select_related("author").first()
    if revision is None:
        raise Http404
    thing = reviewed_thing(request, revision.kind, revision.object_id)
    form = ReviewForm(request.POST) if request.method == "POST" else None
    if form is not None and answer(request, form, revision):
        return redirect("admin:review_queue")
    revision = PendingRevision.objects.filter(pk=pk).select_related("author").first()
    if revision is None:
        messages.warning(request, _("This change waits no longer."))
        return redirect("admin:review_queue")
    thing = reviewed_thing(request, revision.kind, revision.object_id)
    latest = history.latest_number(thing)
    since: list[differences.Change] = []
    if latest != revision.base_number:
        base = Version.objects.of(thing).filter(number=revision.base_number).first()
        if base is not None:
            since = differences.differences(type(thing), base.data, history.snapshot(thing))
    if form is None:
        form = ReviewForm(initial={"seen": revision.number, "over": latest})
    return show(
        request,
        "admin/review_page.html",
        revision.title,
        {
            "thing": thing,
            "kind": thing._meta.verbose_name,
            "revision": revision,
            "form": fresh(form, revision.number, latest),
            "changes": differences.differences(type(thing), history.snapshot(thing), revision.data),
            "is_outdated": latest != revision.base_number,
            "since": since,
            "can_answer": revision.state == PendingRevision.State.IN_REVIEW,
            "change_url": review.change_url(revision.kind, revision.object_id),
            "note": revisions.last_note(thing),
            "sharing": sharing(thing, revision),
        },
    )


# --- Links to previews --------------------------------------------------------------------------


def back_from(request: HttpRequest, thing: Publishable, revision: PendingRevision | None) -> str:
    if revision is not None:
        return reverse("admin:review_revision", args=(revision.pk,))
    if thing.state == PublicationState.IN_REVIEW:
        return review.review_url(thing._meta.label_lower, thing.pk)
    return review.change_url(thing._meta.label_lower, thing.pk)


@page("POST")
def link_create(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Make a link to the thing's preview, or to that of its pending change."""
    thing = reviewed_thing(request, kind, pk)
    days = next((d for d in previews.DAYS if str(d) == request.POST.get("days")), None)
    revision = revisions.pending_of(thing) if request.POST.get("revision") else None
    if days is None:
        raise Http404
    previews.link_for(request.user, thing, revision, days)
    messages.success(request, _("The link is ready; it stands under “Preview” below."))
    return redirect(f"{back_from(request, thing, revision)}#preview")


@page("POST")
def link_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    link = PreviewLink.objects.filter(pk=pk).first()
    if link is None:
        raise Http404
    thing = reviewed_thing(request, link.kind, link.object_id)
    previews.revoke(request.user, link)
    messages.success(request, _("The link shows nothing from now on."))
    revision = revisions.pending_of(thing) if link.revision_id else None
    return redirect(f"{back_from(request, thing, revision)}#preview")


# --- Calendar -----------------------------------------------------------------------------------


@page("GET", "HEAD")
def calendar(
    request: HttpRequest, year: int | None = None, month: int | None = None
) -> HttpResponse:
    """Show what goes up and down in a month (this one), day by day."""
    today = timezone.localdate()
    year, month = year or today.year, month or today.month
    if year not in YEARS or month not in range(1, 13):
        raise Http404
    first = date(year, month, 1)
    weeks = CALENDAR.monthdatescalendar(year, month)
    days = review.going(weeks[0][0], weeks[-1][-1])
    before, after = first - timedelta(days=1), first + timedelta(days=31)
    return show(
        request,
        "admin/review_calendar.html",
        _("Calendar: %(month)s") % {"month": date_format(first, "F Y")},
        {
            "first": first,
            "weekdays": [WEEKDAYS[day] for day in CALENDAR.iterweekdays()],
            "weeks": [
                [
                    {
                        "date": day,
                        "is_other": day.month != month,
                        "is_today": day == today,
                        "entries": days.get(day, []),
                    }
                    for day in week
                ]
                for week in weeks
            ],
            "before": month_url(before),
            "after": month_url(after),
            "before_month": before,
            "after_month": after,
        },
    )


def month_url(day: date) -> str | None:
    if day.year not in YEARS:
        return None
    return reverse("admin:review_month", args=(day.year, day.month))


site.index_parts.append(index_part)
site.pages += [
    path("review/", site.admin_view(queue), name="review_queue"),
    path("review/calendar/", site.admin_view(calendar), name="review_calendar"),
    path("review/calendar/<int:year>/<int:month>/", site.admin_view(calendar), name="review_month"),
    path("review/revision/<int:pk>/", site.admin_view(revision_page), name="review_revision"),
    path("review/links/<int:pk>/revoke/", site.admin_view(link_revoke), name="review_link_revoke"),
    path("review/<str:kind>/<int:pk>/", site.admin_view(thing_page), name="review_thing"),
    path(
        "review/<str:kind>/<int:pk>/looked-at/",
        site.admin_view(looked_at),
        name="review_looked_at",
    ),
    path(
        "review/<str:kind>/<int:pk>/link/", site.admin_view(link_create), name="review_link_create"
    ),
]

"""The public pages on who the cluster is."""

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from cluster_portal.shared.csrf import require_safe
from cluster_portal.shared.models import SourceQuote
from members.models import Goal, Municipality, OfficeHolder, RelatedBody, StoryChapter
from members.querysets import Happening, happenings
from members.region import region_points


@require_safe
def story(request: HttpRequest) -> HttpResponse:
    title = _("The story of the cluster")
    return render(
        request,
        "members/story.html",
        {
            "page_title": title,
            "page_description": _(
                "How the Western Negev Cluster came to be: the idea, the partnership of nine "
                "authorities and the first steps."
            ),
            "crumbs": [(title, None)],
            "chapters": StoryChapter.objects.published().select_related("source", "municipality"),
            "quotes": SourceQuote.objects.on_page("story"),
        },
    )


@require_safe
def municipality_list(request: HttpRequest) -> HttpResponse:
    title = _("The member authorities")
    municipalities = list(Municipality.objects.current())
    kinds = Municipality.Kind
    return render(
        request,
        "members/municipality_list.html",
        {
            "page_title": title,
            "page_description": _(
                "The cities and regional councils of the Western Negev Cluster, with a map of the "
                "region and a page for each."
            ),
            "crumbs": [(title, None)],
            "points": region_points(municipalities),
            "groups": [
                (_("Cities"), [m for m in municipalities if m.kind == kinds.CITY]),
                (
                    _("Regional councils"),
                    [m for m in municipalities if m.kind == kinds.REGIONAL_COUNCIL],
                ),
            ],
            "quotes": SourceQuote.objects.on_page("members"),
        },
    )


@require_safe
def municipality_detail(request: HttpRequest, slug: str) -> HttpResponse:
    # One query for the page's own and for the map, on which one that left is shown here alone.
    shown = list(Municipality.objects.current() | Municipality.objects.filter(slug=slug))
    municipality = next((one for one in shown if one.slug == slug), None)
    if municipality is None:
        raise Http404
    happened = happenings(municipality)
    return render(
        request,
        "members/municipality_detail.html",
        {
            "page_title": municipality.formal_name,
            "page_description": municipality.summary,
            "crumbs": [
                (_("The member authorities"), reverse("members:municipality_list")),
                (municipality.name, None),
            ],
            "municipality": municipality,
            "points": region_points(shown, municipality),
            "facts": municipality.facts.select_related("source"),
            "localities": municipality.localities.all(),
            "updates": municipality.updates.published().for_lists().newest_first()[:5],
            "events": linked(happened, "event"),
            "initiatives": linked(happened, "initiative"),
            "chapters": linked(happened, "story"),
        },
    )


def linked(happened: list[Happening], kind: str) -> list[tuple[Happening, str]]:
    """Return the happenings of one kind, each with the address of its page."""
    addresses = {
        "event": lambda row: reverse("events:event_detail", kwargs={"slug": row.slug}),
        "initiative": lambda row: reverse("forums:initiative_detail", kwargs={"pk": row.pk}),
        "story": lambda row: f"{reverse('members:story')}#{row.slug}",
    }
    return [(row, addresses[kind](row)) for row in happened if row.kind == kind]


@require_safe
def goal_list(request: HttpRequest) -> HttpResponse:
    title = _("The goals of the cluster")
    return render(
        request,
        "members/goal_list.html",
        {
            "page_title": title,
            "page_description": _(
                "The aims for which the cluster was founded, with the forums that work in the "
                "field of each and what was discussed about it."
            ),
            "crumbs": [(_("Goals"), None)],
            "goals": Goal.objects.select_related("source").with_work(),
            "quotes": SourceQuote.objects.on_page("goals"),
        },
    )


@require_safe
def related_list(request: HttpRequest) -> HttpResponse:
    title = _("Related bodies")
    bodies = list(
        RelatedBody.objects.select_related("source").prefetch_related(
            Prefetch("office_holders", OfficeHolder.objects.select_related("source"))
        )
    )
    kinds = RelatedBody.Kind
    return render(
        request,
        "members/related_list.html",
        {
            "page_title": title,
            "page_description": _(
                "The institute that accompanied the cluster, and the bodies that were named beside "
                "it."
            ),
            "crumbs": [(title, None)],
            "groups": [
                (_("Accompanied the cluster"), [b for b in bodies if b.kind == kinds.ACCOMPANYING]),
                (_("Named beside the cluster"), [b for b in bodies if b.kind == kinds.BESIDE]),
            ],
            "quotes": SourceQuote.objects.on_page("related"),
        },
    )

"""The public pages on the work of the forums."""

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cluster_portal.shared.csrf import require_safe
from cluster_portal.shared.models import SourceQuote
from cluster_portal.shared.paging import canonical_of, page_of
from cluster_portal.shared.richtext import html_to_text
from forums.models import Forum, ForumUpdate, Initiative, InitiativeKind, Milestone, MilestoneTier

UPDATES_PER_PAGE = 20
INITIATIVES_PER_PAGE = 12


@require_safe
def forum_list(request: HttpRequest) -> HttpResponse:
    title = _("The forums")
    forums = list(Forum.objects.select_related("source"))
    headings = {
        Forum.Kind.LEAD: _("Lead forums"),
        Forum.Kind.THEMATIC: _("Thematic forums"),
        Forum.Kind.THINK_TEAM: _("Think teams"),
    }
    return render(
        request,
        "forums/forum_list.html",
        {
            "page_title": title,
            "page_description": _(
                "The regional forums in which professionals of the member authorities work "
                "together, and where each stands."
            ),
            "crumbs": [(_("Forums"), None)],
            "groups": [
                (heading, [forum for forum in forums if forum.kind == kind])
                for kind, heading in headings.items()
            ],
            "quotes": SourceQuote.objects.on_page("forums"),
        },
    )


@require_safe
def forum_detail(request: HttpRequest, slug: str) -> HttpResponse:
    forum = get_object_or_404(Forum.objects.select_related("source", "goal"), slug=slug)
    return render(
        request,
        "forums/forum_detail.html",
        {
            "page_title": forum.name,
            "page_description": forum.purpose,
            "crumbs": [(_("Forums"), reverse("forums:forum_list")), (forum.name, None)],
            "forum": forum,
            "coordinators": forum.coordinators.current().filter(is_shown=True),
            "updates": forum.updates.published().for_lists().newest_first()[:6],
            "milestones": forum.milestones.select_related("tier"),
            "documents": [
                link.document for link in forum.document_links.select_related("document")
            ],
        },
    )


@require_safe
def update_list(request: HttpRequest, year: int | None = None) -> HttpResponse:
    published = ForumUpdate.objects.published()
    years = published.years()
    if year is not None:
        if year not in years:
            raise Http404
        published = published.filter(publish_at__year=year)
    page = page_of(request, published.for_lists().newest_first(), UPDATES_PER_PAGE)
    all_url = reverse("forums:update_list")
    title = _("Updates from the forums")
    description = _("What is new from the forums of the cluster, the latest first.")
    crumbs: list[tuple[str, str | None]] = [(_("Updates"), None)]
    if year:
        title = _("Updates of %(year)d") % {"year": year}
        description = _("What the forums of the cluster told in %(year)d, the latest first.") % {
            "year": year
        }
        crumbs = [(_("Updates"), all_url), (str(year), None)]
    return render(
        request,
        "forums/update_list.html",
        {
            "page_title": title,
            "page_description": description,
            "canonical_url": canonical_of(request, page),
            "crumbs": crumbs,
            "page_obj": page,
            "year": year,
            "years": [(one, reverse("forums:update_year", args=[one])) for one in years],
            "all_url": all_url,
        },
    )


@require_safe
def update_detail(request: HttpRequest, forum_slug: str, pk: int) -> HttpResponse:
    update = get_object_or_404(
        ForumUpdate.objects.published().select_related("forum"), pk=pk, forum__slug=forum_slug
    )
    return render(
        request,
        "forums/update_detail.html",
        {
            "page_title": update.title,
            "page_description": update.summary or html_to_text(update.body),
            "crumbs": [
                (_("Forums"), reverse("forums:forum_list")),
                (update.forum.name, update.forum.get_absolute_url()),
                (update.title, None),
            ],
            "update": update,
            "photos": [link.photo for link in update.photo_links.select_related("photo")],
            "documents": [
                link.document for link in update.document_links.select_related("document")
            ],
            "municipalities": update.municipalities.all(),
        },
    )


@require_safe
def milestone_list(request: HttpRequest) -> HttpResponse:
    title = _("Milestones")
    milestones = Milestone.objects.select_related("source").prefetch_related("forums")
    return render(
        request,
        "forums/milestone_list.html",
        {
            "page_title": title,
            "page_description": _(
                "The three levels on which the cluster works, the commitments of each and where "
                "they stand."
            ),
            "crumbs": [(title, None)],
            "tiers": MilestoneTier.objects.select_related("source").prefetch_related(
                Prefetch("milestones", milestones)
            ),
            "quotes": SourceQuote.objects.on_page("milestones"),
        },
    )


@require_safe
def incubator(request: HttpRequest) -> HttpResponse:
    title = _("Incubator for cooperation")
    page = page_of(request, Initiative.objects.published().for_lists(), INITIATIVES_PER_PAGE)
    return render(
        request,
        "forums/incubator.html",
        {
            "page_title": title,
            "page_description": _(
                "The third level of the cluster's work: initiatives that rise from the field, and "
                "a form to propose one."
            ),
            "canonical_url": canonical_of(request, page),
            "crumbs": [(title, None)],
            "tier": MilestoneTier.objects.select_related("source").filter(slug="incubator").first(),
            "kinds": InitiativeKind.objects.select_related("source"),
            "page_obj": page,
            "quotes": SourceQuote.objects.on_page("incubator"),
        },
    )


@require_safe
def initiative_detail(request: HttpRequest, pk: int) -> HttpResponse:
    initiative = get_object_or_404(
        Initiative.objects.published().select_related("kind", "forum"), pk=pk
    )
    return render(
        request,
        "forums/initiative_detail.html",
        {
            "page_title": initiative.title,
            "page_description": initiative.summary,
            "crumbs": [
                (_("Incubator for cooperation"), reverse("forums:incubator")),
                (initiative.title, None),
            ],
            "initiative": initiative,
            "municipalities": initiative.municipalities.all(),
        },
    )

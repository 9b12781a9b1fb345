"""The public pages on events, and the files of their recordings."""

from pathlib import PurePath

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cluster_portal.shared import policy
from cluster_portal.shared.csrf import require_safe
from cluster_portal.shared.media import serve_file
from cluster_portal.shared.paging import canonical_of, page_of
from cluster_portal.shared.richtext import html_to_text
from events.models import Event, Recording

PAST_PER_PAGE = 20
FILM_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
}


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    title = _("Events")
    events = Event.objects.published().select_related("municipality")
    page = page_of(request, events.past(), PAST_PER_PAGE)
    return render(
        request,
        "events/event_list.html",
        {
            "page_title": title,
            "page_description": _("Events of the cluster: those to come, and the archive of past."),
            "canonical_url": canonical_of(request, page),
            "crumbs": [(title, None)],
            "coming": events.coming() if page.number == 1 else (),
            "page_obj": page,
        },
    )


@require_safe
def event_detail(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(
        Event.objects.published().select_related("municipality", "forum", "source"), slug=slug
    )
    return render(
        request,
        "events/event_detail.html",
        {
            "page_title": event.title,
            "page_description": event.summary or html_to_text(event.body) or event.source_text,
            "crumbs": [(_("Events"), reverse("events:event_list")), (event.title, None)],
            "event": event,
            "is_over": event.is_over(),
            "topics": event.topics.select_related("goal", "forum"),
            "photos": [link.photo for link in event.photo_links.select_related("photo")],
            "documents": [
                link.document for link in event.document_links.select_related("document")
            ],
            "recordings": event.recordings.public(),
        },
    )


def recording_or_404(request: HttpRequest, pk: int) -> tuple[Recording, bool]:
    """Return a recording that this user may see, and whether everybody may.

    Raises Http404 for a foreign one as for a missing one.
    """
    recording = get_object_or_404(Recording.objects.select_related("event"), pk=pk)
    if recording.is_released and Event.objects.published().filter(pk=recording.event_id).exists():
        return recording, True
    if not policy.may(request.user, policy.Action.VIEW, recording):
        raise Http404
    return recording, False


@require_safe
def recording_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    recording, public = recording_or_404(request, pk)
    if not recording.file:
        raise Http404
    path = str(recording.file.name)
    content_type = FILM_TYPES.get(PurePath(path).suffix, "application/octet-stream")
    return serve_file(request, path, content_type, public=public)


@require_safe
def recording_captions(request: HttpRequest, pk: int) -> HttpResponseBase:
    recording, public = recording_or_404(request, pk)
    if not recording.captions:
        raise Http404
    path = str(recording.captions.name)
    return serve_file(request, path, "text/vtt; charset=utf-8", public=public)

"""Which photos, documents and recordings events show, told to the ground floor."""

from cluster_portal.shared import attachments, history
from cluster_portal.shared.models import Document, Photo
from events.models import Event

attachments.register_holder(
    Photo,
    public=Event.objects.published,
    everything=Event.objects.all,
    lookup="photo_links__photo",
)
attachments.register_holder(
    Document,
    public=Event.objects.published,
    everything=Event.objects.all,
    lookup="document_links__document",
)

history.register(Event, parts=("topics", "photo_links", "document_links", "recordings"))

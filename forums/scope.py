"""How a thing finds its forum, told to the policy; and which things show photos and documents."""

from typing import Any

from django.urls import reverse

from cluster_portal.shared import attachments, history, policy, revisions
from cluster_portal.shared.models import Document, Photo
from forums.models import (
    Coordinator,
    Forum,
    ForumUpdate,
    ForumUpdateDocument,
    ForumUpdatePhoto,
    Initiative,
    InitiativeKind,
    Milestone,
    MilestoneTier,
)


def forum_ids_of_user(user: Any) -> frozenset[int]:
    """Return the ids of the forums that `user` coordinates today."""
    return frozenset(Forum.objects.coordinated_by(user).values_list("pk", flat=True))


policy.register_administrators_only(Coordinator)
policy.register_forums_of_user(forum_ids_of_user)
policy.register_forum_scope(
    ForumUpdate,
    lambda update: {update.forum_id},
    is_trusted=lambda update: update.forum.is_trusted,
)
policy.register_forum_scope(ForumUpdatePhoto, lambda link: {link.update.forum_id})
policy.register_forum_scope(ForumUpdateDocument, lambda link: {link.update.forum_id})
attachments.register_holder(
    Photo,
    public=ForumUpdate.objects.published,
    everything=ForumUpdate.objects.all,
    lookup="photo_links__photo",
)
attachments.register_holder(
    Document,
    public=ForumUpdate.objects.published,
    everything=ForumUpdate.objects.all,
    lookup="document_links__document",
)
attachments.register_holder(
    Document,
    public=Forum.objects.all,
    everything=Forum.objects.all,
    lookup="document_links__document",
)

revisions.register_people(
    ForumUpdate,
    people=lambda update: [link.user for link in update.forum.coordinators.current()],
    address=lambda update: reverse("forums:desk_update_edit", kwargs={"pk": update.pk}),
)

history.register(Forum, parts=("document_links", "coordinators"))
history.register(ForumUpdate, parts=("photo_links", "document_links"))
for kind in (MilestoneTier, Milestone, Initiative, InitiativeKind):
    history.register(kind)

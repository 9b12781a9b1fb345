"""The models of the ground floor, a module per concern."""

from cluster_portal.shared.models.accounts import User
from cluster_portal.shared.models.content import LoadedRow
from cluster_portal.shared.models.history import Version
from cluster_portal.shared.models.media import Document, Licence, Photo
from cluster_portal.shared.models.outbox import OutboxMessage, RateLimitHit
from cluster_portal.shared.models.review import (
    PendingRevision,
    Presence,
    PreviewLink,
    ReviewNote,
    WorkingCopy,
)
from cluster_portal.shared.models.site import (
    AccessibilityStatement,
    Dated,
    Ordered,
    Page,
    Singleton,
    SiteSettings,
    Source,
    SourceQuote,
)
from cluster_portal.shared.models.submissions import ContactMessage, Submission, SubmissionState

__all__ = [
    "AccessibilityStatement",
    "ContactMessage",
    "Dated",
    "Document",
    "Licence",
    "LoadedRow",
    "Ordered",
    "OutboxMessage",
    "Page",
    "PendingRevision",
    "Photo",
    "Presence",
    "PreviewLink",
    "RateLimitHit",
    "ReviewNote",
    "Singleton",
    "SiteSettings",
    "Source",
    "SourceQuote",
    "Submission",
    "SubmissionState",
    "User",
    "Version",
    "WorkingCopy",
]

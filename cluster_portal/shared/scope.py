"""What only administrators touch, what nobody writes by hand, and what is kept in history."""

from cluster_portal.shared import history, policy
from cluster_portal.shared.models import (
    AccessibilityStatement,
    Document,
    LoadedRow,
    OutboxMessage,
    Page,
    Photo,
    PreviewLink,
    RateLimitHit,
    SiteSettings,
    Source,
    SourceQuote,
    User,
    Version,
    WorkingCopy,
)

policy.register_administrators_only(
    User, SiteSettings, OutboxMessage, RateLimitHit, LoadedRow, WorkingCopy
)
policy.register_read_only(OutboxMessage, RateLimitHit, LoadedRow, Version, PreviewLink, WorkingCopy)

for kind in (AccessibilityStatement, Document, Page, Photo, SiteSettings, Source, SourceQuote):
    history.register(kind)
history.connect()

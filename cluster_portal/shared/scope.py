"""What only administrators touch, and what nobody writes by hand, told to the policy."""

from cluster_portal.shared import policy
from cluster_portal.shared.models import LoadedRow, OutboxMessage, RateLimitHit, SiteSettings, User

policy.register_administrators_only(User, SiteSettings, OutboxMessage, RateLimitHit, LoadedRow)
policy.register_read_only(OutboxMessage, RateLimitHit, LoadedRow)

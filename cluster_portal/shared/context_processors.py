"""What every page knows: the site's own texts and its address."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from cluster_portal.shared.models import SiteSettings


def site(request: HttpRequest) -> dict[str, Any]:
    """Return `site` (the settings row, read when first used) and `canonical_url` (no query)."""
    return {
        "site": SimpleLazyObject(SiteSettings.load),
        "site_url": settings.SITE_URL,
        "canonical_url": f"{settings.SITE_URL}{request.path}",
    }

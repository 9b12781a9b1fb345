"""The admin of the site's own texts; importing it brings in the whole ground floor's admin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import ResolverMatch, resolve
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import (
    attachment_admin,
    handbook_admin,
    people_admin,
    review_admin,
    submissions_admin,
)
from cluster_portal.shared.admin_site import site
from cluster_portal.shared.model_admin import (
    PUBLISHING,
    OrderingMixin,
    PortalModelAdmin,
    PortalModelForm,
    PortalStackedInline,
    PortalTabularInline,
    SingletonAdmin,
)
from cluster_portal.shared.models import (
    AccessibilityStatement,
    Page,
    SiteSettings,
    Source,
    SourceQuote,
)
from cluster_portal.shared.publishing_admin import PublishableAdmin

__all__ = [
    "PUBLISHING",
    "OrderingMixin",
    "PortalModelAdmin",
    "PortalModelForm",
    "PortalStackedInline",
    "PortalTabularInline",
    "PublishableAdmin",
    "SingletonAdmin",
    "attachment_admin",
    "handbook_admin",
    "people_admin",
    "review_admin",
    "site",
    "submissions_admin",
]


def page_route(slug: str) -> ResolverMatch | None:
    """Return the route at ``/<slug>/`` if it shows a free page; None if something else is there."""
    match = resolve(f"/{slug}/")
    return match if match.kwargs.get("slug") == slug else None


class PageForm(PortalModelForm):
    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if page_route(slug) is None:
            raise ValidationError(_("Another page of the site stands at this address."))
        return slug


@admin.register(Page, site=site)
class PageAdmin(PublishableAdmin):
    form = PageForm
    list_display = ("title", "slug", "state", "visibility", "updated_at")
    search_fields = ("title", "summary", "body")
    fieldsets = (
        (None, {"fields": ("title", "slug", "summary", "body")}),
        PUBLISHING,
        (_("Times"), {"fields": (("created_at", "updated_at"),)}),
    )

    def is_fixed(self, obj: Page | None) -> bool:
        """Say whether every footer links to `obj`, so that its address must stay."""
        match = page_route(obj.slug) if obj else None
        return match is not None and match.url_name != "page_detail"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, *(("slug",) if self.is_fixed(obj) else ()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not self.is_fixed(obj)


@admin.register(SourceQuote, site=site)
class SourceQuoteAdmin(PortalModelAdmin):
    list_display = ("key", "excerpt", "as_of", "source")
    list_select_related = ("source",)
    search_fields = ("key", "text")
    autocomplete_fields = ("source",)
    left_to_right = ("key",)
    fieldsets = ((None, {"fields": ("key", "text", ("as_of", "source"))}),)

    @admin.display(description=_("text"))
    def excerpt(self, obj: SourceQuote) -> str:
        words = obj.text.split()
        return " ".join(words[:14]) + (" …" if len(words) > 14 else "")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The key says where the passage shows; another key would make it vanish from there.
        return ("key",) if obj else ()


@admin.register(Source, site=site)
class SourceAdmin(PortalModelAdmin):
    list_display = ("title", "publisher", "year")
    search_fields = ("title", "publisher")


@admin.register(AccessibilityStatement, site=site)
class AccessibilityStatementAdmin(SingletonAdmin):
    left_to_right = ("coordinator_phone",)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("introduction", "adaptations", "known_gaps", "exemptions", "places")}),
        (
            _("Accessibility coordinator"),
            {"fields": ("coordinator_name", "coordinator_email", "coordinator_phone")},
        ),
        (_("Check"), {"fields": ("checked_on", "checked_how", "updated_at")}),
    )


@admin.register(SiteSettings, site=site)
class SiteSettingsAdmin(SingletonAdmin):
    left_to_right = ("contact_phone",)
    fieldsets = (
        (_("Names"), {"fields": ("name", "tagline", "description")}),
        (
            _("Home page"),
            {
                "fields": (
                    "home_heading",
                    "home_intro",
                    "home_updates",
                    "home_shows_goals",
                    "home_shows_milestones",
                )
            },
        ),
        (
            _("Contact"),
            {"fields": ("contact_email", "contact_phone", "address", "contact_text")},
        ),
        (
            _("Messages and proposals"),
            {"fields": ("notice_email", "retention_days", "controller")},
        ),
    )

"""The admin of the work: forums, updates, milestones and the incubator."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.admin_site import site
from cluster_portal.shared.attachment_admin import DocumentInline, PhotoInline
from cluster_portal.shared.model_admin import (
    PUBLISHING,
    OrderingMixin,
    PortalStackedInline,
    PortalTabularInline,
)
from cluster_portal.shared.publishing_admin import PublishableAdmin
from forums import submissions_admin
from forums.models import (
    Coordinator,
    Forum,
    ForumDocument,
    ForumUpdate,
    ForumUpdateDocument,
    ForumUpdatePhoto,
    Initiative,
    InitiativeKind,
    Milestone,
    MilestoneTier,
)

__all__ = ["submissions_admin"]


class ForumDocumentInline(DocumentInline):
    model = ForumDocument


class CoordinatorInline(PortalTabularInline):
    model = Coordinator
    fields = ("user", "is_shown", "stands_in_for", "starts_on", "ends_on")
    autocomplete_fields = ("user", "stands_in_for")


@admin.register(Forum, site=site)
class ForumAdmin(OrderingMixin):
    list_display = ("name", "kind", "state", "goal", "since_year", "updated_at")
    list_select_related = ("goal",)
    list_filter = ("kind", "state")
    search_fields = ("name", "field", "purpose", "source_text")
    autocomplete_fields = ("source",)
    inlines = (CoordinatorInline, ForumDocumentInline)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "slug",
                    ("kind", "state"),
                    "is_trusted",
                    ("field", "since_year"),
                    "purpose",
                    "composition",
                    "goal",
                )
            },
        ),
        (_("Source"), {"fields": ("source_text", ("as_of", "source"))}),
        (_("Times"), {"fields": ("updated_at",)}),
    )


class ForumUpdatePhotoInline(PhotoInline):
    model = ForumUpdatePhoto


class ForumUpdateDocumentInline(DocumentInline):
    model = ForumUpdateDocument


@admin.register(ForumUpdate, site=site)
class ForumUpdateAdmin(PublishableAdmin):
    list_display = ("title", "forum", "state", "visibility", "publish_at", "author")
    list_select_related = ("forum", "author")
    list_filter = ("state", "forum")
    search_fields = ("title", "summary", "body")
    tick_boxes = ("municipalities",)
    inlines = (ForumUpdatePhotoInline, ForumUpdateDocumentInline)
    readonly_fields = ("author", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("forum", "title", "summary", "body", "municipalities")}),
        PUBLISHING,
        (_("Times"), {"fields": ("author", ("created_at", "updated_at"))}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.author = request.user
        super().save_model(request, obj, form, change)


class MilestoneInline(PortalStackedInline):
    model = Milestone
    fields = ("text", ("state", "order"), "evidence", "forums", ("as_of", "source"))
    autocomplete_fields = ("source",)
    tick_boxes = ("forums",)
    show_change_link = True


@admin.register(MilestoneTier, site=site)
class MilestoneTierAdmin(OrderingMixin):
    list_display = ("title", "as_of", "updated_at")
    search_fields = ("title", "summary", "text")
    autocomplete_fields = ("source",)
    inlines = (MilestoneInline,)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("title", "slug", "summary", "text")}),
        (_("Source"), {"fields": (("as_of", "source"),)}),
        (_("Times"), {"fields": ("updated_at",)}),
    )


@admin.register(Milestone, site=site)
class MilestoneAdmin(OrderingMixin):
    order_within = "tier"
    list_display = ("text", "tier", "state", "updated_at")
    list_select_related = ("tier",)
    list_filter = ("state", "tier")
    search_fields = ("text", "evidence")
    autocomplete_fields = ("source",)
    tick_boxes = ("forums",)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("tier", "text", "state", "evidence", "forums")}),
        (_("Source"), {"fields": (("as_of", "source"),)}),
        (_("Times"), {"fields": ("updated_at",)}),
    )


@admin.register(Initiative, site=site)
class InitiativeAdmin(PublishableAdmin):
    list_display = ("title", "kind", "stage", "state", "visibility", "publish_at")
    list_select_related = ("kind",)
    list_filter = ("state", "stage", "kind")
    search_fields = ("title", "organisation", "summary", "body")
    tick_boxes = ("municipalities",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "title",
                    ("kind", "stage"),
                    "organisation",
                    "summary",
                    "body",
                    "forum",
                    "municipalities",
                )
            },
        ),
        PUBLISHING,
        (_("Times"), {"fields": (("created_at", "updated_at"),)}),
    )


@admin.register(InitiativeKind, site=site)
class InitiativeKindAdmin(OrderingMixin):
    list_display = ("title", "slug", "as_of")
    search_fields = ("title", "text")
    autocomplete_fields = ("source",)
    fieldsets = (
        (None, {"fields": ("title", "slug", "text")}),
        (_("Source"), {"fields": (("as_of", "source"),)}),
    )

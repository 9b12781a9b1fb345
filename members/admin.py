"""The admin of who the cluster is."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.admin_site import site
from cluster_portal.shared.model_admin import (
    PUBLISHING,
    OrderingMixin,
    PortalTabularInline,
)
from cluster_portal.shared.publishing_admin import PublishableAdmin
from members.models import (
    Goal,
    Locality,
    Municipality,
    MunicipalityFact,
    OfficeHolder,
    RelatedBody,
    StoryChapter,
)


class MunicipalityFactInline(PortalTabularInline):
    model = MunicipalityFact
    fields = ("label", "value", "year", "note", "source", "order")
    left_to_right = ("value",)
    autocomplete_fields = ("source",)


class LocalityInline(PortalTabularInline):
    model = Locality
    fields = ("name", "name_en", "kind", "latitude", "longitude")
    left_to_right = ("name_en",)


@admin.register(Municipality, site=site)
class MunicipalityAdmin(OrderingMixin):
    list_display = ("name", "kind", "joined_year", "left_year", "updated_at")
    list_filter = ("kind",)
    search_fields = ("name", "formal_name", "name_en", "name_ar")
    left_to_right = ("name_en",)
    inlines = (MunicipalityFactInline, LocalityInline)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("name", "formal_name", "kind", "slug", "summary", "website")}),
        (_("Other languages"), {"fields": (("name_en", "name_ar"),)}),
        (_("Place on the map"), {"fields": (("latitude", "longitude"),)}),
        (_("Membership"), {"fields": (("joined_year", "left_year"),)}),
        (_("Times"), {"fields": ("updated_at",)}),
    )


@admin.register(Goal, site=site)
class GoalAdmin(OrderingMixin):
    list_display = ("title", "as_of", "source", "updated_at")
    list_select_related = ("source",)
    search_fields = ("title", "text")
    autocomplete_fields = ("source",)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("title", "slug", "text")}),
        (_("Source"), {"fields": (("as_of", "source"),)}),
        (_("Times"), {"fields": ("updated_at",)}),
    )


@admin.register(StoryChapter, site=site)
class StoryChapterAdmin(OrderingMixin, PublishableAdmin):
    list_display = ("title", "year", "period", "state", "visibility", "updated_at")
    list_filter = ("state",)
    search_fields = ("title", "summary", "text")
    autocomplete_fields = ("source",)
    date_hierarchy = None
    fieldsets = (
        (
            None,
            {"fields": ("title", "slug", ("year", "period"), "summary", "text", "municipality")},
        ),
        (_("Source"), {"fields": (("as_of", "source"),)}),
        PUBLISHING,
        (_("Times"), {"fields": (("created_at", "updated_at"),)}),
    )


class OfficeHolderInline(PortalTabularInline):
    model = OfficeHolder
    fields = ("post", "name", "as_of", "source", "order")
    autocomplete_fields = ("source",)


@admin.register(RelatedBody, site=site)
class RelatedBodyAdmin(OrderingMixin):
    list_display = ("name", "kind", "as_of", "updated_at")
    list_filter = ("kind",)
    search_fields = ("name", "summary", "text")
    autocomplete_fields = ("source",)
    inlines = (OfficeHolderInline,)
    readonly_fields = ("updated_at",)
    fieldsets = (
        (None, {"fields": ("name", "slug", "kind", "summary", "text", "website")}),
        (_("Source"), {"fields": (("as_of", "source"),)}),
        (_("Times"), {"fields": ("updated_at",)}),
    )

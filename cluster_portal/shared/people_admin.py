"""The people who log in, in the admin: administrators alone, and nobody locks all of them out."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cluster_portal.shared.accounts import invitation_link
from cluster_portal.shared.admin_site import site
from cluster_portal.shared.model_admin import PortalModelAdmin, PortalModelForm
from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role


class UserForm(PortalModelForm):
    # Set by the admin for each request.
    asking: User

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors or self.instance._state.adding:
            return cleaned
        before = User.objects.get(pk=self.instance.pk)
        after = (cleaned.get("role"), cleaned.get("is_active"))
        if after == (before.role, before.is_active):
            return cleaned
        if before == self.asking:
            raise ValidationError(
                _("Nobody changes their own role or disables themself. Ask another administrator.")
            )
        if before.role == Role.ADMINISTRATOR and before.is_active and not self.others_remain():
            raise ValidationError(
                _("This is the last active administrator. Make somebody else one first.")
            )
        return cleaned

    def others_remain(self) -> bool:
        """Say whether another active administrator is left, holding their rows until the save."""
        others = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True)
        return len(others.exclude(pk=self.instance.pk)) > 0


@admin.register(User, site=site)
class UserAdmin(PortalModelAdmin):
    form = UserForm
    actions = None
    list_display = ("display_name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("display_name", "email")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("display_name", "email", "role", "is_active")}),
        (gettext_lazy("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("display_name", "email", "role")}),)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.asking = request.user
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A person is disabled instead: with the row the record of what they did would go.
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.invite_view)
        return [
            path("<int:user_id>/invite/", view, name="shared_user_invite"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.show_link(request, obj)
        return HttpResponseRedirect(reverse("admin:shared_user_change", args=(obj.pk,)))

    def show_link(self, request: HttpRequest, user: User) -> None:
        """Show a new one-time link, once, to whoever will hand it over."""
        text = _(
            "Give this one-time link to {name}; with it they choose a password. "
            "It works for one day and is not shown again."
        )
        link = format_html('<bdi dir="ltr" class="one-time-link">{}</bdi>', invitation_link(user))
        name = format_html("<bdi>{}</bdi>", user)
        self.message_user(
            request, format_html(text + "<br>{link}", name=name, link=link), messages.WARNING
        )

    def invite_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Ask, then make a new one-time link for somebody who lost theirs or their password."""
        user = self.get_object(request, str(user_id))
        if user is None or not self.has_change_permission(request, user):
            raise PermissionDenied
        if not user.is_active:
            raise Http404
        if request.method == "POST":
            self.show_link(request, user)
            self.log_change(request, user, _("A new one-time link was made."))
            return HttpResponseRedirect(reverse("admin:shared_user_change", args=(user.pk,)))
        context = {
            **self.admin_site.each_context(request),
            "title": _("New one-time link"),
            "subtitle": str(user),
            "opts": self.opts,
            "original": user,
        }
        return TemplateResponse(request, "admin/shared/user/invite.html", context)

"""The admin site: who is let in, what every answer carries, and the doors that Django leaves open.

Django's own site would redirect any member of staff to any object's address
(``r/<content type>/<id>/``), let any source field ask for names in the autocomplete, and has a
log-in of its own; none of that is here.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import redirect_to_login
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.handlers.exception import response_for_exception
from django.db import IntegrityError, OperationalError, models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from cluster_portal.shared import history, policy
from cluster_portal.shared.conflicts import is_deadlock, is_number_taken
from cluster_portal.shared.csrf import csrf_failure, typed_values
from cluster_portal.shared.history_admin import render_bin
from cluster_portal.shared.models import Submission, SubmissionState
from cluster_portal.shared.text import clean_text

# The order of the menu on the public site, and what belongs to no app last.
APP_ORDER = ("members", "forums", "events", "shared")
# Routes of Django's admin that this one does without: the redirect to any object, and a second
# way to log in, log out and change the password.
DROPPED_ROUTES = {
    "view_on_site",
    "login",
    "logout",
    "password_change",
    "password_change_done",
}
METHODS = ("GET", "HEAD", "POST")


def twice(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Call `view`; if another save went through at the same instant, call it once more.

    Both wrote the same version, or waited for each other. The first call was rolled back; the
    second sees the other's save and answers with the conflict.
    """
    try:
        return view(request, *args, **kwargs)
    except IntegrityError as error:
        if not is_number_taken(error):
            raise
    except OperationalError as error:
        if not is_deadlock(error):
            raise
    for file in request.FILES.values():
        file.seek(0)
    return view(request, *args, **kwargs)


class PolicyAutocomplete(AutocompleteJsonView):
    """Answers a search box of a form, if the asking person may fill in that form."""

    admin_site: "PortalAdminSite"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            return super().get(request, *args, **kwargs)
        except (ValueError, OverflowError) as error:
            raise Http404 from error

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        term, model_admin, source_field, to_field = super().process_request(request)
        if not self.admin_site.offers_autocomplete(request, source_field):
            raise PermissionDenied
        return clean_text(term), model_admin, source_field, to_field


class PortalAdminSite(admin.AdminSite):
    site_title = _("Administration of the portal")
    site_header = _("Administration of the portal")
    index_title = _("What would you like to edit?")
    empty_value_display = "–"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        # Deleting many at once is something each list asks for, not something all have.
        self.disable_action("delete_selected")
        # Pages of the admin that belong to no model, and what they tell on its first page.
        self.pages: list[URLPattern] = []
        self.index_parts: list[Callable[[HttpRequest], dict[str, Any]]] = []

    def has_permission(self, request: HttpRequest) -> bool:
        return policy.is_staff(request.user)

    def admin_view(
        self, view: Callable[..., Any], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Return `view` guarded: for staff alone, in three methods, and never kept by a cache.

        Who is not logged in goes to the log-in, or with words in hand to a page that gives them
        back. Who is, but is not staff, is refused alike whether the page exists or not. To staff,
        what they may not do does not exist.
        """

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in METHODS:
                return HttpResponseNotAllowed(METHODS)
            if not request.user.is_authenticated:
                if request.method == "POST" and typed_values(request):
                    # A session that ended while somebody wrote: their words come back to them.
                    return csrf_failure(request)
                return redirect_to_login(request.get_full_path())
            try:
                if not self.has_permission(request):
                    raise PermissionDenied
                try:
                    return twice(view, request, *args, **kwargs)
                except PermissionDenied as error:
                    raise Http404 from error
            except (Http404, PermissionDenied, SuspiciousOperation) as error:
                # Answered here, so that these pages are not kept by a cache either.
                return response_for_exception(request, error)

        return never_cache(csrf_protect(update_wrapper(guarded, view)))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            *self.pages,
            path("bin/", self.admin_view(self.bin_view), name="bin"),
            *(u for u in super().get_urls() if getattr(u, "name", "") not in DROPPED_ROUTES),
        ]

    def bin_view(self, request: HttpRequest) -> HttpResponse:
        """Show everything deleted that this person may see."""
        kinds = [
            kind
            for kind in history.registered_kinds()
            if self.is_registered(kind) and self.get_model_admin(kind).has_view_permission(request)
        ]
        return render_bin(request, self, kinds, str(_("Bin")), {"shows_kind": True})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return PolicyAutocomplete.as_view(admin_site=self)(request)

    def offers_autocomplete(self, request: HttpRequest, field: models.Field) -> bool:
        """Say whether a form that this person may fill in has a search box for `field`."""
        for model_admin in self._registry.values():
            if not (
                model_admin.has_add_permission(request)
                or model_admin.has_change_permission(request)
            ):
                continue
            for part in (model_admin, *model_admin.get_inline_instances(request)):
                model = getattr(part, "model", None)
                if model is field.model and field.name in part.get_autocomplete_fields(request):
                    return True
        return False

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the apps in the order of the menu, their models in the order of registration."""
        apps = self._build_app_dict(request, app_label).values()
        places = {label: place for place, label in enumerate(APP_ORDER)}
        return sorted(apps, key=lambda app: places.get(app["app_label"], len(places)))

    def get_log_entries(self, request: HttpRequest) -> models.QuerySet:
        """Return the log of what this person may see; a role may have been lowered since."""
        seen = [
            m
            for m, model_admin in self._registry.items()
            if model_admin.has_view_permission(request)
        ]
        types = ContentType.objects.get_for_models(*seen).values()
        return super().get_log_entries(request).filter(content_type__in=list(types))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        context: dict[str, Any] = {"inboxes": self.inboxes(request)}
        for part in self.index_parts:
            context |= part(request)
        return super().index(request, context | (extra_context or {}))

    def inboxes(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return each kind of submission that this person sees, with how many are new."""
        return [
            {
                "name": model._meta.verbose_name_plural,
                "count": model._default_manager.filter(state=SubmissionState.NEW).count(),
                "url": reverse(
                    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
                ),
            }
            for model, model_admin in self._registry.items()
            if issubclass(model, Submission) and model_admin.has_view_permission(request)
        ]


site = PortalAdminSite()

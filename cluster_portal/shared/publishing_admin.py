"""Things that are written before they are public, in the admin: their states, their review."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cluster_portal.shared import history, policy, previews, revisions
from cluster_portal.shared.model_admin import PortalModelAdmin
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState, Publishable, may_follow


class NotSaved(Exception):
    """The form came back instead of being saved."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class RefusedForm:
    """A form that comes back whatever was typed, with the reason above it."""

    refusal: str

    def clean(self) -> Any:
        super().clean()
        raise forms.ValidationError(self.refusal)


class PublishableAdmin(PortalModelAdmin):
    """Things that are written before they are public."""

    readonly_fields: Any = ("created_at", "updated_at")
    list_filter: Any = ("state",)
    date_hierarchy = "publish_at"
    change_form_template = "admin/publishable_change_form.html"

    @admin.display(description=gettext_lazy("seen by the public"), ordering="publish_at")
    def visibility(self, obj: Publishable) -> str:
        """Say what the public sees of `obj` now; the state alone does not know the clock."""
        if obj.is_published():
            return _("Yes")
        if obj.state != PublicationState.PUBLISHED or obj.publish_at is None:
            return _("No")
        return _("Not yet") if obj.publish_at > timezone.now() else _("No longer")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and "state" in form.base_fields:
            field: Any = form.base_fields["state"]
            field.choices = [
                (value, label)
                for value, label in PublicationState.choices
                if may_follow(obj.state, value)
                # Back to the author goes what is in review by the page that asks for a remark.
                and not (obj.state == PublicationState.IN_REVIEW and value == "draft")
            ]
        if refusal := getattr(request, "refusal", ""):
            return type(form.__name__, (RefusedForm, form), {"refusal": refusal})
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = obj.stored_state if change else None
        super().save_model(request, obj, form, change)
        revisions.tell_of_change(request.user, obj, before)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if request.method == "POST" and "_propose" in request.POST and object_id is not None:
            obj = self.get_object(request, object_id)
            if obj is not None and obj.state == PublicationState.PUBLISHED:
                return self.propose(request, obj, object_id, extra_context)
        return super().changeform_view(
            request, object_id, form_url, self.review_context(request, object_id, extra_context)
        )

    def review_context(
        self, request: HttpRequest, object_id: str | None, extra_context: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Add what the page tells of review and previews, to who may know it."""
        context = dict(extra_context or {})
        obj = self.get_object(request, object_id) if object_id else None
        if obj is not None and policy.may(request.user, Action.REVIEW, obj):
            pending = revisions.pending_of(obj)
            context |= {
                "review": {
                    "thing": obj,
                    "kind": obj._meta.label_lower,
                    "url": reverse("admin:review_thing", args=(obj._meta.label_lower, obj.pk)),
                    "preview_url": previews.preview_url(obj),
                    "pending": pending,
                    "note": revisions.last_note(obj),
                    "links": previews.living_links(obj),
                    "days": previews.DAYS,
                },
                "may_propose": obj.state == PublicationState.PUBLISHED and pending is None,
            }
        return context

    def propose(
        self,
        request: HttpRequest,
        obj: Publishable,
        object_id: str,
        extra_context: dict[str, Any] | None,
    ) -> Any:
        """Let what was typed wait for approval; the public goes on seeing what it saw."""
        if not self.has_change_permission(request, obj):
            raise PermissionDenied

        def save() -> models.Model:
            response = super(PublishableAdmin, self).changeform_view(request, object_id)
            if not hasattr(request, "proposed"):
                raise NotSaved(response)
            return request.proposed

        try:
            with transaction.atomic():
                base_number = history.latest_number(obj)
                data = revisions.capture(save)
                revision = revisions.submit(request.user, obj, data, base_number)
        except NotSaved as refused:
            return refused.response
        except revisions.CannotReview as error:
            request.refusal = str(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, extra_context=extra_context)
        messages.success(
            request, _("The change waits for approval. The public still sees the approved text.")
        )
        return HttpResponseRedirect(reverse("admin:review_revision", args=(revision.pk,)))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if "_propose" in request.POST and not hasattr(request, "refusal"):
            request.proposed = obj  # type: ignore[attr-defined]
            return HttpResponse()
        return super().response_change(request, obj)

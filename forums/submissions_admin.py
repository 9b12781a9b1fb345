"""The inbox of proposals, and how one becomes an initiative."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import policy
from cluster_portal.shared.admin_site import site
from cluster_portal.shared.submissions_admin import SubmissionAdmin
from forums.models import Initiative, Proposal
from forums.proposals import initiative_of


@admin.register(Proposal, site=site)
class ProposalAdmin(SubmissionAdmin):
    list_display = (
        "reference",
        "title",
        "organisation",
        "field",
        "state",
        "assignee",
        "created_at",
    )
    list_display_links = ("reference", "title")
    list_select_related = ("assignee", "field")
    search_fields = (
        "reference",
        "title",
        "description",
        "organisation",
        "contact_name",
        "contact_email",
        "note",
    )
    content = ("title", "field", "municipalities", "description", "organisation", "file")

    @admin.display(description=_("attachment"))
    def file(self, proposal: Proposal) -> str:
        if not proposal.attachment:
            return self.get_empty_value_display()
        url = reverse("forums:proposal_attachment", args=[proposal.pk])
        return format_html('<a href="{}"><bdi>{}</bdi></a>', url, proposal.attachment_name)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.make_initiative)
        return [
            path("<int:pk>/make-initiative/", view, name="forums_proposal_make_initiative"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_make = policy.may(request.user, policy.Action.ADD, Initiative)
        return super().change_view(
            request, object_id, form_url, {"may_make_initiative": may_make, **(extra_context or {})}
        )

    def make_initiative(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a draft initiative of a proposal, once, and open it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        proposal = self.get_queryset(request).filter(pk=pk).first()
        if proposal is None:
            raise Http404
        if not (
            self.has_change_permission(request, proposal)
            and policy.may(request.user, policy.Action.ADD, Initiative)
        ):
            raise PermissionDenied
        initiative, is_new = initiative_of(proposal)
        if is_new:
            self.log_change(request, proposal, str(_("Made an initiative of it.")))
            self.message_user(
                request,
                _("A draft of the initiative was made. Look it over, and publish it when ready."),
                messages.SUCCESS,
            )
        else:
            self.message_user(
                request, _("An initiative was made of this proposal before."), messages.WARNING
            )
        return redirect("admin:forums_initiative_change", initiative.pk)

    def csv_content(self) -> Sequence[str]:
        return ("title", "field", "description", "organisation", "attachment_name")

    def csv_rows(self, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.select_related("assignee", "field").prefetch_related("municipalities")

    def csv_columns(self) -> list[tuple[Any, Any]]:
        return [
            *super().csv_columns(),
            (
                self.heading("municipalities"),
                lambda proposal: ", ".join(map(str, proposal.municipalities.all())),
            ),
        ]

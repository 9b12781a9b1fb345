"""History in the admin: who changed what, bringing back, the bin, and saves that meet each other.

Rows of registered kinds (see history.py) get these pages and checks. Other kinds have none of
them: what people sent in is really erased.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cluster_portal.shared import conflicts, history, policy, presence
from cluster_portal.shared.csrf import typed_values
from cluster_portal.shared.differences import changed_labels, differences
from cluster_portal.shared.models.history import Version
from cluster_portal.shared.paging import page_of
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import Publishable

# What a row's key can be; of other values databases complain, each in its own way.
KEY = re.compile(r"\d{1,18}", re.ASCII)
PER_PAGE = 20
# The field in which a list carries "key:number" for each of its rows.
SHOWN_NUMBERS = "shown_number"


def may_restore(user: Any, kind: type[models.Model]) -> bool:
    return policy.may(user, Action.RESTORE, kind)


def parts_without(user: Any, action: Action, kind: type[models.Model]) -> list[str]:
    """Return the names of those parts of `kind` to which `user` may not do `action`."""
    return [
        name
        for name, part_kind in history.parts_of(kind).items()
        if not policy.may(user, action, part_kind)
    ]


def change_address(thing: models.Model) -> str:
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(thing.pk,))


class HistoryMixin(admin.ModelAdmin):
    """For the admin of a kind of things: its history, its bin, and no unseen overwriting."""

    @property
    def has_history(self) -> bool:
        return history.is_registered(self.model)

    def get_urls(self) -> list[URLPattern]:
        if not self.has_history:
            return super().get_urls()
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("bin/", wrap(self.bin_view), name=f"{name}_bin"),
            path(
                "<str:object_id>/history/<int:number>/",
                wrap(self.version_view),
                name=f"{name}_version",
            ),
            path(
                "<str:object_id>/history/<int:number>/restore/",
                wrap(self.restore_view),
                name=f"{name}_restore",
            ),
            path("<str:object_id>/presence/", wrap(self.presence_view), name=f"{name}_presence"),
            *super().get_urls(),
        ]

    def address(self, page: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    # Reading

    def versions_for(self, request: HttpRequest, object_id: str) -> models.QuerySet:
        """Return the versions of a thing that this person may see, or that lies in the bin.

        Raises Http404 for a thing that is not theirs to see, as for one that never was.
        """
        if not (self.has_history and KEY.fullmatch(object_id)):
            raise Http404
        versions = Version.objects.filter(
            kind=self.opts.label_lower, object_id=int(object_id)
        ).order_by("-number")
        obj = self.get_object(request, object_id)
        if obj is not None:
            if not self.has_view_permission(request, obj):
                raise PermissionDenied
            return versions
        newest = versions.only("action").first()
        if not self.has_view_permission(request) or newest is None:
            raise Http404
        if newest.action != Version.Action.DELETED:
            raise Http404  # it is there, but not among what this person sees
        return versions

    def page_context(self, request: HttpRequest, object_id: str, **more: Any) -> dict[str, Any]:
        obj = self.get_object(request, object_id)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object_id": object_id,
            "original": obj,
            "may_restore": may_restore(request.user, self.model)
            and (obj is None or policy.may(request.user, Action.RESTORE, obj)),
            "media": self.media,
            **more,
        }

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show all versions of a thing, the newest first, with what each of them changed."""
        if not self.has_history:
            return super().history_view(request, object_id, extra_context)
        versions = self.versions_for(request, object_id).select_related("user")
        page = page_of(request, versions, PER_PAGE)
        rows = list(page.object_list)
        older = versions.filter(number__lt=rows[-1].number).first() if rows else None
        hidden = parts_without(request.user, Action.VIEW, self.model)
        lines = [
            {
                "version": version,
                "labels": changed_labels(
                    self.model, before.data if before else None, version.data, hidden
                ),
                "url": self.address("version", object_id, version.number),
                "restore_url": self.address("restore", object_id, version.number),
            }
            for version, before in zip(rows, [*rows[1:], older], strict=False)
        ]
        context = self.page_context(
            request,
            object_id,
            title=_("History: %(name)s") % {"name": rows[0].title if rows else ""},
            lines=lines,
            page=page,
            newest_number=versions.values_list("number", flat=True).first(),
            **(extra_context or {}),
        )
        return TemplateResponse(request, "admin/history.html", context)

    def version_of(self, request: HttpRequest, object_id: str, number: int) -> Version:
        versions = self.versions_for(request, object_id).select_related("user")
        version = versions.filter(number=number).first() if number < 10**9 else None
        if version is None:
            raise Http404
        return version

    def version_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Show what one version changed, and the thing as that version left it."""
        version = self.version_of(request, object_id, number)
        versions = self.versions_for(request, object_id)
        before = versions.filter(number__lt=number).first()
        hidden = parts_without(request.user, Action.VIEW, self.model)
        context = self.page_context(
            request,
            object_id,
            title=_("Version %(number)s: %(name)s") % {"number": number, "name": version.title},
            version=version,
            before=before,
            changes=differences(self.model, before.data, version.data, hidden) if before else [],
            whole=differences(self.model, None, version.data, hidden),
            newest_number=versions.values_list("number", flat=True).first(),
            restore_url=self.address("restore", object_id, number),
            history_url=self.address("history", object_id),
        )
        return TemplateResponse(request, "admin/version.html", context)

    # Bringing back

    def restore_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """Show what bringing back a version would change; do it when that is confirmed."""
        version = self.version_of(request, object_id, number)
        if not may_restore(request.user, self.model):
            raise PermissionDenied
        if request.method != "POST":
            return self.render_restore(request, version)
        with transaction.atomic():
            rows = self.model._base_manager.filter(pk=version.object_id)
            obj = conflicts.lock(rows).first()
            if obj is not None and not policy.may(request.user, Action.RESTORE, obj):
                raise PermissionDenied
            latest = conflicts.numbers(self.model, [version.object_id])[version.object_id]
            if request.POST.get("base_number") != str(latest):
                error = _(
                    "Meanwhile somebody else changed this. Look once more at what would change."
                )
                return self.render_restore(request, version, error)
            kept = parts_without(request.user, Action.CHANGE, self.model)
            if obj is None and any(version.data["parts"].get(name) for name in kept):
                error = _(
                    "Some of its parts may be changed by administrators only; ask one of them."
                )
                return self.render_restore(request, version, error)
            try:
                thing = history.restore(version, kept)
            except history.CannotRestore as error:
                return self.render_restore(request, version, str(error))
            note = _("Version %(number)s was brought back.") % {"number": number}
            self.log_change(request, thing, note)
        self.message_user(request, note, messages.SUCCESS)
        return HttpResponseRedirect(change_address(thing))

    def render_restore(
        self, request: HttpRequest, version: Version, error: str = ""
    ) -> HttpResponse:
        object_id = str(version.object_id)
        standing = self.model._base_manager.filter(pk=version.object_id).first()
        kept = parts_without(request.user, Action.CHANGE, self.model)
        hidden = parts_without(request.user, Action.VIEW, self.model)
        now = history.snapshot(standing) if standing else None
        future = history.data_to_restore(version, kept)
        context = self.page_context(
            request,
            object_id,
            title=_("Bring back version %(number)s: %(name)s")
            % {"number": version.number, "name": version.title},
            version=version,
            error=error,
            changes=differences(self.model, now, future, hidden),
            keeps_state=isinstance(standing, Publishable),
            base_number=conflicts.numbers(self.model, [version.object_id])[version.object_id],
            history_url=self.address("history", object_id),
        )
        status = 409 if error else 200
        return TemplateResponse(request, "admin/restore.html", context, status=status)

    def bin_view(self, request: HttpRequest) -> HttpResponse:
        """Show the deleted things of this kind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        title = _("Bin: %(name)s") % {"name": self.opts.verbose_name_plural}
        return render_bin(request, self.admin_site, [self.model], title, {"opts": self.opts})

    # Saves that meet each other

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)
        # So that the form compares the rows too (conflicts.VersionedFormMixin.edited_with).
        obj._formsets_beside = formsets
        return formsets, inlines

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        rows = [
            row for shown in context["inline_admin_formsets"] for row in shown.formset.initial_forms
        ]
        found = [form for form in (context["adminform"].form, *rows) if is_refused(form)]
        context["conflicts"] = [form.conflict for form in found]
        context["rows_with_number"] = [
            row["base_number"] for row in rows if "base_number" in row.fields
        ]
        if self.has_history and obj is not None and self.has_change_permission(request, obj):
            context["present"] = presence.sentence(presence.others(request.user, obj))
            context["presence_url"] = self.address("presence", obj.pk)
        response = super().render_change_form(request, context, *args, **kwargs)
        if found:
            response.status_code = 409
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if self.has_history:
            # Who goes on writing is still there; who is done is not.
            (presence.note if "_continue" in request.POST else presence.leave)(request.user, obj)
        return super().response_change(request, obj)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer 404; to words typed into what somebody has deleted meanwhile, give them back.

        Django redirects to the index, which tells a missing row from a forbidden one.
        """
        if request.method != "POST" or not self.has_change_permission(request):
            raise Http404
        newest = self.versions_for(request, object_id).select_related("user").first()
        context = self.page_context(
            request,
            object_id,
            title=_("This was deleted meanwhile"),
            newest=newest,
            typed=[value for _name, value in typed_values(request)],
            history_url=self.address("history", object_id),
        )
        return TemplateResponse(request, "admin/gone.html", context, status=409)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask whether to delete, showing what uses the thing; delete what is as it was shown."""
        if not self.has_history or not KEY.fullmatch(object_id):
            return super().delete_view(request, object_id, extra_context)
        pk = int(object_id)
        with transaction.atomic():
            rows = self.get_queryset(request).filter(pk=pk)
            if request.method == "POST":
                rows = conflicts.lock(rows)
            number = conflicts.numbers(self.model, [pk])[pk]
            obj = rows.first()
            if request.method == "POST" and obj is not None:
                if not self.has_delete_permission(request, obj):
                    raise PermissionDenied
                if request.POST.get("base_number") != str(number):
                    self.message_user(
                        request,
                        _("Meanwhile somebody changed this. Look once more before you delete it."),
                        messages.ERROR,
                    )
                    return HttpResponseRedirect(request.get_full_path())
            context = {"base_number": number, "uses": self.uses_of(request, [obj] if obj else [])}
            return super().delete_view(request, object_id, context | (extra_context or {}))

    def uses_of(self, request: HttpRequest, things: Sequence[models.Model]) -> list[dict[str, Any]]:
        """Return what shows or names `things`, by name only where this person may see it."""
        chosen = {(type(thing), thing.pk) for thing in things}
        found = {
            (type(user), user.pk): user
            for thing in things
            for user in history.uses(thing)
            if (type(user), user.pk) not in chosen
        }
        return [
            {
                "kind": capfirst(str(user._meta.verbose_name)),
                "name": str(user) if policy.may(request.user, Action.VIEW, user) else "",
                "url": change_address(user)
                if self.admin_site.is_registered(type(user))
                and policy.may(request.user, Action.VIEW, user)
                else "",
            }
            for user in found.values()
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        if self.has_history:
            pks = [row.pk for row in changelist.result_list]
            found = conflicts.numbers(self.model, pks) if pks else {}
            changelist.shown_numbers = [f"{pk}:{number}" for pk, number in found.items()]
        return changelist

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, or do an action to rows that are as the list showed them."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(KEY.fullmatch(key) for key in chosen):
            raise Http404
        if not self.has_history:
            return super().changelist_view(request, extra_context)
        bin_url = self.address("bin") if self.has_view_permission(request) else None
        context = {"bin_url": bin_url, **(extra_context or {})}
        if request.method != "POST":
            return super().changelist_view(request, context)
        # What nobody has looked at nobody acts on: an action concerns the rows of one page.
        sent: Any = request.POST.copy()
        sent["select_across"] = "0"
        request.POST = sent
        with transaction.atomic():
            rows = conflicts.lock(self.get_queryset(request).filter(pk__in=chosen)).order_by("pk")
            things = {row.pk: row for row in rows}
            found = conflicts.numbers(self.model, things)
            shown = set(request.POST.getlist(SHOWN_NUMBERS))
            changed = [things[pk] for pk, n in found.items() if f"{pk}:{n}" not in shown]
            if changed:
                message = _(
                    "Nothing was done, since somebody has changed these meanwhile: %(names)s. "
                    "Look at them once more and choose again."
                ) % {"names": ", ".join(f"\u2068{thing}\u2069" for thing in changed)}
                self.message_user(request, message, messages.ERROR)
                return HttpResponseRedirect(request.get_full_path())
            response = super().changelist_view(request, context)
            if isinstance(response, TemplateResponse) and response.context_data:
                # Of use to the question whether to delete.
                response.context_data["uses"] = self.uses_of(request, list(things.values()))
                response.context_data["shown_numbers"] = [f"{pk}:{n}" for pk, n in found.items()]
            return response

    def presence_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Note that this person has the thing open, and answer who else does; a POST alone."""
        obj = self.get_object(request, object_id) if KEY.fullmatch(object_id) else None
        if obj is None or not self.has_change_permission(request, obj):
            raise Http404
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if "leave" in request.POST:
            presence.leave(request.user, obj)
        else:
            presence.note(request.user, obj)
        return JsonResponse({"text": presence.sentence(presence.others(request.user, obj))})


def is_refused(form: Any) -> bool:
    return getattr(form, "conflict", None) is not None


def render_bin(
    request: HttpRequest,
    site: admin.AdminSite,
    kinds: Sequence[type[models.Model]],
    title: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Show the deleted things of `kinds`, the last deleted first."""
    page = page_of(request, history.bin_of(*kinds).select_related("user"), PER_PAGE)
    lines = []
    for version in page.object_list:
        kind = history.kind_of(version.kind)
        if kind is None:
            continue
        name = f"{kind._meta.app_label}_{kind._meta.model_name}"
        args = (version.object_id, version.number)
        lines.append(
            {
                "version": version,
                "kind": capfirst(str(kind._meta.verbose_name)),
                "url": reverse(f"admin:{name}_version", args=args),
                "restore_url": reverse(f"admin:{name}_restore", args=args)
                if may_restore(request.user, kind)
                else "",
            }
        )
    return TemplateResponse(
        request,
        "admin/bin.html",
        {**site.each_context(request), "title": title, "lines": lines, "page": page, **context},
    )

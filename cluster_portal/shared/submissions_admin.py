"""The inbox of staff: what the public sent, and the letters that go out."""

import csv
import logging
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.admin_site import site
from cluster_portal.shared.model_admin import PortalModelAdmin
from cluster_portal.shared.models import ContactMessage, OutboxMessage, Submission, User
from cluster_portal.shared.policy import STAFF_ROLES

logger = logging.getLogger("portal.security")

# A cell that begins so is taken for a formula by spreadsheets, which then run it.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
EDITABLE = ("state", "assignee", "note")


def csv_cell(value: Any) -> str:
    """Return `value` as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_SIGNS) else text


class Line:
    """What csv.writer writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


class AssigneeFilter(admin.SimpleListFilter):
    title = _("handled by")
    parameter_name = "handled_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("me")), ("nobody", _("nobody yet"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if self.value() == "me":
            return queryset.filter(assignee=request.user.pk)
        if self.value() == "nobody":
            return queryset.filter(assignee__isnull=True)
        return queryset


class SubmissionAdmin(PortalModelAdmin):
    """A list by state; in each row staff set its state, who handles it, and a note to themselves.

    What the sender wrote stays as it was written. Nobody is told of a change of state by letter;
    the sender sees it on the page of the reference number.
    """

    show_facets = admin.ShowFacets.ALWAYS
    list_filter = ("state", AssigneeFilter)
    list_select_related: Any = ("assignee",)
    date_hierarchy = "created_at"
    left_to_right = ("reference", "contact_phone")
    actions = ("export_csv", "delete_selected")
    # What the sender wrote, and how a CSV is laid out: names of fields.
    content: ClassVar[Sequence[str]] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [
            name
            for _title, options in self.get_fieldsets(request, obj)
            for name in options["fields"]
            if name not in EDITABLE
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        sender = ("contact_name", "contact_email", "contact_phone")
        return [
            (_("Handling"), {"fields": EDITABLE}),
            (_("What was sent"), {"fields": self.content}),
            (_("The sender"), {"fields": sender}),
            (
                _("Record"),
                {"fields": ("reference", "created_at", "state_changed_at", "notice")},
            ),
        ]

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> models.QuerySet | None:
        """Offer all staff as handlers, also to editors, who do not see the list of users."""
        if db_field.name == "assignee":
            return User.objects.filter(is_active=True, role__in=STAFF_ROLES)
        return super().get_field_queryset(db, db_field, request)

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "assignee" and field is not None:
            # People are made and changed where people are, not from within the inbox.
            field.widget.can_add_related = field.widget.can_change_related = False
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "state" in form.changed_data:
            obj.state_changed_at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Download the chosen rows as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: models.QuerySet) -> StreamingHttpResponse:
        """Stream the chosen rows, one at a time, as a file that spreadsheets open in Hebrew."""
        logger.info("csv: user=%s kind=%s", request.user.pk, self.opts.label)
        response = StreamingHttpResponse(
            self.csv_lines(queryset), content_type="text/csv; charset=utf-8"
        )
        name = f"{self.opts.model_name}-{timezone.localdate():%Y-%m-%d}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def csv_lines(self, queryset: models.QuerySet) -> Iterator[str]:
        columns = self.csv_columns()
        writer = csv.writer(Line())
        # Without the mark, spreadsheets read Hebrew in UTF-8 as something else.
        yield "\ufeff"
        yield writer.writerow([csv_cell(heading) for heading, _value in columns])
        for submission in self.csv_rows(queryset).iterator(chunk_size=200):
            yield writer.writerow([csv_cell(value(submission)) for _heading, value in columns])

    def csv_rows(self, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.select_related("assignee")

    def csv_columns(self) -> list[tuple[Any, Any]]:
        """Return the columns of the CSV: a heading, and what gives the value of a row."""
        names = ("contact_name", "contact_email", "contact_phone")
        return [
            (self.heading("reference"), lambda row: row.reference),
            (self.heading("created_at"), lambda row: moment(row.created_at)),
            (self.heading("state"), Submission.get_state_display),
            (self.heading("state_changed_at"), lambda row: moment(row.state_changed_at)),
            (self.heading("assignee"), lambda row: row.assignee or ""),
            *((self.heading(name), value_of(name)) for name in (*names, *self.csv_content())),
            (self.heading("note"), lambda row: row.note),
        ]

    def csv_content(self) -> Sequence[str]:
        return self.content

    def heading(self, name: str) -> Any:
        return self.opts.get_field(name).verbose_name


def moment(value: Any) -> str:
    """Return a time in Israel as it is read there, such as 18.3.2013 09:30."""
    local = timezone.localtime(value)
    return f"{local.day}.{local.month}.{local:%Y %H:%M}"


def value_of(name: str) -> Any:
    """Return a function that gives the field `name` of a row."""
    return lambda row: getattr(row, name)


@admin.register(ContactMessage, site=site)
class ContactMessageAdmin(SubmissionAdmin):
    list_display = ("reference", "subject", "state", "assignee", "created_at")
    list_display_links = ("reference", "subject")
    search_fields = ("reference", "subject", "message", "contact_name", "contact_email", "note")
    content = ("subject", "message")


class SentFilter(admin.SimpleListFilter):
    title = _("sent")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("waiting")), ("failed", _("failed so far")), ("yes", _("sent"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        chosen = {
            "no": Q(sent_at__isnull=True),
            "failed": Q(sent_at__isnull=True, attempts__gt=0),
            "yes": Q(sent_at__isnull=False),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(OutboxMessage, site=site)
class OutboxMessageAdmin(PortalModelAdmin):
    """Letters as they went out or wait; nobody writes them by hand."""

    list_display = ("subject", "to", "created_at", "sent_at", "attempts")
    list_filter = (SentFilter,)
    search_fields = ("subject", "to", "about")
    fields = (
        "subject",
        "to",
        "reply_to",
        "text",
        "created_at",
        "sent_at",
        "attempts",
        "next_try_at",
        "last_error",
        "message_id",
        "about",
    )

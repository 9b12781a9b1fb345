"""How every list and form of the admin behaves: rights, addresses, texts, order.

The rights come from the policy and nowhere else. What somebody may not do does not exist for them,
so a forbidden row and a missing one give the same answer.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import NestedObjects
from django.contrib.admin.widgets import AutocompleteMixin, RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import DataError, models, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cluster_portal.shared import history, policy
from cluster_portal.shared.conflicts import VersionedFormMixin, numbers
from cluster_portal.shared.forms import RowsField
from cluster_portal.shared.history_admin import KEY, HistoryMixin
from cluster_portal.shared.models.media import Attachment
from cluster_portal.shared.models.site import Ordered
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import Publishable
from cluster_portal.shared.richtext import RichTextField, RichTextWidget
from cluster_portal.shared.text import clean_text
from cluster_portal.shared.uploads import OversizedFile

LEFT_TO_RIGHT = (
    models.SlugField,
    models.EmailField,
    models.URLField,
    models.IntegerField,
    models.DecimalField,
    models.DateField,
    models.TimeField,
)
PUBLISHING = (
    gettext_lazy("Publishing"),
    {"fields": ("state", ("publish_at", "expire_at"))},
)


class KeyedOptions(AutocompleteMixin):
    """A search box that shows what it was sent only if that can be a row's key."""

    def optgroups(self, name: str, value: list[Any], attr: Any = None) -> list[Any]:
        return super().optgroups(name, [v for v in value if v and KEY.fullmatch(str(v))], attr)


class SearchSelect(KeyedOptions, forms.Select):
    pass


class SearchSelectMultiple(KeyedOptions, forms.SelectMultiple):
    pass


class PortalModelForm(VersionedFormMixin, forms.ModelForm):
    """A form whose texts are made fit to store, and whose days are days of our time.

    It is not saved over somebody else's newer version.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "order" in self.fields and self.instance._state.adding:
            self.initial["order"] = None  # see OrderedFormSet

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            if type(value) is str:
                cleaned[name] = clean_text(value)
            elif isinstance(value, date) and not 1900 <= value.year <= 2100:
                # The ends of the calendar overflow once a time zone is reckoned in.
                self.add_error(name, _("The year must lie between 1900 and 2100."))
            elif isinstance(value, OversizedFile):
                self.add_error(name, _("The file is too large."))
        return cleaned


class OrderedFormSet(forms.BaseInlineFormSet):
    """Inline rows; in an ordered model a row whose place nobody gave comes last.

    Rows that have a history of their own carry the number of their version, as a form does.
    """

    _numbers: dict[int, int] | None = None

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if self.is_bound:
            self.data = with_lost_rows(self, self.data)

    def base_numbers(self) -> dict[int, int]:
        """Return the rows' version numbers; read before the rows, so that none is too new."""
        if self._numbers is None:
            self._numbers = {}
            if history.is_registered(self.model) and self.instance.pk:
                rows = self.model._base_manager.filter(**{self.fk.name: self.instance})
                self._numbers = numbers(self.model, rows.values_list("pk", flat=True))
        return self._numbers

    def get_queryset(self) -> Any:
        if not self.is_bound:
            self.base_numbers()
        return super().get_queryset()

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        kwargs = super().get_form_kwargs(index)
        if not history.is_registered(self.model):
            return kwargs
        number: int | str = ""
        if not self.is_bound and index is not None and index < self.initial_form_count():
            number = self.base_numbers().get(self.get_queryset()[index].pk, "")
        return {**kwargs, "base_number": number}

    def save_new(self, form: Any, commit: bool = True) -> Any:
        self.place(form.instance)
        return super().save_new(form, commit=commit)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        self.place(form.instance)
        return super().save_existing(form, obj, commit=commit)

    def place(self, row: Any) -> None:
        if isinstance(row, Ordered) and row.order is None:
            row.order = next_place(
                self.model._default_manager.filter(**{self.fk.name: self.instance})
            )


def with_lost_rows(formset: Any, data: Any) -> Any:
    """Return `data` with those rows as new ones that somebody else has deleted meanwhile.

    Django would ask for a row that does not exist, and no correction would help whoever typed it.
    """
    prefix, key = formset.prefix, formset.model._meta.pk.name
    count = data.get(f"{prefix}-INITIAL_FORMS", "")
    total = data.get(f"{prefix}-TOTAL_FORMS", "")
    if not (KEY.fullmatch(count) and KEY.fullmatch(total)) or int(total) > formset.absolute_max:
        return data
    sent = [data.get(f"{prefix}-{i}-{key}", "") for i in range(min(int(count), int(total)))]
    asked = [int(pk) for pk in sent if KEY.fullmatch(pk)]
    standing = set(formset.model._base_manager.filter(pk__in=asked).values_list("pk", flat=True))
    lost = [i for i, pk in enumerate(sent) if KEY.fullmatch(pk) and int(pk) not in standing]
    if not lost:
        return data
    order = [i for i in range(int(total)) if i not in lost]
    order[len(sent) - len(lost) : len(sent) - len(lost)] = lost
    places = {old: new for new, old in enumerate(order)}
    row = re.compile(rf"{re.escape(prefix)}-(\d+)-(.+)", re.ASCII)
    moved = data.copy()
    for name in data:
        if (match := row.fullmatch(name)) and int(match[1]) in places:
            del moved[name]
    for name in data:
        if not (match := row.fullmatch(name)) or int(match[1]) not in places:
            continue
        values = [""] if int(match[1]) in lost and match[2] == key else data.getlist(name)
        moved.setlist(f"{prefix}-{places[int(match[1])]}-{match[2]}", values)
    moved[f"{prefix}-INITIAL_FORMS"] = str(len(sent) - len(lost))
    return moved


def next_place(rows: models.QuerySet) -> int:
    """Return the place after the last of the ordered `rows`."""
    return (rows.aggregate(last=models.Max("order"))["last"] or 0) + 1


def without_blanks(tree: list[Any]) -> list[Any]:
    """Return the nested list `tree` without its empty names and empty branches."""
    pruned = [without_blanks(part) if isinstance(part, list) else part for part in tree]
    return [part for part in pruned if part]


class PolicyOptions(admin.options.BaseModelAdmin):
    """What forms and their inlines share: no default rights, and fields that know directions."""

    # Names of character fields that hold telephone numbers, keys and the like.
    left_to_right: Sequence[str] = ()
    # Names of relations to a few things, each with a box to tick.
    tick_boxes: Sequence[str] = ()
    formfield_overrides = {
        RichTextField: {
            "widget": RichTextWidget(attrs={"rows": 14, "class": "vLargeTextField rich-text"})
        },
        models.URLField: {"assume_scheme": "https"},
    }

    def allows(self, request: HttpRequest, action: Action, obj: models.Model | None) -> bool:
        """Ask the policy whether the asking person may do `action`, to `obj` or to the kind."""
        return policy.may(request.user, action, self.model if obj is None else obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return policy.may(request.user, Action.VIEW, self.model)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_queryset(request)
        return queryset if policy.may(request.user, Action.VIEW, self.model) else queryset.none()

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> models.QuerySet | None:
        """Offer in a relation's list only the rows that this person sees in their own list."""
        related = db_field.remote_field.model
        if self.admin_site.is_registered(related):
            return self.admin_site.get_model_admin(related).get_queryset(request)
        if policy.may(request.user, Action.VIEW, related):
            return super().get_field_queryset(db, db_field, request)
        return related._default_manager.none()

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchSelectMultiple(db_field, self.admin_site))
        if db_field.name in self.tick_boxes:
            kwargs["widget"] = forms.CheckboxSelectMultiple
        kwargs.setdefault("form_class", RowsField)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is None or db_field.choices:
            return field
        if isinstance(field.widget, RelatedFieldWidgetWrapper):
            # A thing is deleted on its own page, where what goes along with it is shown.
            field.widget.can_delete_related = field.widget.can_view_related = False
            return field
        if isinstance(db_field, LEFT_TO_RIGHT) or db_field.name in self.left_to_right:
            direction = "ltr"
        elif isinstance(db_field, models.CharField | models.TextField):
            direction = "auto"
        else:
            return field
        for widget in getattr(field.widget, "widgets", [field.widget]):
            widget.attrs["dir"] = direction
        return field


class PortalModelAdmin(PolicyOptions, HistoryMixin):
    form = PortalModelForm
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    actions: Sequence[Any] | None = ("delete_selected",)

    def __init__(self, model: type[models.Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.list_editable:
            raise TypeError("list_editable is not used here: it is a second way to write rows.")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, Action.VIEW, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, Action.ADD, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, Action.CHANGE, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, Action.DELETE, obj)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Rows are named by their key alone; any other field would answer guesses about it."""
        return to_field in {"pk", self.opts.pk.name}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the address fills in; a moment is left out, for Django fails on its text."""
        moments = {f.name for f in self.opts.fields if isinstance(f, models.DateTimeField)}
        filled_in = super().get_changeform_initial_data(request)
        return {name: value for name, value in filled_in.items() if name not in moments}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list offers as a filter may be asked; the rest would answer guesses."""
        first = lookup.split("__")[0]
        try:
            self.opts.get_field(first)
        except FieldDoesNotExist:
            return first != "pk" and super().lookup_allowed(lookup, value, request)
        offered = {self.date_hierarchy}
        for item in self.get_list_filter(request):
            name = item[0] if isinstance(item, list | tuple) else item
            offered.add(getattr(name, "parameter_name", name))
        return any(
            name and (lookup == name or lookup.startswith(f"{name}__")) for name in offered
        ) and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:
            # A filter's value that the database cannot hold, such as NUL or a number of 30 digits.
            raise IncorrectLookupParameters from error

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        return super().get_search_results(request, queryset, clean_text(search_term)[:200])

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return the address of the thing's own page, if there is one to see at this moment."""
        if obj is None or not self.view_on_site or not hasattr(obj, "get_absolute_url"):
            return None
        if isinstance(obj, Publishable) and not obj.is_published():
            return None
        return obj.get_absolute_url()

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return what would go along with `objs`, naming only what this person may see.

        Every row is asked about, those of kinds that no list shows included: whoever may not
        delete a coordinator may not delete the forum that has one.
        """
        lacking: set[str] = set()

        def describe(obj: models.Model) -> str:
            if obj._meta.auto_created:
                return ""  # the row of a many-to-many relation, of no interest to people
            kind = capfirst(obj._meta.verbose_name)
            if not policy.may(request.user, Action.DELETE, obj) or (
                isinstance(obj, self.model) and not self.has_delete_permission(request, obj)
            ):
                lacking.add(str(obj._meta.verbose_name))
            return f"{kind}: {obj}" if policy.may(request.user, Action.VIEW, obj) else str(kind)

        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        tree = without_blanks(collector.nested(describe))
        # What other things live in goes only once they are gone or have been moved.
        chosen = {obj.pk for obj in objs}
        living = [
            obj
            for model, rows in collector.model_objs.items()
            if history.is_registered(model) and history.is_registered(self.model)
            for obj in rows
            if not (model is self.model and obj.pk in chosen)
        ]
        protected = [describe(obj) for obj in (*collector.protected, *living)]
        counts = {
            str(model._meta.verbose_name_plural): len(rows)
            for model, rows in collector.model_objs.items()
            if not model._meta.auto_created
        }
        return tree, counts, lacking, protected

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Delete the chosen rows one by one, so that each is asked about; all of them or none."""
        with transaction.atomic():
            for obj in queryset:
                if not self.has_delete_permission(request, obj):
                    raise PermissionDenied
                self.delete_model(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if isinstance(obj, Attachment) and not change:
            obj.uploaded_by = request.user
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows; a file uploaded along with one is a new thing, and asked about as such."""
        for row in formset.forms:
            attachment = getattr(row, "new_attachment", None)
            if attachment is not None:
                if not policy.may(request.user, Action.ADD, type(attachment)):
                    raise PermissionDenied
                attachment.uploaded_by = request.user
        super().save_formset(request, form, formset, change)


class SingletonAdmin(PortalModelAdmin):
    """A model of one row: its list is its form, and nothing is added or deleted."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        if object_id != "1":
            return None
        # Before anybody saved it the row has its defaults.
        return super().get_object(request, "1") or self.model(pk=1)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=("1",))
        )


class OrderingMixin(PortalModelAdmin):
    """Adds a page on which staff put all rows in order, one number a row, with one save."""

    # The relation within which rows are ordered, such as a commitment's tier; None for all alike.
    order_within: str | None = None

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return (*(super().get_exclude(request, obj) or ()), "order")

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_order"
        view = self.admin_site.admin_view(self.order_view)
        return [path("order/", view, name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_order"
        order_url = reverse(name) if self.has_change_permission(request) else None
        return super().changelist_view(request, {"order_url": order_url, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.order = next_place(self.model._default_manager.all())
        super().save_model(request, obj, form, change)

    def order_view(self, request: HttpRequest) -> HttpResponse:
        """Show all rows in their order with a number each; save the numbers typed."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self.render_order(
                request, OrderForm(rows=self.ordered_rows(request), within=self.order_within)
            )
        with transaction.atomic():
            rows = self.ordered_rows(request, lock=True)
            form = OrderForm(request.POST, rows=rows, within=self.order_within)
            if not form.is_valid():
                return self.render_order(request, form)
            if not all(self.has_change_permission(request, row) for row in rows):
                raise PermissionDenied
            for row in form.moved():
                row.save(update_fields=["order"])
                self.log_change(request, row, [{"changed": {"fields": [str(_("order"))]}}])
        self.message_user(request, _("The order was saved."), messages.SUCCESS)
        return HttpResponseRedirect(request.path)

    def ordered_rows(self, request: HttpRequest, lock: bool = False) -> list[models.Model]:
        """Return all rows as the site shows them; with `lock`, nobody else may move them now."""
        queryset = self.get_queryset(request)
        if lock:
            queryset = queryset.select_for_update(of=("self",))
        if self.order_within:
            within = self.order_within
            queryset = queryset.select_related(within).order_by(
                f"{within}__order", f"{within}_id", "order", "pk"
            )
        else:
            queryset = queryset.order_by(*self.opts.ordering)
        return list(queryset)

    def render_order(self, request: HttpRequest, form: "OrderForm") -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Order: %(name)s") % {"name": self.opts.verbose_name_plural},
            "opts": self.opts,
            "form": form,
            "groups": form.groups(),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/order.html", context)


class OrderForm(forms.Form):
    """A number for each of `rows`; small numbers come first, equal ones keep their order.

    The form carries the order it was shown with. When somebody else has moved, added or deleted a
    row in between, it is refused, and what was typed stands beside the new state.
    """

    shown = forms.CharField(widget=forms.HiddenInput, max_length=20_000)

    def __init__(
        self, *args: Any, rows: list[Any], within: str | None = None, **kwargs: Any
    ) -> None:
        self.rows, self.within = rows, within
        self.state = " ".join(f"{row.pk}:{row.order}" for row in rows)
        super().__init__(*args, initial={"shown": self.state}, **kwargs)
        for row, place in self.counted(rows):
            self.fields[f"row-{row.pk}"] = forms.IntegerField(
                label=str(row),
                initial=place,
                min_value=0,
                max_value=32_000,
                widget=forms.NumberInput(attrs={"dir": "ltr", "class": "order-number"}),
            )

    def group_of(self, row: Any) -> Any:
        """Return what `row` is ordered within."""
        return getattr(row, self.within) if self.within else None

    def counted(self, rows: list[Any]) -> Iterator[tuple[Any, int]]:
        """Yield each of `rows` with its place, counted within its group."""
        places: dict[Any, int] = {}
        for row in rows:
            group = self.group_of(row)
            places[group] = places.get(group, 0) + 1
            yield row, places[group]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("shown") != self.state:
            # The refused form comes back with the new state, ready to be sent again.
            self.data = self.data.copy()
            self.data["shown"] = self.state
            raise forms.ValidationError(
                _(
                    "Meanwhile somebody else changed this list. Nothing was saved; "
                    "look at the numbers once more and save again."
                )
            )
        return cleaned

    def groups(self) -> list[dict[str, Any]]:
        """Return the groups, each with its rows and their fields."""
        groups: dict[Any, list[dict[str, Any]]] = {}
        for row in self.rows:
            line = {"row": row, "field": self[f"row-{row.pk}"]}
            groups.setdefault(self.group_of(row), []).append(line)
        return [{"name": name, "lines": lines} for name, lines in groups.items()]

    def moved(self) -> list[Any]:
        """Give every row its new place; return those that moved."""
        rows = sorted(self.rows, key=lambda row: self.cleaned_data[f"row-{row.pk}"])
        moved = []
        for row, place in self.counted(rows):
            if row.order != place:
                row.order = place
                moved.append(row)
        return moved


class InlineOptions(PolicyOptions):
    """Rows inside another thing's form: the policy is asked about their kind and about the thing.

    Unlike Django's inlines, a right over the thing alone is not enough.
    """

    form = PortalModelForm
    formset = OrderedFormSet
    # One empty row, for those whose browser runs no scripts.
    extra = 1
    view_on_site = False

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "order":
            field.required = False
            field.help_text = gettext_lazy("Small numbers come first; empty comes last.")
        return field

    def allows_in(self, request: HttpRequest, action: Action, parent: models.Model | None) -> bool:
        on_parent = Action.VIEW if action == Action.VIEW else Action.CHANGE
        return self.allows(request, action, None) and (
            parent is None or policy.may(request.user, on_parent, parent)
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows_in(request, Action.VIEW, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows_in(request, Action.ADD, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows_in(request, Action.CHANGE, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows_in(request, Action.DELETE, obj)


class PortalTabularInline(InlineOptions, admin.TabularInline):
    pass


class PortalStackedInline(InlineOptions, admin.StackedInline):
    pass

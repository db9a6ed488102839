"""What every ModelAdmin of the desk shares: all stock side doors shut."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, display_for_value, label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path

from desk.permissions import Act, may


class DeskModelAdmin(admin.ModelAdmin):
    """A read-only list. Adding, changing, deleting and stock history have no address at all.

    No parameter but the page number is read from the address, so that no look-up across fields can be asked
    (`?field__lookup=`, `_to_field`, `_popup`); the admin's own log stays empty.
    """

    seen_by: Act
    title: Any
    is_list = True
    actions = None
    list_display_links = None
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    view_on_site = False
    readable_parameters = frozenset({"p"})

    def get_urls(self) -> list[URLPattern]:
        return [self.address("", self.changelist_view, "changelist")]

    def address(self, route: str, view: Any, name: str) -> URLPattern:
        """A page of this model, named as Django names it, for clerks only."""
        return path(route, self.admin_site.page(view), name=f"{self.opts.app_label}_{self.opts.model_name}_{name}")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not may(request.user, self.seen_by):
            raise PermissionDenied
        if not self.readable_parameters.issuperset(request.GET):
            raise Http404
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        response = super().changelist_view(request, {"title": self.title, "here": "lists", **(extra_context or {})})
        changelist = response.context_data["cl"]
        response.context_data["columns"] = [label_for_field(name, self.model, self) for name in self.list_display]
        response.context_data["rows"] = [self._cells(row) for row in changelist.result_list]
        return response

    def _cells(self, row: Model) -> list[tuple[str, Any]]:
        """Each column's name and value: on a phone a row becomes a card, and every value needs its name."""
        cells = []
        for name in self.list_display:
            field, _, value = lookup_field(name, row, self)
            if isinstance(value, date):
                shown: Any = value  # written by the template, as on every other page
            else:
                shown = display_for_value(value, "–") if field is None else display_for_field(value, field, "–")
            cells.append((label_for_field(name, self.model, self), shown))
        return cells

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request.user, self.seen_by)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.seen_by)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset, False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Nothing: the admin's log would hold ids and names. What a clerk does is on record in the exchange."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Nothing, as log_addition."""

    def log_deletion(self, request: HttpRequest, obj: Model, object_repr: str) -> None:
        """Nothing, as log_addition."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing, as log_addition."""

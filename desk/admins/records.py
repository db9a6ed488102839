"""What the clerk's agency asked or looked at, from the records: that and when, never about whom."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from desk.admins.base import DeskModelAdmin
from desk.permissions import Act
from desk.words import KINDS, outcome
from exchange import statute
from exchange.models import AccessRecord, Kind


class AccessRecordAdmin(DeskModelAdmin):
    """Read from the leaf alone, which holds no personal data; what is sealed stays sealed."""

    seen_by = Act.SEE_RECORDS
    title = _("Records of your agency")
    list_display = ("when", "kind_of_use", "phase_of_use", "affair", "row_of_table")
    ordering = ("-leaf",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessRecord]:
        # The leaf is canonical JSON, so the agency's part of it is one exact text.
        own = f'"inquirer":{json.dumps(request.user.agency)}'
        return (
            AccessRecord.objects.filter(leaf__body__contains=own)
            .select_related("leaf")
            .only("leaf", "kind", "phase", "at", "leaf__body")
        )

    @admin.display(description=_("at"))
    def when(self, record: AccessRecord) -> Any:
        return record.at

    @admin.display(description=_("kind"))
    def kind_of_use(self, record: AccessRecord) -> Any:
        return str(KINDS[Kind(record.kind)])

    @admin.display(description=_("outcome"))
    def phase_of_use(self, record: AccessRecord) -> Any:
        return outcome(record.kind, record.phase)

    @admin.display(description=_("affair"))
    def affair(self, record: AccessRecord) -> str:
        term = statute.affairs().get(json.loads(record.leaf.body)["affair"])
        return term.name if term else ""

    @admin.display(description=_("row of the permission table"))
    def row_of_table(self, record: AccessRecord) -> str:
        return str(json.loads(record.leaf.body)["row"])

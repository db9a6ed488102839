"""Changes of trust in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Agency, Verifier
from exchange.trust import Act
from exchange.trust_log import Entry

ACTS = {
    Act.AGENCY_ENTERED: gettext_lazy("The agency takes part in the exchange, as the list names it"),
    Act.AGENCY_ACTIVATED: gettext_lazy("The agency takes part again"),
    Act.AGENCY_DEACTIVATED: gettext_lazy("The agency no longer takes part"),
    Act.ASSESSMENT_SET: gettext_lazy("The last day of the agency's privacy assessment was set"),
    Act.CODE_KEY_REGISTERED: gettext_lazy("The agency registered a key for its codes"),
    Act.CODE_KEY_DEPOSITED: gettext_lazy("The agency left its key for codes in safe keeping here"),
    Act.CLIENT_ADDED: gettext_lazy("A program of the agency may ask"),
    Act.CLIENT_ENDED: gettext_lazy("A program of the agency may no longer ask"),
    Act.ADDRESS_SET: gettext_lazy("The address at which the agency answers was set"),
    Act.VERIFIER_REGISTERED: gettext_lazy("A program of the agency may ask about certificates"),
    Act.VERIFIER_ENDED: gettext_lazy("A program of the agency may no longer ask about certificates"),
    Act.EPOCH_BEGUN: gettext_lazy("New codes began for the agency"),
    Act.EPOCH_CLOSED: gettext_lazy("The agency's former codes became worthless"),
    Act.ROW_PROPOSED: gettext_lazy("A change of the permission table was proposed"),
    Act.ROW_APPROVED: gettext_lazy("A change of the permission table was approved"),
    Act.ROW_REJECTED: gettext_lazy("A change of the permission table was rejected"),
}
_LABELS = {
    "agency_kind": gettext_lazy("Kind of agency"),
    "until": gettext_lazy("Last day"),
    "until_before": gettext_lazy("Last day before"),
    "key": gettext_lazy("Name of the key"),
    "verifier": gettext_lazy("Kind of certificate"),
    "epoch": gettext_lazy("Number of the codes' period"),
    "row": gettext_lazy("Row of the table"),
    "change": gettext_lazy("What changes"),
    "version": gettext_lazy("Version of the table"),
    "address": gettext_lazy("Address"),
}
_CHANGES = {"ADD": gettext_lazy("a new row"), "CLOSE": gettext_lazy("a row ends")}


@dataclass(frozen=True, slots=True)
class Shown:
    """One change as its line on the page."""

    index: int
    at: datetime
    what: Any
    agency: str
    facts: list[tuple[Any, Any]]
    outcome: str
    tone: str


def shown(entries: Sequence[Entry]) -> list[Shown]:
    return [_shown(entry) for entry in entries]


def _shown(entry: Entry) -> Shown:
    facts = [(label, _value(name, entry.facts[name])) for name, label in _LABELS.items() if name in entry.facts]
    outcome, tone = (
        (_("Done"), "ok") if entry.is_done
        else (_("Not done: it failed"), "stop") if entry.has_failed
        else (_("Begun; its end is not on record"), "care")
    )  # fmt: skip
    name = entry.agency.name if entry.agency else entry.local_code
    return Shown(entry.index, entry.at, ACTS[entry.act], name, facts, outcome, tone)


def _value(name: str, value: str | int) -> Any:
    match name:
        case "agency_kind":
            return Agency.Kind(value).label
        case "verifier":
            return Verifier.Kind(value).label
        case "change":
            return _CHANGES[str(value)]
        case "until" | "until_before":
            return date.fromisoformat(str(value)) if value else _("none")
    return value

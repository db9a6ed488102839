"""A person reads who used her codes: her own records and no others', newest first, one for each event."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from agencies.models import Agency
from codes.rist1 import Code
from exchange import answers, ledger, looks, recalls, statute
from exchange.inquiry_models import Inquiry
from exchange.models import AccessRecord, AccessRecordQuerySet, Kind, Phase, Recall
from holdings.periods import legal_day
from holdings.registration import CORRECTED

_PARTIES = ("inquirer", "provider", "on_behalf_of")


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One event, asked and answered or refused. Names are in the active language."""

    reference: str
    kind: str
    inquirer: Agency
    provider: Agency | None
    asked_at: datetime
    answered_at: datetime | None
    outcome: str
    purpose: str
    is_refused: bool
    row: str
    affair: str
    data_set: str
    items: tuple[str, ...]
    on_behalf_of: Agency | None = None
    recalled_at: datetime | None = None
    is_withdrawn: bool = False

    def __repr__(self) -> str:
        return "<Record>"

    @property
    def affair_name(self) -> str:
        return statute.affairs()[self.affair].name if self.affair else _("An affair that the law does not know")

    @property
    def data_set_name(self) -> str:
        return statute.data_sets()[self.data_set].name if self.data_set else ""

    @property
    def item_names(self) -> list[str]:
        return [statute.items()[item].name for item in self.items]

    @property
    def legal_basis(self) -> str:
        """The article that it stood on; empty for a refusal for want of one."""
        rule = statute.rule_of(self.row)
        return rule.article if rule else ""

    @property
    def is_pending(self) -> bool:
        """The provider has not decided yet."""
        return self.outcome in (answers.PENDING, answers.BY_HAND)

    @property
    def has_ended_without_answer(self) -> bool:
        return self.outcome in (answers.DECLINED, answers.CANCELLED, *answers.NOT_PROVIDED)

    @property
    def outcome_text(self) -> str:
        """What came of it, in plain words."""
        match self.outcome, self.kind:
            case "0000", Kind.DELIVERY:
                return _("Delivered to you")
            case "0000", Kind.LOOK if self.affair == looks.GROUNDS["code-issue"][0]:
                return _("A code for you was issued")
            case "0000", Kind.LOOK if self.affair == looks.GROUNDS["protection"][0]:
                return _("The agency was told")
            case "0000", Kind.LOOK if self.affair == looks.GROUNDS["waiting"][0]:
                return _("A clerk saw what would be answered")
            case "0000", Kind.LOOK:
                return _("Looked at by a clerk")
            case "9000", Kind.DELIVERY:
                return _("Not delivered")
            case "0000", _kind:
                return _("Information was provided")
            case "0004", _kind:
                return _("Answered: the provider holds nothing")
            case "3003", _kind:
                return _("Not provided: the information is not registered yet, or is being checked")
            case "3004", _kind:
                return _("Not provided: the provider cannot give it in this form yet")
            case "0101", _kind:
                return _("Not yet: the provider has been asked and will answer")
            case "0109", _kind:
                return _("Not yet: somebody at the provider decides whether it is given")
            case "4001", _kind:
                return _("Nothing was given: the provider declined")
            case "4002", _kind:
                return _("Nothing was given: who asked took the question back")
            case "5001", _kind:
                return _("Nothing was given: the provider could not be reached")
            case "5002", _kind:
                return _("Nothing was given: no answer came in time")
            case "2001", _kind:
                return _("Refused: no law allows it")
            case "2002", _kind:
                return _("Refused: an agency's privacy assessment is missing")
            case "2003", _kind:
                return _("Refused: the law does not allow all that was asked")
            case "", _kind:
                return _("No answer is on record")
        return _("Not provided")


def of_citizen(
    *, portal_code: Code, at: datetime, before: str | uuid.UUID | None = None, limit: int = 50
) -> list[Record]:
    """Her disclosed records, newest first; `before` is the reference of the last one on the page before.

    Raises ValueError where `before` is not a record of hers. The cost depends on her own records only.
    """
    rows = _disclosed(portal_code, at)
    if before is not None:
        last = rows.filter(event=ledger.event_of(before, ledger.INQUIRER)).first()
        if last is None:
            raise ValueError("Not a record of this person.")
        rows = rows.filter(leaf__lt=last.leaf_id)
    return _records(rows.select_related("leaf").order_by("-leaf")[:limit])


def one(*, portal_code: Code, reference: str | uuid.UUID, at: datetime) -> Record | None:
    """One record of hers by its reference; none for another's, for a withheld and for an invented one alike."""
    rows = _disclosed(portal_code, at).filter(event=ledger.event_of(reference, ledger.INQUIRER))
    return next(iter(_records(rows.select_related("leaf"))), None)


def of_events(events: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[Record, dict[str, Any]]]:
    """Records by event with what is sealed of each, whoever they concern: for the agency that is asked about its own,
    and for the commission. Those whose keeping is over are left out."""
    rows = list(AccessRecord.objects.opening().filter(event__in=events).select_related("leaf"))
    return {row.event: (record, ledger.private_of(row)) for row, record in zip(rows, _records(rows), strict=True)}


def withheld_count(*, portal_code: Code, at: datetime) -> int:
    """How many of her records the law withholds for now (article 23(2))."""
    return _withheld(portal_code, at).count()


def next_disclosure(*, portal_code: Code, at: datetime) -> date | None:
    """The next day on which a withheld record of hers will be shown, if one is set."""
    day: date | None = _withheld(portal_code, at).aggregate(day=Min("disclosed_from"))["day"]
    return day


def _disclosed(portal_code: Code, at: datetime) -> AccessRecordQuerySet:
    return AccessRecord.objects.about(ledger.subject_of(portal_code)).opening().disclosed(legal_day(at))


def _withheld(portal_code: Code, at: datetime) -> AccessRecordQuerySet:
    return AccessRecord.objects.about(ledger.subject_of(portal_code)).opening().withheld(legal_day(at))


def _records(openings: Sequence[AccessRecord] | AccessRecordQuerySet) -> list[Record]:
    rows = list(openings)
    events = [row.event for row in rows]
    closings = AccessRecord.objects.filter(event__in=events, phase=Phase.ANSWERED).select_related("leaf")
    closing_of = {row.event: row for row in closings}
    bodies: dict[uuid.UUID, dict[str, Any]] = {row.event: json.loads(row.leaf.body) for row in rows}
    recalled = recalls.latest_of(events)
    local_codes = {body[party] for body in bodies.values() for party in _PARTIES if party in body}
    agencies = Agency.objects.by_local_code(local_codes)
    unclosed = {row.event for row in rows if row.kind != Kind.LOOK and row.phase == Phase.ASKED} - set(closing_of)
    still_open = Inquiry.objects.open().filter(event__in=unclosed)
    pending = dict(still_open.values_list("event", "outcome")) if unclosed else {}
    return [
        _record(
            row,
            closing_of.get(row.event),
            recalled.get(row.event),
            bodies[row.event],
            agencies,
            pending.get(row.event, ""),
        )
        for row in rows
    ]


def _record(
    opening: AccessRecord,
    closing: AccessRecord | None,
    recall: Recall | None,
    body: dict[str, Any],
    agencies: dict[str, Agency],
    pending: str,
) -> Record:
    is_look = opening.kind == Kind.LOOK
    is_refused = opening.phase == Phase.REFUSED
    return Record(
        reference=ledger.reference(opening.event, ledger.INQUIRER),
        kind=opening.kind,
        inquirer=agencies[body["inquirer"]],
        provider=agencies.get(body["provider"]),
        asked_at=opening.at,
        # A look and a refusal are over as soon as they are on record.
        answered_at=closing.at if closing else (opening.at if is_look or is_refused else None),
        outcome=json.loads(closing.leaf.body)["outcome"] if closing else body["outcome"] or pending,
        purpose=ledger.private_of(opening)["purpose"] if is_look else "",
        is_refused=is_refused,
        row=body["row"],
        affair=body["affair"],
        data_set=body["data_set"],
        items=tuple(body["items"]),
        on_behalf_of=agencies.get(body.get("on_behalf_of", "")),
        recalled_at=recall.at if recall else None,
        is_withdrawn=recall is not None and recall.reason != CORRECTED,
    )

"""An agency registers the copies that it provides from, withdraws them, and stops them: its own, and of its own data.

An agency provides a data set where a row of the permission table in force names its kind as the provider. Its code is
turned into those of all its epochs, so that a copy that lies under a former one is replaced and not doubled. No other
party learns anything, so no record is made: the code is used by who it was issued to, with itself. A code of nobody is
taken like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from agencies.models import Agency
from codes.rist1 import Code, MalformedCode
from exchange import recalls, statute
from exchange.conversion import convert_to_all
from exchange.models import Kind
from holdings import registration, stops
from holdings.copies import Items
from holdings.models import Stop, Withdrawal
from holdings.periods import Period, legal_day
from holdings.registration import Copy, Fault, NotRegistered, Registered

_PROVIDED = (Kind.INQUIRY, Kind.SELF)


class NotTheProvider(Exception):
    """The agency does not provide this data set from here."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class HandedIn:
    """One copy as the agency hands it in, under its own code for the person."""

    code: Code
    data_set: str
    layout_version: int
    items: Items
    reference: str
    period: Period = field(default_factory=Period)
    published_from: date | None = None
    published_to: date | None = None

    def __repr__(self) -> str:
        return "<HandedIn>"


def provided_by(agency: Agency, on: date) -> frozenset[str]:
    """The data sets of which the agency keeps copies here: none where it answers from its own system."""
    if not agency.is_hosted:
        return frozenset()
    rules = (rule for rule in statute.rules().values() if rule.kind in _PROVIDED and rule.is_in_force(on))
    return frozenset(rule.data_set.code for rule in rules if rule.provider_kind == agency.kind)


def register(*, agency: Agency, kind: str, handed_in: Sequence[HandedIn], at: datetime) -> Registered:
    """Register all these copies in one run, or none. Raises NotTheProvider, NotRegistered.

    Who got something that a correction makes wrong is told before this returns, or by the periodic task.
    """
    if not {each.data_set for each in handed_in} <= provided_by(agency, legal_day(at)):
        raise NotTheProvider
    copies, faults = [], []
    for line, each in enumerate(handed_in):
        try:
            copies.append(_copy(agency, each))
        except MalformedCode as error:
            faults.append(Fault(line, "code", str(error)))
    if faults:
        raise NotRegistered(faults)
    done = registration.register(agency=agency.local_code, kind=kind, handed_in=copies, at=at)
    recalls.drain(agency.local_code)
    return done


def withdraw(*, agency: Agency, code: Code, data_set: str, period: Period, reason: Withdrawal, at: datetime) -> bool:
    """Withdraw one copy; its receivers are told. False: there is none. Raises MalformedCode, NotTheProvider."""
    _must_provide(agency, data_set, at)
    done = registration.withdraw(
        agency=agency.local_code,
        codes=convert_to_all(code=code, source=agency, target=agency),
        data_set=data_set,
        period=period,
        reason=reason,
        at=at,
    )
    recalls.drain(agency.local_code)
    return done


def stop(
    *, agency: Agency, data_set: str, reason: Stop.Reason, code: Code | None = None, by: str = "", at: datetime
) -> bool:
    """Answer no more from the person's copies, or without a code from any of the data set. False: it was stopped.

    Raises MalformedCode, NotTheProvider.
    """
    _must_provide(agency, data_set, at)
    codes = convert_to_all(code=code, source=agency, target=agency) if code else ()
    return stops.stop(agency=agency.local_code, data_set=data_set, reason=reason, codes=codes, by=by, at=at)


def resume(*, agency: Agency, data_set: str, code: Code | None = None, at: datetime) -> bool:
    """Lift such a stop. False: there was none. Raises MalformedCode, NotTheProvider."""
    _must_provide(agency, data_set, at)
    codes = convert_to_all(code=code, source=agency, target=agency) if code else ()
    return stops.resume(agency=agency.local_code, data_set=data_set, codes=codes, at=at)


def _must_provide(agency: Agency, data_set: str, at: datetime) -> None:
    if data_set not in provided_by(agency, legal_day(at)):
        raise NotTheProvider


def _copy(agency: Agency, each: HandedIn) -> Copy:
    return Copy(
        codes=tuple(convert_to_all(code=each.code, source=agency, target=agency)),
        data_set=each.data_set,
        layout_version=each.layout_version,
        items=each.items,
        reference=each.reference,
        period=each.period,
        published_from=each.published_from,
        published_to=each.published_to,
    )

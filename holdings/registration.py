"""An agency hands in copies (副本登録) and withdraws them. A run is written whole or not at all.

- Each copy is checked against its layout first; every fault of every line is named, and no value is repeated.
- The agency's own reference names what it handed in. The same again changes nothing, however late it comes: a repeat of
  an old message does not undo what was corrected since. Something else under it is refused.
- One run of an agency is written after the other (its `Registrar` row is locked), so that two at once leave one copy.
- A correction and a withdrawal leave a `RecallNotice` for each provision that they concern, in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from codes.rist1 import Code
from databases import HOLDINGS
from holdings import copies, layout
from holdings.copies import Items
from holdings.models import Holding, ProvisionCopy, RecallNotice, Registrar, Registration, Run, Withdrawal
from holdings.periods import Period, legal_day
from holdings.provide import ANSWERED
from keys.sealing import keyed_hash, open_sealed, seal

MOST_COPIES = 500
CORRECTED = "CORRECTED"
_PURPOSE = "holding-seal"
_REFERENCES = "copy-reference"
_WRITTEN = [
    "code", "fiscal_year", "begins_on", "ends_on", "payload_sealed", "published_from", "published_to",
    "layout_version", "run", "withdrawn_at", "withdrawn_reason",
]  # fmt: skip

Time = tuple[int | None, date | None]
Key = tuple[Code, str, Time]


class Fault(NamedTuple):
    """What is wrong with one line of a run. `field` is the path in the copy; the sentence repeats no value."""

    line: int
    field: str
    sentence: str


class NotRegistered(Exception):
    """Nothing of the run was registered: some of its lines cannot be."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__("Nothing was registered.")
        self.faults = list(faults)


class LayoutNotSupported(NotRegistered):
    """A layout of that version is not in force. `outcome` is the result code."""

    outcome = "3004"


class ReferenceTaken(NotRegistered):
    """Something else was handed in under this reference before."""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Copy:
    """One copy to be registered. `codes` are the person's at the agency: the present one, and former ones under which a
    copy may still lie."""

    codes: tuple[Code, ...]
    data_set: str
    layout_version: int
    items: Items
    reference: str
    period: Period = field(default_factory=Period)
    published_from: date | None = None
    published_to: date | None = None

    def __repr__(self) -> str:
        return "<Copy>"

    @property
    def time(self) -> Time:
        return self.period.fiscal_year, self.period.begins_on

    @property
    def digest(self) -> bytes:
        """Of everything that was handed in but the code, which changes with the epoch."""
        said = [
            self.data_set, self.layout_version, self.items, self.period.fiscal_year,
            *map(str, (self.period.begins_on, self.period.ends_on, self.published_from, self.published_to)),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


@dataclass(frozen=True, slots=True)
class Registered:
    """A run: its number at this agency, how many copies it wrote, how many stood there like this already."""

    run: int
    registered: int
    unchanged: int


def register(*, agency: str, kind: str, handed_in: Sequence[Copy], at: datetime) -> Registered:
    """Register or replace all these copies, in one run. Raises LayoutNotSupported | ReferenceTaken | NotRegistered."""
    _check(handed_in, legal_day(at))
    with transaction.atomic(using=HOLDINGS, durable=True):
        registrar = _locked(agency)
        new = _not_seen_before(agency, handed_in)
        if not new:
            return Registered(registrar.runs, 0, len(handed_in))
        run = _next_run(registrar, kind, at)
        written = _write(agency, run, new, kind, at)
    return Registered(run.number, written, len(handed_in) - written)


def withdraw(
    *, agency: str, codes: Sequence[Code], data_set: str, period: Period, reason: Withdrawal, at: datetime
) -> bool:
    """Withdraw one copy: what it said is erased, and it is provided no more. False: there is none to withdraw."""
    at = at.replace(microsecond=0)
    with transaction.atomic(using=HOLDINGS, durable=True):
        registrar = _locked(agency)
        same_time = Holding.objects.kept().filter(fiscal_year=period.fiscal_year, begins_on=period.begins_on)
        found = list(same_time.of(agency=agency, codes=codes, data_set=data_set).select_for_update())
        if not found:
            return False
        run = _next_run(registrar, Run.Kind.DELETION, at)
        for holding in found:
            holding.withdrawn_at, holding.withdrawn_reason = at, reason
            holding.payload_sealed, holding.run = b"", run.number
            holding.save(update_fields=["withdrawn_at", "withdrawn_reason", "payload_sealed", "run"])
        _notify(agency, {(code, data_set, found[0].time): None for code in codes}, reason, at)
    return True


def _check(handed_in: Sequence[Copy], on: date) -> None:
    layouts = [layout.in_force(copy.data_set, copy.layout_version, on) for copy in handed_in]
    unsupported = [line for line, found in enumerate(layouts) if found is None]
    if unsupported:
        sentence = "No layout of this version is in force for the data set: see /api/layouts/."
        raise LayoutNotSupported(Fault(line, "layout_version", sentence) for line in unsupported)
    faults = [
        Fault(line, f"items.{item}" if item else "items", sentence)
        for line, (copy, found) in enumerate(zip(handed_in, layouts, strict=True))
        for item, sentence in (found.faults(copy.items) if found else [])
    ]
    references = Counter(copy.reference for copy in handed_in)
    places = Counter((copy.codes[0], copy.data_set, copy.time) for copy in handed_in)
    for line, copy in enumerate(handed_in):
        if references[copy.reference] > 1:
            faults.append(Fault(line, "reference", "Another copy of this run has the same reference."))
        if places[copy.codes[0], copy.data_set, copy.time] > 1:
            faults.append(Fault(line, "period", "Another copy of this run is for the same person and period."))
        if copy.published_to and (copy.published_from or on) > copy.published_to:
            faults.append(Fault(line, "publication", "The publication ends before it begins."))
    if faults:
        raise NotRegistered(faults)


def _locked(agency: str) -> Registrar:
    Registrar.objects.get_or_create(agency=agency)
    return Registrar.objects.select_for_update().get(agency=agency)


def _next_run(registrar: Registrar, kind: str, at: datetime) -> Run:
    registrar.runs += 1
    registrar.save(update_fields=["runs"])
    return Run.objects.create(agency=registrar.agency, number=registrar.runs, kind=kind, at=at.replace(microsecond=0))


def _not_seen_before(agency: str, handed_in: Sequence[Copy]) -> list[Copy]:
    """The copies whose reference is new. Raises ReferenceTaken."""
    keyed = {copy.reference: _keyed(agency, copy.reference) for copy in handed_in}
    seen = Registration.objects.filter(agency=agency, reference__in=keyed.values()).select_related("holding")
    seen_as = {row.reference: row for row in seen}
    new, faults = [], []
    for line, copy in enumerate(handed_in):
        before = seen_as.get(keyed[copy.reference])
        if before is None:
            new.append(copy)
        elif not _is_the_same(before, copy):
            faults.append(Fault(line, "reference", "You handed in something else under this reference before."))
    if faults:
        raise ReferenceTaken(faults)
    return new


def _is_the_same(before: Registration, copy: Copy) -> bool:
    if before.holding is not None and before.holding.code not in copy.codes:
        return False
    return open_sealed(_PURPOSE, bytes(before.digest_sealed), context=_context(before)) == copy.digest


def _write(agency: str, run: Run, new: Sequence[Copy], kind: str, at: datetime) -> int:
    """Write what differs from what stands there; returns how many copies that is."""
    stands = _standing(agency, new)
    created, replaced, registrations = [], [], []
    wrong: dict[Key, set[str] | None] = {}
    for copy in new:
        found = next((stands[key] for key in _keys(copy) if key in stands), None)
        holding = found or Holding(agency=agency, data_set=copy.data_set)
        said = copies.opened(found) if found and not found.is_withdrawn else {}
        if found is None or _differs(found, said, copy):
            _fill(holding, copy, run, at)
            (created if found is None else replaced).append(holding)
            if kind == Run.Kind.CORRECTION and said:
                wrong |= dict.fromkeys(_keys(copy), _changed(said, copy.items))
        registrations.append(_registration(agency, run, holding, copy))
    # The order of the rows tells nothing: their keys are random.
    Holding.objects.bulk_create(sorted(created, key=lambda row: row.pk))
    Holding.objects.bulk_update(replaced, _WRITTEN)
    Registration.objects.bulk_create(sorted(registrations, key=lambda row: row.pk))
    _notify(agency, wrong, CORRECTED, at)
    return len(created) + len(replaced)


def _standing(agency: str, new: Sequence[Copy]) -> dict[Key, Holding]:
    codes = {code for copy in new for code in copy.codes}
    found = Holding.objects.filter(agency=agency, code__in=codes, data_set__in={copy.data_set for copy in new})
    return {(row.code, row.data_set, row.time): row for row in found.order_by("pk").select_for_update()}


def _keys(copy: Copy) -> list[Key]:
    return [(code, copy.data_set, copy.time) for code in copy.codes]


def _differs(found: Holding, said: Mapping[str, object], copy: Copy) -> bool:
    stands = (found.is_withdrawn, said, found.layout_version, found.ends_on, found.published_to)
    asked = (False, copy.items, copy.layout_version, copy.period.ends_on, copy.published_to)
    return stands != asked or copy.published_from not in (None, found.published_from)


def _fill(holding: Holding, copy: Copy, run: Run, at: datetime) -> None:
    is_kept = holding.published_from is not None and not holding.is_withdrawn
    begins = copy.published_from or (holding.published_from if is_kept else legal_day(at))
    copies.fill(
        holding,
        code=copy.codes[0],
        items=copy.items,
        period=copy.period,
        published_from=begins,
        published_to=copy.published_to,
    )
    holding.layout_version, holding.run = copy.layout_version, run.number


def _registration(agency: str, run: Run, holding: Holding, copy: Copy) -> Registration:
    row = Registration(agency=agency, reference=_keyed(agency, copy.reference), run=run.number, holding=holding)
    row.digest_sealed = seal(_PURPOSE, copy.digest, context=_context(row))
    return row


def _changed(said: Mapping[str, object], says: Mapping[str, object]) -> set[str]:
    return {item for item in {*said, *says} if said.get(item) != says.get(item)}


def _notify(agency: str, wrong: Mapping[Key, set[str] | None], reason: str, at: datetime) -> None:
    """A notice for each provision of what was wrong; of a copy that is wrong as a whole (None), for every one."""
    provided = ProvisionCopy.objects.filter(
        agency=agency,
        code__in={code for code, _, _ in wrong},
        data_set__in={data_set for _, data_set, _ in wrong},
        outcome=ANSWERED,
    )
    notices = []
    for row in provided if wrong else []:
        key = (row.code, row.data_set, (row.fiscal_year, row.begins_on))
        items = wrong.get(key, set())
        if items is None or items & set(row.items.split()):
            notices.append(
                RecallNotice(
                    agency=agency, provision=row.pk, data_set=row.data_set, reason=reason, at=at.replace(microsecond=0)
                )
            )
    RecallNotice.objects.bulk_create(sorted(notices, key=lambda notice: notice.pk))


def _keyed(agency: str, reference: str) -> str:
    return keyed_hash(_REFERENCES, agency, reference).hex()


def _context(row: Registration) -> str:
    return f"holdings.Registration.digest_sealed:{row.pk}"

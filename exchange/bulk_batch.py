"""The lines of one batch of a bulk inquiry get their outcomes.

The order is that of one inquiry (exchange.inquiry), each step for all the lines: asked or refused and on record, in one
commit; converted; answered by the provider, in one transaction with the provider's own records; the answers on record,
in one commit; and only then are the answers where the inquirer can fetch them.

Of a batch that was cut off, what is on record of its events, whose ids were chosen at the hand-in, is looked at first.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError

from exchange import answers, bulk_lines, conversion, inquirer_copy, inquiry, ledger, standing, statute
from exchange.bulk_lines import LineResult, WaitingLine
from exchange.bulk_models import CLAIM, Bulk, BulkBatch
from exchange.inquiry_models import Inquiry, State
from exchange.ledger import Event
from exchange.models import AccessRecord, Kind, Phase
from exchange.permission import decide
from exchange.providers import hosted
from exchange.statute import NotPermitted, Rule
from holdings import provide_all
from holdings.provide import ItemValue, Provision

FAILED = "9000"

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """What is on record of an event already. `outcome` is empty until it is closed."""

    subject: bytes | None
    row: str
    refusal: str
    outcome: str


@dataclass(frozen=True, slots=True, repr=False)
class _Entry:
    """A line whose event is on record: with the row that permits it, or refused."""

    line: WaitingLine
    event: Event
    rule: Rule | None
    refusal: str
    closed: str  # the outcome on record, if the event is closed already


def results(batch: BulkBatch, clock: Clock) -> list[LineResult]:
    """The outcome of every line, all of it on record. Raises IntegrityError where another was first with a record."""
    lines = bulk_lines.waiting_in(batch)
    known = _on_record(lines) if batch.attempts > 1 else {}
    if batch.bulk.state == Bulk.State.CANCELLED and not known:
        return [LineResult(line.position, line.line, answers.CANCELLED) for line in lines]
    entries = _asked(batch, lines, known, at=clock())
    permitted = [entry for entry in entries if entry.rule]
    provided = _provided(batch, permitted, clock)
    _record_answers(entries, permitted, provided, is_first=batch.attempts == 1, at=clock())
    return _outcomes(lines, entries, provided)


def _on_record(lines: Sequence[WaitingLine]) -> dict[uuid.UUID, _Known]:
    """What is on record of the lines' events."""
    rows = AccessRecord.objects.filter(event__in=[line.event for line in lines]).select_related("leaf")
    bodies = {(row.event, row.phase == Phase.ANSWERED): (row, json.loads(row.leaf.body)) for row in rows}
    return {
        event: _Known(
            subject=None if row.subject is None else bytes(row.subject),
            row=body["row"],
            refusal=body["outcome"],
            outcome=bodies[event, True][1]["outcome"] if (event, True) in bodies else "",
        )
        for (event, is_closing), (row, body) in bodies.items()
        if not is_closing
    }


def _asked(
    batch: BulkBatch, lines: Sequence[WaitingLine], known: dict[uuid.UUID, _Known], *, at: datetime
) -> list[_Entry]:
    """Each line permitted or refused, and on record as that. A line whose code has ended since is left out, unless it
    is on record already."""
    evidence = bulk_lines.evidence_of(batch.bulk)
    if known:
        return [_known_entry(batch, line, known[line.event], evidence) for line in lines if line.event in known]
    inquirer = batch.bulk.inquirer
    alive = [line for line in lines if conversion.stands(inquirer, line.code.epoch)]
    subjects = ledger.subjects_of([line.code for line in alive], known_to=inquirer)
    grounds: dict[tuple[str, str, tuple[str, ...]], Rule | str] = {}
    entries = []
    for line, subject in zip(alive, subjects, strict=True):
        event = _event(batch, line, subject, evidence)
        key = (line.affair, line.data_set, line.items)
        if key not in grounds:
            grounds[key] = _ground(event, at=at)
        ground = grounds[key]
        rule, refusal = (None, ground) if isinstance(ground, str) else (ground, "")
        entries.append(_Entry(line, event, rule, refusal, ""))
    _record([_opening(entry) for entry in entries], at=at)
    return entries


def _known_entry(batch: BulkBatch, line: WaitingLine, known: _Known, evidence: str) -> _Entry:
    event = _event(batch, line, known.subject, evidence)
    return _Entry(line, event, statute.rule_of(known.row), known.refusal, known.outcome)


def _event(batch: BulkBatch, line: WaitingLine, subject: bytes | None, evidence: str) -> Event:
    return Event(
        kind=Kind.INQUIRY,
        inquirer=batch.bulk.inquirer,
        provider=batch.provider,
        affair=line.affair,
        data_set=line.data_set,
        items=line.items,
        subject=subject,
        private={
            "case_number": line.case_number,
            "channel": "bulk",
            "condition": str(line.condition),
            "evidence": evidence,
        },
        id=line.event,
    )


def _ground(event: Event, *, at: datetime) -> Rule | str:
    """The row that permits it, or the result code of the refusal."""
    try:
        return decide(event, at=at)
    except NotPermitted as refusal:
        return refusal.outcome


@dataclass(frozen=True, slots=True, repr=False)
class _Answered:
    """What became of a permitted line. `on_record` is the outcome that its closing record names; empty where the line
    has a life of its own (exchange.standing), which writes its records itself."""

    on_record: str
    provision: Provision


def _provided(batch: BulkBatch, entries: Sequence[_Entry], clock: Clock) -> list[_Answered]:
    """What the provider answers to each, committed with the provider's own records."""
    if not batch.provider.is_hosted:
        return [_asked_alone(batch, entry, clock) for entry in entries]
    inquirer, provider, at = batch.bulk.inquirer, batch.provider, clock()
    apart = _waiting_already(entries) if batch.attempts > 1 else set()
    alive = [
        entry for entry in entries if entry.event.id not in apart and conversion.stands(inquirer, entry.line.code.epoch)
    ]
    codes = conversion.convert_many(codes=[entry.line.code for entry in alive], source=inquirer, target=provider)
    references = ledger.references([entry.event.id for entry in alive], ledger.PROVIDER)
    asked = [
        provide_all.Asked(known_as, entry.line.data_set, entry.line.items, entry.line.condition, reference)
        for entry, known_as, reference in zip(alive, codes, references, strict=True)
    ]
    decided_by = hosted.decided_by(at)
    found = provide_all.answer_all(
        agency=provider.local_code,
        asked=asked,
        inquirer=inquirer.local_code,
        decided_by=decided_by,
        is_again=batch.attempts > 1,
        at=at,
    )
    provided = {
        entry.event.id: _Answered(answer.on_record, answer.provision)
        if answer.provision
        else _held(entry, until=decided_by, at=at)
        for entry, answer in zip(alive, found, strict=True)
    }
    # A code that ended between the question and the answer: nobody can be asked about it any more.
    ended = _Answered(FAILED, Provision(FAILED, []))
    return [_BY_HAND if entry.event.id in apart else provided.get(entry.event.id, ended) for entry in entries]


_BY_HAND = _Answered("", Provision(answers.BY_HAND, []))


def _waiting_already(entries: Sequence[_Entry]) -> set[uuid.UUID]:
    """Lines that were laid into the provider's in-tray before a crash: fetched by their record, however they ended."""
    events = [entry.event.id for entry in entries]
    return set(Inquiry.objects.filter(event__in=events).values_list("event", flat=True))


def _held(entry: _Entry, *, until: datetime, at: datetime) -> _Answered:
    assert entry.rule is not None  # noqa: S101 - for the checker: only permitted lines are put to a provider
    standing.hold(entry.event, rule=entry.rule, until=until, is_kept=False, at=at)
    return _BY_HAND


def _asked_alone(batch: BulkBatch, entry: _Entry, clock: Clock) -> _Answered:
    """A provider with a system of its own is asked line by line, each with a life of its own: what it said before a
    crash is kept, and asked again under the same reference it says the same."""
    assert entry.rule is not None  # noqa: S101 - as above
    _keep_claim(batch, clock)
    at, provider = clock(), batch.provider
    row, _ = Inquiry.objects.get_or_create(
        event=entry.event.id,
        defaults={
            "inquirer": batch.bulk.inquirer,
            "provider": provider,
            "state": State.ASKED,
            "outcome": answers.PENDING,
            "asked_at": at,
            "ends_at": at + settings.INQUIRY_DEADLINE,
        },
    )
    try:
        if row.state == State.ASKED and conversion.stands(batch.bulk.inquirer, entry.line.code.epoch):
            answer = inquiry.put_to_provider(
                entry.event,
                rule=entry.rule,
                provider=provider,
                known_as=lambda: conversion.convert_to_all(
                    code=entry.line.code, source=batch.bulk.inquirer, target=provider
                ),
                condition=entry.line.condition,
                is_kept=True,
                at=at,
            )
        else:
            answer = standing.answer_of(row, at=at)
    except inquiry.NotObtained as failure:
        return _Answered("", Provision(failure.code, []))
    except standing.AnswerErased:
        return _Answered("", Provision(FAILED, []))
    return _Answered("", Provision(answer.outcome, answer.items))


def _keep_claim(batch: BulkBatch, clock: Clock) -> None:
    """Stay at it: one slow provider may take longer than a claim lasts. Raises IntegrityError where it is another's."""
    if not BulkBatch.objects.still(batch).update(claimed_until=clock() + CLAIM):
        raise IntegrityError("Another has been given the batch.")


def _record_answers(
    entries: Sequence[_Entry],
    permitted: Sequence[_Entry],
    provided: Sequence[_Answered],
    *,
    is_first: bool,
    at: datetime,
) -> None:
    """Closing records, and the inquirer's own copies, before anything can be fetched."""
    # In an order of its own: that of the provider's rows and that of the log's must not be one.
    order = secrets.SystemRandom()
    ended = [(entry, answer) for entry, answer in zip(permitted, provided, strict=True) if answer.on_record]
    order.shuffle(ended)
    _record(
        [
            ledger.Entry(entry.event, Phase.ANSWERED, entry.rule, answer.on_record)
            for entry, answer in ended
            if not entry.closed
        ],
        at=at,
    )
    copies = [(entry, entry.closed or answer.on_record) for entry, answer in ended]
    copies += [(entry, entry.refusal) for entry in entries if not entry.rule]
    order.shuffle(copies)
    inquirer_copy.keep_all(
        [(entry.event, entry.rule.row if entry.rule else "", outcome) for entry, outcome in copies],
        are_new=is_first,
        at=at,
    )


def _opening(entry: _Entry) -> ledger.Entry:
    phase = Phase.ASKED if entry.rule else Phase.REFUSED
    return ledger.Entry(entry.event, phase, entry.rule, entry.refusal)


def _record(entries: Sequence[ledger.Entry], *, at: datetime) -> None:
    ledger.record_all(ledger.prepare_all(entries, at=at))


def _outcomes(
    lines: Sequence[WaitingLine], entries: Sequence[_Entry], provided: Sequence[_Answered]
) -> list[LineResult]:
    references = ledger.references([entry.event.id for entry in entries], ledger.INQUIRER)
    given = iter(provided)
    found = {}
    for entry, reference in zip(entries, references, strict=True):
        outcome, items = entry.refusal, list[ItemValue]()
        if entry.rule:
            answer = next(given)
            # What left the provider before a crash cannot be had again if its copies have changed since: the record
            # stands, and the line failed.
            is_same = not answer.on_record or answer.provision.outcome == (entry.closed or answer.on_record)
            outcome, items = (answer.provision.outcome, answer.provision.items) if is_same else (FAILED, [])
        row = entry.rule.row if entry.rule else ""
        found[entry.line.position] = LineResult(entry.line.position, entry.line.line, outcome, reference, row, items)
    return [found.get(line.position) or LineResult(line.position, line.line, FAILED) for line in lines]

"""After seven years the side goes, and nothing else: not a younger one, not the leaf, not what the log proves."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import Error, transaction
from django.utils import timezone

from exchange import audit, inquirer_copy, ledger, proofs, questions, reconciliation, records, retention, tasks, trust
from exchange.inquiry_models import Inquiry, State
from exchange.ledger import Event
from exchange.models import AccessRecord, Kind, Leaf, Phase, Recall
from exchange.question_models import Question
from exchange.retention import Deleted
from holdings.models import InquiryCopy, ProvisionCopy
from tests.exchange.people import CHOFU, HANAKO, MITAKA, agency, ask, code_at, hold_income, portal_code
from tests.support import DATABASES
from tools import verify_records

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

DAY = timedelta(days=1)


def now() -> datetime:
    return timezone.now().replace(microsecond=0)


def old(days: int = 1) -> datetime:
    return retention.begins(now()) - days * DAY


def event_of(at: datetime, *, answered: datetime | None = None, kind: Kind = Kind.INQUIRY) -> uuid.UUID:
    """An inquiry about Hanako as it was written then: two records, and the provider's copy; or a look, one record."""
    event = Event(
        kind=kind, inquirer=agency(CHOFU), provider=agency(MITAKA), affair="JM90000000000001",
        data_set="TM00000000000002", items=(), subject=ledger.subject_of(portal_code(HANAKO)),
        private={"case_number": "A-1", "evidence": ""},
    )  # fmt: skip
    ledger.record(event, phase=Phase.ASKED, at=at)
    if kind != Kind.LOOK:
        ledger.record(event, phase=Phase.ANSWERED, outcome="0000", at=answered or at)
        ProvisionCopy.objects.create(
            id=ledger.reference(event.id, ledger.PROVIDER), agency=MITAKA, code=code_at(agency(MITAKA), HANAKO),
            inquirer=CHOFU, data_set="TM00000000000002", items="", outcome="0000", at=at,
        )  # fmt: skip
        inquirer_copy.keep(event, row="I01", outcome="0000", asked_at=at, ended_at=answered or at)
    return event.id


def left() -> list[uuid.UUID]:
    return list(AccessRecord.objects.opening().order_by("leaf").values_list("event", flat=True))


def file_of_hanako(**changes: int) -> dict:
    return json.loads(json.dumps(proofs.of_citizen(portal_code=portal_code(HANAKO), at=now(), **changes)))


def test_what_is_older_goes_and_what_is_younger_stays() -> None:
    event_of(old())
    young = event_of(retention.begins(now()) + timedelta(hours=1))
    assert retention.delete_expired(at=now()) == Deleted(copies=2, records=2, questions=0)
    assert left() == [young]
    assert list(ProvisionCopy.objects.values_list("id", flat=True)) == [
        uuid.UUID(ledger.reference(young, ledger.PROVIDER))
    ]
    assert [str(copy.id) for copy in InquiryCopy.objects.all()] == [ledger.reference(young, ledger.INQUIRER)]
    assert retention.delete_expired(at=now()) == Deleted(0, 0, 0)


def test_what_changed_trust_stays_and_so_does_its_proof() -> None:
    trust.set_assessment(agency=agency(CHOFU), until=None, by="clerk", reason="", at=old())
    assert retention.delete_expired(at=now()) == Deleted(0, 0, 0)
    assert AccessRecord.objects.filter(kind=Kind.TRUST).count() == 2


def test_how_an_inquiry_ended_and_what_was_recalled_go_too() -> None:
    young = retention.begins(now()) + timedelta(hours=1)
    for ended_at in (old(), young):
        Inquiry.objects.create(
            event=uuid.uuid4(), inquirer=agency(CHOFU), provider=agency(MITAKA), state=State.ANSWERED, outcome="0004",
            asked_at=ended_at, ends_at=ended_at, ended_at=ended_at, is_settled=True,
        )  # fmt: skip
        Recall.objects.create(
            id=uuid.uuid4(), event=uuid.uuid4(), receiver=agency(CHOFU), data_set="", reason="CORRECTED", at=ended_at
        )
    retention.delete_expired(at=now())
    assert [row.ended_at for row in Inquiry.objects.all()] == [row.at for row in Recall.objects.all()] == [young]


def test_the_log_proves_the_same_as_before() -> None:
    hold_income(HANAKO)
    event_of(old(400))
    ask(at=now())
    earlier = file_of_hanako()
    leaves = list(Leaf.objects.order_by("index").values_list("body", flat=True))
    retention.delete_expired(at=now())
    ask(at=now())
    later = file_of_hanako(since=4)
    assert list(Leaf.objects.order_by("index").values_list("body", flat=True))[:4] == leaves
    assert [*audit.faults(), *audit.sides_amiss(at=now())] == []
    call_command("check_log", stdout=StringIO())
    assert list(verify_records.check(later, keys=[], witnesses=[])) == []
    assert verify_records.compare(earlier, later, keys=[]) == []
    found = records.of_citizen(portal_code=portal_code(HANAKO), at=now())
    assert [record.outcome for record in found] == ["0000", "0000"]
    assert list(reconciliation.differences(since=old(500), until=now() + DAY)) == []


def test_a_file_in_which_a_younger_record_is_missing_is_still_a_fault() -> None:
    event_of(retention.begins(now()) + 3 * DAY)
    earlier = file_of_hanako()
    later = {**earlier, "records": []}
    assert "missing from the later file" in verify_records.compare(earlier, later, keys=[])[0]
    assert verify_records.compare(earlier, later, keys=[], today=now().date() + 5 * DAY) == []


@pytest.mark.parametrize(("years", "left_over"), [(0, 2), (9, 1), (8, 0), (3, 0)])
def test_who_looked_is_known_for_as_long_as_there_is_something_to_see(
    settings: object, years: int, left_over: int
) -> None:
    settings.LOOK_YEARS = years
    for ago in (retention.begins(now(), 8) - DAY, retention.begins(now(), 9) - DAY):
        event_of(ago, kind=Kind.LOOK)
    event_of(old())
    retention.delete_expired(at=now())
    assert list(AccessRecord.objects.values_list("kind", flat=True)) == ["LOOK"] * left_over


def test_no_half_of_an_event_is_left_alone() -> None:
    event = event_of(old(), answered=now())
    assert retention.delete_expired(at=now()).records == 0
    assert AccessRecord.objects.filter(event=event).count() == 2


def test_the_database_refuses_what_is_younger_whoever_asks() -> None:
    young = event_of(retention.begins(now()) + timedelta(hours=1))
    with pytest.raises(Error), transaction.atomic(using="exchange"):
        AccessRecord.objects.filter(event=young).delete()
    with pytest.raises(Error):
        retention.delete_expired(at=now() + 2 * DAY)
    assert left() == [young]


def test_killed_in_between_it_goes_on_where_it_was() -> None:
    for days in range(1, 6):
        event_of(old(days))

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        seen.append((done, total))
        if done > 12:
            raise Killed

    seen: list[tuple[int, int]] = []
    with pytest.raises(Killed):
        retention.delete_expired(at=now(), batch=3, progress=kill)
    assert seen == [(3, 20), (5, 20), (8, 20), (10, 20), (13, 20)]
    left_over = [model.objects.count() for model in (ProvisionCopy, InquiryCopy, AccessRecord)]
    assert left_over == [0, 0, 7]
    assert retention.delete_expired(at=now(), batch=3) == Deleted(copies=0, records=7, questions=0)
    assert [*audit.faults(), *audit.sides_amiss(at=now())] == []


def test_what_a_question_left_goes_after_seven_years_too() -> None:
    asked = {}
    for name, at in (("old", old(2)), ("young", now())):
        record = ledger.reference(event_of(at), ledger.INQUIRER)
        asked[name] = questions.ask(
            portal_code=portal_code(HANAKO), reference=record, ground="WRONG", reply_to="", at=at
        )
    assert retention.delete_expired(at=now()).questions == 1
    assert list(Question.objects.all()) == [asked["young"]]


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), date(2019, 11, 24)),
        (datetime(2032, 2, 29, 3, 0, tzinfo=UTC), date(2025, 2, 28)),
        (datetime(2031, 2, 28, 3, 0, tzinfo=UTC), date(2024, 2, 28)),
    ],
)
def test_seven_years_are_years_of_the_calendar(at: datetime, begins: date) -> None:
    assert retention.begins(at).date() == begins


def test_by_command_and_by_night() -> None:
    event_of(old())
    out = StringIO()
    call_command("delete_expired_records", stdout=out)
    assert "2 records, 2 copies and 0 questions deleted." in out.getvalue()
    event_of(old())
    tasks.delete_expired_records()
    assert left() == []

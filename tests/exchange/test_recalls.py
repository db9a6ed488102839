"""A recall reaches exactly who got what was wrong, once, and says nothing about the person."""

from __future__ import annotations

import json
import signal
import uuid

import pytest

from exchange import recalls, records, registration, self_inquiry, tasks
from exchange.models import Recall
from holdings.models import Protection, ProvisionCopy, RecallNotice, Run
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import (
    CHOFU,
    FUCHU,
    HANAKO,
    LOCAL_TAX,
    MITAKA,
    NOW,
    SALARY,
    TARO,
    agency,
    ask,
    code_at,
    portal_code,
)
from tests.exchange.test_registration import LATER, handed_in, register, withdraw
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def asked(person: bytes = HANAKO, by: str = CHOFU, **changes) -> str:
    return ask(person, inquirer=agency(by), **changes).record


def correct(person: bytes = HANAKO, income: str = "5", **changes) -> None:
    line = handed_in(person, income, reference=uuid.uuid4().hex, **changes)
    register(line, kind=Run.Kind.CORRECTION, at=LATER)


def told(to: str = CHOFU) -> list[tuple[str, str]]:
    return sorted((each.record, each.reason) for each in recalls.collect(agency=agency(to)))


def test_exactly_the_past_receivers_are_told_once():
    register(handed_in(), handed_in(TARO))
    first, second, third = asked(), asked(), asked(by=FUCHU)
    asked(TARO)
    asked(items=[SALARY])
    asked(bytes([77]) * 32)
    correct()
    asked()
    assert told() == sorted([(first, "CORRECTED"), (second, "CORRECTED")])
    assert told(FUCHU) == [(third, "CORRECTED")]
    assert [told(MITAKA), RecallNotice.objects.count(), recalls.drain()] == [[], 0, 0]


def test_a_recall_names_record_data_set_reason_and_day_and_no_person():
    register(handed_in())
    record = asked()
    withdraw()
    [recall] = recalls.collect(agency=agency(CHOFU))
    at = LATER.replace(microsecond=0)
    assert (recall.record, recall.data_set, recall.reason, recall.at) == (record, LOCAL_TAX, "WRONG_PERSON", at)
    assert set(recalls.Recalled.__slots__) == {"recall", "record", "data_set", "reason", "at"}
    assert repr(Recall.objects.get()) == "<Recall>"


def test_it_is_handed_out_until_its_receiver_confirms():
    register(handed_in())
    asked()
    asked(by=FUCHU)
    correct()
    [recall] = recalls.collect(agency=agency(CHOFU))
    assert len(told()) == 1
    assert recalls.confirm(agency=agency(FUCHU), recalls=[recall.recall], at=LATER) == 0
    assert len(told()) == 1
    assert recalls.confirm(agency=agency(CHOFU), recalls=[recall.recall], at=LATER) == 1
    assert recalls.confirm(agency=agency(CHOFU), recalls=[str(recall.recall)], at=LATER) == 0
    assert [told(), len(told(FUCHU))] == [[], 1]


def test_at_most_as_many_as_asked_for():
    register(handed_in())
    for _ in range(3):
        asked()
    withdraw()
    assert len(recalls.collect(agency=agency(CHOFU), limit=2)) == 2


def test_a_second_correction_is_told_again():
    register(handed_in())
    record = asked()
    correct()
    correct(income="6")
    assert told() == [(record, "CORRECTED")] * 2


def test_who_asked_about_a_protected_person_is_told_too():
    """The provider's record does not name the inquirer; the exchange knows whose record it is."""
    register(handed_in())
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    record = asked()
    assert ProvisionCopy.objects.get().inquirer == ""
    withdraw()
    assert told() == [(record, "WRONG_PERSON")]


def test_a_provision_whose_record_is_gone_concerns_nobody():
    register(handed_in())
    ProvisionCopy.objects.create(
        id=uuid.uuid4(), agency=MITAKA, code=code_at(agency(MITAKA), HANAKO), inquirer=CHOFU, data_set=LOCAL_TAX,
        items="0200000010", outcome="0000", at=NOW, fiscal_year=2026,
    )  # fmt: skip
    withdraw()
    assert [Recall.objects.count(), RecallNotice.objects.count()] == [0, 0]


# --- what the person reads ---


def hers(at=LATER) -> list[records.Record]:
    return records.of_citizen(portal_code=portal_code(HANAKO), at=at)


def test_the_person_reads_beside_her_record_that_it_was_corrected_later():
    register(handed_in())
    record = asked()
    other = asked(items=[SALARY])
    self_inquiry.ask(portal_code=portal_code(HANAKO), provider=agency(MITAKA), data_set=LOCAL_TAX, at=NOW)
    correct()
    shown = {each.reference: each for each in hers()}
    assert (shown[record].recalled_at, shown[record].is_withdrawn) == (LATER.replace(microsecond=0), False)
    assert shown[other].recalled_at is None
    assert sum(each.recalled_at is not None for each in shown.values()) == 2, "her own question too"
    assert Recall.objects.get(receiver__kind="PORTAL").confirmed_at == LATER.replace(microsecond=0)
    withdraw()
    found = records.one(portal_code=portal_code(HANAKO), reference=record, at=LATER)
    assert found is not None and found.is_withdrawn


# --- between the outbox and the exchange ---


def test_a_break_before_the_drain_loses_nothing_and_one_after_it_doubles_nothing(monkeypatch):
    register(handed_in())
    record = asked()

    class Broken(Exception):
        pass

    def broken(*args):
        raise Broken

    with monkeypatch.context() as patch:
        patch.setattr(recalls, "_recall", broken)
        with pytest.raises(Broken):
            withdraw()
    assert [RecallNotice.objects.count(), told()] == [1, []]
    notice = RecallNotice.objects.get()
    tasks.drain_recalls()
    assert [RecallNotice.objects.count(), told()] == [0, [(record, "WRONG_PERSON")]]
    notice.save(force_insert=True)  # it had not been deleted yet
    tasks.drain_recalls()
    assert [RecallNotice.objects.count(), told()] == [0, [(record, "WRONG_PERSON")]]
    recalls.confirm(agency=agency(CHOFU), recalls=[row.pk for row in Recall.objects.all()], at=LATER)
    notice.save(force_insert=True)
    tasks.drain_recalls()
    assert told() == [], "who has confirmed it is not told again"


def test_one_providers_drain_leaves_anothers_notices():
    register(handed_in())
    asked()
    registration.recalls.drain(CHOFU)
    RecallNotice.objects.create(agency=CHOFU, provision=uuid.uuid4(), data_set=LOCAL_TAX, reason="CORRECTED", at=NOW)
    assert [recalls.drain(MITAKA), recalls.drain(CHOFU)] == [0, 1]


# Every step between the provider's commit and the deletion of the notice gets a boundary; one child dies at each.
KILLED = """
import json, os, signal, sys
from django.db import connections
from exchange import recalls
from exchange.models import Recall
from holdings.models import RecallNotice
from tests.exchange import people
from tests.exchange.test_registration import handed_in, register, withdraw

people.ready()
fatal, ended = 0, -signal.SIGKILL
while ended == -signal.SIGKILL:
    person = bytes([50 + fatal] * 32)
    register(handed_in(person))
    people.ask(person)
    people.ask(person)
    connections.close_all()
    process = os.fork()
    if process == 0:
        passed = 0

        def boundary():
            global passed
            if passed == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            passed += 1

        def guarded(step):
            def run(*args, **facts):
                boundary()
                result = step(*args, **facts)
                boundary()
                return result
            return run

        recalls.drain = guarded(recalls.drain)
        recalls._recall = guarded(recalls._recall)
        withdraw(person)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    recalls.drain()
    recalls.drain()
    print(json.dumps([ended, Recall.objects.count() - 2 * fatal, RecallNotice.objects.count()]), flush=True)
    fatal += 1
"""


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_killed_at_any_step_nothing_is_lost_and_nothing_twice(tmp_path, engine):
    with migrated_var(tmp_path, engine) as env:
        lines = [json.loads(line) for line in committed.run(env, KILLED).splitlines()]
    killed = -int(signal.SIGKILL)
    assert lines == [[killed, 2, 0]] * 4 + [[0, 2, 0]]

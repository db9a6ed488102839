"""Changes of the permission table: two persons, never into the past, never unsound, known everywhere within seconds."""

from __future__ import annotations

import json
import subprocess
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.models import Agency
from exchange import checks, ledger, statute, statute_changes
from exchange.inquiry import Refused
from exchange.models import AccessRecord, Kind, StatuteChange
from exchange.statute import NotPermitted, legal_basis
from exchange.statute_changes import NotAccepted, NotWaiting, SamePerson
from tests import committed
from tests.committed import migrated_var
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    DEPENDANTS,
    FIXED_ASSET_TAX,
    FUCHU,
    HANAKO,
    LOCAL_TAX,
    MITAKA,
    NOW,
    SALARY,
    TOTAL_INCOME,
    agency,
    ask,
    hold_income,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

TODAY = date(2026, 11, 22)
ANNE, BERT = "a" * 32, "b" * 32
REASON = "Ordinance no. 12 of 2026"


@pytest.fixture(autouse=True)
def _table_from_the_database(agencies: None) -> None:
    statute.forget()


def line(**changes: str) -> dict[str, str]:
    """A statutory row: prefectures ask municipalities for one item more than today, for an affair of their own."""
    row = {
        "row": "I90", "kind": "INQUIRY", "requester_kind": "PREFECTURE", "affair": "JM90000000000200",
        "affair_ja": "作例", "affair_en": "An example", "procedure": "JT90000000000200",
        "provider_kind": "MUNICIPALITY", "data_set": LOCAL_TAX, "items": f"{TOTAL_INCOME} {DEPENDANTS}",
        "article_ja": "番号法第19条第8号", "article_en": "My Number Act, article 19, item 8",
        "valid_from": TODAY.isoformat(), "valid_to": "", "ordinance_of": "",
    }  # fmt: skip
    return row | changes


def ordinance(**changes: str) -> dict[str, str]:
    """Chofu's row under I01: its own affair, no more than I01 gives."""
    return line(row="I91", requester_kind=CHOFU, items=TOTAL_INCOME, ordinance_of="I01") | changes


def network() -> Agency:
    return Agency.objects.portal()


def propose(row: dict[str, str], *, who: Agency | None = None, by: str = ANNE, at=NOW) -> StatuteChange:
    return statute_changes.add(line=row, agency=who or network(), by=by, reason=REASON, at=at)


def approve(change: StatuteChange, *, by: str = BERT, who: Agency | None = None, at=NOW) -> int:
    return statute_changes.approve(change=change, agency=who or network(), by=by, at=at)


def close(row: str, last: date, *, who: Agency | None = None) -> StatuteChange:
    return statute_changes.close(row=row, valid_to=last, agency=who or network(), by=ANNE, reason=REASON, at=NOW)


def permits(row: str = "I90", *, inquirer: str = "130001", affair: str = "JM90000000000200", **changes: Any) -> bool:
    question = {
        "kind": Kind.INQUIRY, "inquirer": agency(inquirer), "provider": agency(MITAKA), "affair": affair,
        "data_set": LOCAL_TAX, "items": [TOTAL_INCOME], "on": TODAY,
    }  # fmt: skip
    try:
        return legal_basis(**question | changes).row == row
    except NotPermitted:
        return False


def trust_log() -> list[tuple[str, str, dict[str, Any]]]:
    """Phase, outcome and facts of every leaf of this kind."""
    rows = AccessRecord.objects.filter(kind=Kind.TRUST).order_by("leaf").select_related("leaf")
    bodies = [json.loads(row.leaf.body) for row in rows]
    return [(body["phase"], body["outcome"], body["trust"]) for body in bodies]


# --- two persons ---


def test_a_row_is_in_force_when_another_person_has_approved_it() -> None:
    change = propose(line())
    assert not permits() and statute.version() == 0
    assert approve(change) == 1
    assert permits() and statute.version() == 1
    assert not permits(items=[TOTAL_INCOME, SALARY])
    assert not permits(on=TODAY - timedelta(days=1)), "the day of the request decides"
    change.refresh_from_db()
    assert (change.state, change.proposed_by, change.decided_by, change.version) == ("APPROVED", ANNE, BERT, 1)


def test_nobody_approves_what_she_proposed() -> None:
    change = propose(line())
    with pytest.raises(SamePerson):
        approve(change, by=ANNE)
    with pytest.raises(DatabaseError), transaction.atomic(using="exchange"):
        StatuteChange.objects.filter(pk=change.pk).update(
            state="APPROVED", decided_by=ANNE, decided_at=NOW, version=1
        )  # fmt: skip
    assert not permits()


def test_who_may_propose_and_who_decides() -> None:
    for who, row in ((agency(CHOFU), line()), (network(), ordinance()), (agency(FUCHU), ordinance())):
        with pytest.raises(NotAccepted):
            propose(row, who=who)
    change = propose(ordinance(), who=agency(CHOFU))
    for who in (agency(CHOFU), agency(MITAKA)):
        with pytest.raises(NotAccepted):
            approve(change, who=who)
    approve(change)
    assert permits("I91", inquirer=CHOFU)
    assert not permits("I91", inquirer=FUCHU)
    with pytest.raises(NotAccepted):
        close("I91", TODAY, who=network())
    approve(close("I91", TODAY, who=agency(CHOFU)))
    assert permits("I91", inquirer=CHOFU)
    assert not permits("I91", inquirer=CHOFU, on=TODAY + timedelta(days=1))


def test_a_decision_is_made_once() -> None:
    change = propose(line())
    with pytest.raises(NotAccepted):
        statute_changes.reject(change=change, agency=agency(MITAKA), by=BERT, at=NOW)
    statute_changes.reject(change=change, agency=network(), by=BERT, at=NOW)
    with pytest.raises(NotWaiting):
        approve(change)
    with pytest.raises(NotWaiting):
        statute_changes.reject(change=change, agency=network(), by=BERT, at=NOW)
    second = propose(line())
    approve(second)
    with pytest.raises(NotWaiting):
        approve(second)
    assert statute.version() == 1
    # Who proposed may take it back.
    third = propose(line(row="I92"))
    statute_changes.reject(change=third, agency=network(), by=ANNE, at=NOW)
    assert not StatuteChange.objects.waiting().exists()


# --- what is refused ---

WRONG = {
    "row taken": {"row": "I01"},
    "row of signs": {"row": "I-1"},
    "no row": {"row": ""},
    "long row": {"row": "I" * 17},
    "of the past": {"valid_from": "2026-11-21"},
    "not a day": {"valid_from": "tomorrow"},
    "ends first": {"valid_from": "2026-12-02", "valid_to": "2026-12-01"},
    "foreign item": {"items": "0100000010"},
    "unknown item": {"items": "9999999999"},
    "no item": {"items": ""},
    "unknown data set": {"data_set": "TM00000000000099"},
    "unknown asker": {"requester_kind": "EVERYBODY"},
    "one municipality without an ordinance": {"requester_kind": CHOFU},
    "unknown provider": {"provider_kind": "132047"},
    "unknown kind": {"kind": "GIFT"},
    "kind of the log": {"kind": "TRUST"},
    "affair under another name": {"affair": CHILD_ALLOWANCE},
    "nameless affair": {"affair_ja": ""},
    "affair of two lines": {"affair_en": "one\ntwo"},
}


@pytest.mark.parametrize("what", WRONG)
def test_an_unsound_row_is_refused_when_it_is_proposed(what: str) -> None:
    before = AccessRecord.objects.count()
    with pytest.raises(NotAccepted):
        propose(line(**WRONG[what]))
    assert (StatuteChange.objects.count(), AccessRecord.objects.count()) == (0, before)


@pytest.mark.parametrize(
    "changes",
    [
        {"items": f"{TOTAL_INCOME} {FIXED_ASSET_TAX}"},
        {"provider_kind": "PREFECTURE"},
        {"ordinance_of": "I99"},
        {"ordinance_of": "I25"},
        {"requester_kind": "MUNICIPALITY"},
    ],
)
def test_an_ordinance_gives_no_more_than_its_statutory_row(changes: dict[str, str]) -> None:
    with pytest.raises(NotAccepted):
        propose(ordinance(**changes), who=agency(CHOFU))


def test_what_has_become_unsound_since_is_refused_at_approval() -> None:
    approve(propose(line(requester_kind="MUNICIPALITY")))
    follower = propose(ordinance(ordinance_of="I90"), who=agency(CHOFU))
    approve(close("I90", TODAY))
    with pytest.raises(NotAccepted, match="I91"):
        approve(follower)
    late = propose(line(row="I93"))
    with pytest.raises(NotAccepted):
        approve(late, at=NOW + timedelta(days=1))
    twin, other = propose(line(row="I94")), propose(line(row="I94"))
    approve(twin)
    with pytest.raises(NotAccepted):
        approve(other)
    assert statute.version() == 3 and "I93" not in statute.rules()
    assert checks.faults_in_force() == []


def test_a_statutory_row_ends_after_those_that_follow_it() -> None:
    approve(propose(ordinance(), who=agency(CHOFU)))
    with pytest.raises(NotAccepted, match="I91"):
        close("I01", TODAY)
    approve(close("I91", TODAY, who=agency(CHOFU)))
    approve(close("I01", TODAY + timedelta(days=1)))
    assert statute.rules()["I01"].valid_to == TODAY + timedelta(days=1)


def test_a_row_is_only_ever_closed_earlier_and_not_in_the_past() -> None:
    with pytest.raises(NotAccepted):
        close("I99", TODAY)
    with pytest.raises(NotAccepted):
        close("I02", TODAY - timedelta(days=1))
    approve(close("I02", TODAY + timedelta(days=9)))
    for later in (9, 10):
        with pytest.raises(NotAccepted):
            close("I02", TODAY + timedelta(days=later))
    approve(close("I02", TODAY))
    assert statute.rules()["I02"].valid_to == TODAY


def test_a_reason_is_needed() -> None:
    for reason in ("", "  ", "x" * 301):
        with pytest.raises(NotAccepted):
            statute_changes.add(line=line(), agency=network(), by=ANNE, reason=reason, at=NOW)


# --- what the database keeps ---


def test_the_database_keeps_what_was_proposed_and_decided() -> None:
    waiting, decided = propose(line()), propose(line(row="I95"))
    approve(decided)
    rows = StatuteChange.objects
    for act in (
        lambda: rows.filter(pk=waiting.pk).update(line=line(items=FIXED_ASSET_TAX)),
        lambda: rows.filter(pk=waiting.pk).update(proposed_by=BERT),
        lambda: rows.filter(pk=waiting.pk).update(state="APPROVED", decided_by=BERT, decided_at=NOW, version=7),
        lambda: rows.filter(pk=waiting.pk).update(state="APPROVED", decided_by=BERT, decided_at=NOW),
        lambda: rows.filter(pk=decided.pk).update(version=9),
        lambda: rows.filter(pk=decided.pk).update(state="REJECTED", version=None),
        lambda: rows.filter(pk=waiting.pk)._raw_delete("exchange"),
        lambda: rows.filter(pk=decided.pk)._raw_delete("exchange"),
        lambda: rows.create(
            act="ADD", row="I96", line=line(), agency=CHOFU, proposed_by=ANNE, proposed_at=NOW, reason="x",
            state="APPROVED", decided_by=BERT, decided_at=NOW, version=2,
        ),
        lambda: rows.create(act="ADD", row="I96", agency=CHOFU, proposed_by=ANNE, proposed_at=NOW, reason="x"),
        lambda: rows.create(
            act="CLOSE", row="I01", line=line(), valid_to=TODAY, agency=CHOFU, proposed_by=ANNE, proposed_at=NOW,
            reason="x",
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic(using="exchange"):
            act()
    assert statute.rules()["I95"].items == (TOTAL_INCOME, DEPENDANTS)


# --- on record ---


def test_proposal_and_decision_are_on_record_before_they_are_done() -> None:
    change = propose(line())
    approve(change)
    facts = {"change": "ADD", "id": str(change.pk), "row": "I90", "row_hash": statute.rules()["I90"].digest()}
    assert trust_log() == [
        ("ASKED", "", {"act": "row-proposed", **facts}),
        ("ANSWERED", "0000", {"act": "row-proposed", **facts}),
        ("ASKED", "", {"act": "row-approved", **facts}),
        ("ANSWERED", "0000", {"act": "row-approved", **facts, "version": 1}),
    ]
    first = AccessRecord.objects.filter(kind=Kind.TRUST).order_by("leaf").select_related("leaf").first()
    private = ledger.private_of(first)
    assert (private["by"], private["reason"], first.subject) == (ANNE, REASON, None)
    assert ANNE not in first.leaf.body and REASON not in first.leaf.body


def test_a_crash_leaves_a_record_without_a_change_and_never_the_reverse(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(BaseException):
        pass

    def crash(*args: object, **facts: object) -> None:
        raise Crash

    change = propose(line())
    with monkeypatch.context() as patched:
        patched.setattr(statute_changes, "_approve", crash)
        with pytest.raises(Crash):
            approve(change)
    assert [entry[:2] for entry in trust_log()[2:]] == [("ASKED", "")]
    assert statute.version() == 0
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "record_all", crash)
        with pytest.raises(Crash):
            approve(change)
    statute.forget()
    assert statute.version() == 0, "what is not on record is not done"
    assert approve(change) == 1


def test_an_act_that_fails_says_so_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    change = propose(line())

    def fail(*args: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(statute_changes, "_approve", fail)
    with pytest.raises(IntegrityError):
        approve(change)
    assert [entry[:2] for entry in trust_log()[2:]] == [("ASKED", ""), ("ANSWERED", "9000")]


# --- in force ---


def test_an_inquiry_follows_the_table_of_its_day() -> None:
    hold_income(HANAKO)
    question = {"affair": "JM90000000000200", "inquirer": agency(CHOFU)}
    with pytest.raises(Refused):
        ask(HANAKO, **question)
    approve(propose(ordinance(), who=agency(CHOFU)))
    answer = ask(HANAKO, **question)
    assert (answer.outcome, answer.rule.row) == ("0000", "I91")
    with pytest.raises(Refused):
        ask(HANAKO, **question, items=[TOTAL_INCOME, DEPENDANTS])


def test_the_table_asks_for_a_newer_version_once_in_a_while_and_an_inquiry_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(statute.time, "monotonic", lambda: clock[0])
    statute.forget()
    statute.rules()

    def queries() -> int:
        with CaptureQueriesContext(connections["exchange"]) as captured:
            permits()
            statute.rules(), statute.affairs(), statute.version(), statute.rule_of("I01")
        return sum("statutechange" in query["sql"] for query in captured)

    assert queries() == 0
    clock[0] += statute.LEASE - 0.1
    assert queries() == 0
    clock[0] += 0.1
    assert queries() == 1
    assert queries() == 0
    # Another process approves: this one knows after the lease.
    kept = statute._kept
    approve(propose(line()))
    statute._kept = kept
    assert not permits()
    clock[0] += statute.LEASE
    assert permits()


CODES = sorted(statute.items())
KINDS = st.sampled_from(["MUNICIPALITY", "PREFECTURE", "PENSION", "TAX", CHOFU, FUCHU])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_approved_no_row_gives_more_than_its_items_and_no_ordinance_more_than_its_statute(
    data: st.DataObject,
) -> None:
    """Any changes, in any order, by anyone: what the act takes leaves a table in which no row gives too much."""
    rules = dict(statute.reference())
    for number in range(data.draw(st.integers(1, 4))):
        like = rules[data.draw(st.sampled_from(sorted(rules)))]
        if data.draw(st.booleans()):
            items = data.draw(st.lists(st.sampled_from([*like.items, *CODES[:12]]), max_size=4))
            change = StatuteChange(
                act="ADD", row=f"X{number}",
                line=like.line() | {
                    "row": f"X{number}", "requester_kind": data.draw(KINDS), "items": " ".join(items),
                    "ordinance_of": data.draw(st.sampled_from(["", like.row, "I01", "I21b"])),
                    "valid_from": (TODAY + timedelta(days=data.draw(st.integers(-2, 9)))).isoformat(),
                    "valid_to": data.draw(st.sampled_from(["", "2026-11-30", "2030-03-31"])),
                },
            )  # fmt: skip
        else:
            day = TODAY + timedelta(days=data.draw(st.integers(-2, 9)))
            change = StatuteChange(act="CLOSE", row=like.row, valid_to=day)
        try:
            statute_changes._check(change, rules, NOW)
        except NotAccepted:
            continue
        rules = statute.with_changes(rules, [change])
    assert checks.faults(rules) == []
    for rule in rules.values():
        assert all(statute.items()[item].data_set == rule.data_set.code for item in rule.items)
        if rule.row in statute.reference():
            before = statute.reference()[rule.row]
            assert rule.items == before.items and (rule.valid_to == before.valid_to or rule.valid_to >= TODAY)
        else:
            assert rule.valid_from >= TODAY
        if rule.ordinance_of:
            statutory = rules[rule.ordinance_of]
            assert set(rule.items) <= set(statutory.items)
            assert rule.provider_kind == statutory.provider_kind and rule.requester_kind.isdigit()
            for day in (rule.valid_from, rule.valid_to or date(2099, 1, 1)):
                assert statutory.is_in_force(day) or not rule.is_in_force(day)


# --- several processes ---

TWO_APPROVALS = """
import sys, threading
from django.db import connections
from exchange import statute_changes
from exchange.models import StatuteChange
from agencies.models import Agency
from tests.exchange.people import NOW
portal, found, start = Agency.objects.portal(), [], threading.Barrier(6)

def one(change, by):
    start.wait()
    try:
        found.append(statute_changes.approve(change=change, agency=portal, by=by, at=NOW))
    except statute_changes.NotAccepted as refused:
        found.append(type(refused).__name__)
    finally:
        connections.close_all()

changes = list(StatuteChange.objects.order_by("row")) * 2
threads = [threading.Thread(target=one, args=(change, "c%031d" % number)) for number, change in enumerate(changes)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(map(str, found)))
"""
PREPARE = """
from exchange import statute_changes
from agencies.models import Agency
from tests.exchange import people
from tests.exchange.test_statute_changes import ANNE, line, REASON
people.ready()
portal = Agency.objects.portal()
for row in ("I90", "I91", "I92"):
    statute_changes.add(line=line(row=row), agency=portal, by=ANNE, reason=REASON, at=people.NOW)
"""
WAITS = """
import sys, time
from exchange import statute
assert statute.version() == 0
print("ready", flush=True)
sys.stdin.readline()
time.sleep(statute.LEASE)
print(statute.version(), "I90" in statute.rules())
"""
APPROVES = """
from exchange import statute_changes
from exchange.models import StatuteChange
from agencies.models import Agency
from tests.exchange.people import NOW
change = StatuteChange.objects.get(row="I90")
print(statute_changes.approve(change=change, agency=Agency.objects.portal(), by="c" * 32, at=NOW))
"""


@pytest.mark.parametrize("engine", committed.ENGINES)
def test_two_approvals_at_once_make_two_versions_and_each_change_is_decided_once(tmp_path, engine: str) -> None:
    with migrated_var(tmp_path, engine) as env:
        committed.run(env, PREPARE)
        assert committed.run(env, TWO_APPROVALS).strip() == str(
            ["1", "2", "3", "NotWaiting", "NotWaiting", "NotWaiting"]
        )
        rows = committed.rows(env, "SELECT version FROM exchange_statutechange ORDER BY version", "exchange")
        assert rows == [(1,), (2,), (3,)]
        committed.run(env, "from django.core.management import call_command; call_command('check_log')")


def test_another_process_knows_a_change_within_the_stated_seconds(tmp_path) -> None:
    with migrated_var(tmp_path) as env:
        committed.run(env, PREPARE)
        waiting = committed.start(env, WAITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert waiting.stdout.readline() == "ready\n"
        assert committed.run(env, APPROVES) == "1\n"
        out, _ = waiting.communicate("go\n", timeout=120)
        assert out == "1 True\n"

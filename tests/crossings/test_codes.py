"""A resident's codes: the same person at every agency, issued through an outbox, on record."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from crossings import codes, enrol
from crossings.codes import UnknownAgency, drain_code_issues, issue_code, portal_code_of, staff_code_of
from exchange import code_issue, conversion, ledger, records
from exchange.models import CodeIssue, Leaf
from numbering import persons
from numbering.models import IssuedCode, IssuedNumber
from residents.models import Resident
from tests.residents.people import HANAKO, TARO, settle
from tests.support import DATABASES

pytestmark = DATABASES
NOW = timezone.now()
MITAKA, PENSION = "132047", "900019"
KEY = rist1.private_key_from(bytes([7]) * 32)


@pytest.fixture(autouse=True)
def agencies() -> None:
    registry.load()
    for row in Agency.objects.filter(code_public_key=None):
        registry.register_own_key(agency=row, private_key=KEY)


@pytest.fixture
def hanako() -> Resident:
    return settle(HANAKO).resident


def agency(local_code: str) -> Agency:
    return Agency.objects.get(local_code=local_code)


def collected(local_code: str) -> Code:
    (waiting,) = code_issue.collect(agency=agency(local_code))
    return Code(rist1.unblind(waiting.code, KEY), waiting.epoch)


def test_an_issued_code_is_the_same_person_as_the_portals(hanako):
    issue_code(resident=hanako, agency=MITAKA, local_id="1", at=NOW)
    issue_code(resident=hanako, agency=PENSION, local_id="2", at=NOW)
    portal = Agency.objects.portal()
    for local_code in (MITAKA, PENSION):
        code = collected(local_code)
        assert conversion.convert(code=code, source=agency(local_code), target=portal) == portal_code_of(hanako)


def test_all_codes_of_a_person_differ_and_so_do_two_persons(hanako):
    taro = settle(TARO).resident
    found = [portal_code_of(hanako), staff_code_of(hanako), portal_code_of(taro), staff_code_of(taro)]
    assert len({code.value for code in found}) == 4
    assert portal_code_of(hanako) == portal_code_of(hanako)


def test_issuing_again_changes_nothing(hanako):
    for _ in range(3):
        issue_code(resident=hanako, agency=MITAKA, local_id="1", at=NOW)
    assert (CodeIssue.objects.count(), IssuedCode.objects.count(), Leaf.objects.count()) == (1, 1, 1)
    assert persons.agencies_knowing(hanako) == [MITAKA]


def test_the_issue_is_on_the_persons_record(hanako):
    issue_code(resident=hanako, agency=PENSION, local_id="1", at=NOW)
    (record,) = records.of_citizen(portal_code=portal_code_of(hanako), at=NOW)
    assert (record.kind, record.row, record.inquirer.local_code) == ("LOOK", "L94c", PENSION)


@pytest.mark.parametrize("step", ["looks.record_all", "code_issue.offer_all", "persons.note_issues"])
def test_what_a_crash_leaves_half_done_is_finished(hanako, monkeypatch, step):
    room, act = step.split(".")

    class Killed(BaseException):
        pass

    def kill(*given, **facts):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(getattr(codes, room), act, kill)
        issue_code(resident=hanako, agency=MITAKA, local_id="15", at=NOW)
    assert persons.agencies_knowing(hanako) == []
    assert drain_code_issues(at=NOW) == (1, 0)
    assert drain_code_issues(at=NOW) == (0, 0)
    (waiting,) = code_issue.collect(agency=agency(MITAKA))
    assert waiting.local_id == "15"
    assert persons.agencies_knowing(hanako) == [MITAKA]
    assert Leaf.objects.count() >= 1


def promise(resident: Resident, *local_codes: str) -> None:
    for local_code in local_codes:
        persons.request_issue(
            resident=resident,
            agency=local_code,
            epoch=conversion.current_epoch(agency(local_code)),
            local_id="15",
            at=NOW,
        )


def test_an_agency_without_a_key_holds_up_no_other(hanako):
    promise(hanako, MITAKA, PENSION)
    Agency.objects.filter(local_code=MITAKA).update(code_public_key=None)
    assert drain_code_issues(at=NOW) == (1, 1)
    assert drain_code_issues(at=NOW) == (0, 1)
    assert persons.agencies_knowing(hanako) == [PENSION]
    registry.register_own_key(agency=agency(MITAKA), private_key=KEY)
    assert drain_code_issues(at=NOW) == (1, 0)
    assert persons.agencies_knowing(hanako) == [MITAKA, PENSION]


def test_whatever_fails_at_one_agency_is_logged_without_the_person_and_holds_up_no_other(hanako, caplog):
    promise(hanako, MITAKA, PENSION)
    Agency.objects.filter(local_code=MITAKA).update(assessment_until=None)
    assert drain_code_issues(at=NOW) == (1, 1)
    assert persons.agencies_knowing(hanako) == [PENSION]
    (line,) = [entry.getMessage() for entry in caplog.records]
    assert line == f"Codes for agency {MITAKA} could not be issued and wait (Refused)."


def test_many_are_issued_in_batches_as_one_by_one(hanako, monkeypatch):
    taro = settle(TARO).resident
    promise(hanako, MITAKA, PENSION)
    promise(taro, MITAKA, PENSION)
    shown = []
    monkeypatch.setattr(codes, "_BATCH", 1)
    promised = list(persons.pending_issues())
    assert codes.issue_codes(promised=promised, at=NOW, progress=lambda *at: shown.append(at)) == (4, 0)
    assert shown == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert codes.issue_codes(promised=promised, at=NOW) == (0, 4)  # stale rows: nothing is done twice
    assert (CodeIssue.objects.count(), Leaf.objects.count()) == (4, 4)
    portal = Agency.objects.portal()
    for local_code in (MITAKA, PENSION):
        opened = {
            conversion.convert(
                code=Code(rist1.unblind(each.code, KEY), 1), source=agency(local_code), target=portal
            ).value
            for each in code_issue.collect(agency=agency(local_code))
        }
        assert opened == {portal_code_of(who).value for who in (hanako, taro)}
    for who in (hanako, taro):
        found = records.of_citizen(portal_code=portal_code_of(who), at=NOW)
        assert {record.inquirer.local_code for record in found} == {MITAKA, PENSION}


def test_nothing_is_offered_that_is_not_on_record(hanako, monkeypatch):
    def fail(*given, **facts):
        raise RuntimeError

    monkeypatch.setattr(codes.looks, "record_all", fail)
    with pytest.raises(RuntimeError):
        issue_code(resident=hanako, agency=MITAKA, local_id="1", at=NOW)
    assert not CodeIssue.objects.exists()


def test_the_acquisition_is_no_value_of_the_register(hanako):
    issue_code(resident=hanako, agency=MITAKA, local_id="1", at=NOW)
    promised = IssuedCode.objects.get()
    assert CodeIssue.objects.get().acquisition not in (promised.id, hanako.id)


def test_an_unknown_or_inactive_agency_gets_nothing(hanako):
    Agency.objects.filter(local_code=MITAKA).update(is_active=False)
    for local_code in (MITAKA, "999999"):
        with pytest.raises(UnknownAgency):
            issue_code(resident=hanako, agency=local_code, local_id="1", at=NOW)
    assert not IssuedCode.objects.exists()


def test_a_portal_whose_registered_key_is_not_ours_gets_no_code(hanako):
    """Opened with another key than it was made for, a code would be nobody's, and no one would notice."""
    registry.register_own_key(agency=Agency.objects.portal(), private_key=KEY)
    with pytest.raises(conversion.NoCodeKey):
        portal_code_of(hanako)


def test_the_subject_of_a_record_follows_from_any_agencys_code(hanako):
    issue_code(resident=hanako, agency=MITAKA, local_id="1", at=NOW)
    portal = conversion.convert(code=collected(MITAKA), source=agency(MITAKA), target=Agency.objects.portal())
    assert ledger.subject_of(portal) == ledger.subject_of(portal_code_of(hanako))


def test_enrolment_gives_a_number_and_codes_and_again_changes_nothing(hanako):
    for _ in range(2):
        enrol.enrol(resident=hanako, agencies=[MITAKA, PENSION], at=NOW)
    assert IssuedNumber.objects.filter(resident=hanako).count() == 1
    assert persons.agencies_knowing(hanako) == [MITAKA, PENSION]
    (at_mitaka,), (at_pension,) = (code_issue.collect(agency=agency(code)) for code in (MITAKA, PENSION))
    assert at_mitaka.local_id == hanako.local_id_at(MITAKA)
    assert len(at_pension.local_id) == 15
    assert at_pension.local_id != at_mitaka.local_id


def test_no_log_of_the_exchange_names_the_resident(hanako):
    enrol.enrol(resident=hanako, agencies=[MITAKA], at=NOW)
    for leaf in Leaf.objects.all():
        assert str(hanako.id) not in leaf.body
        assert hanako.local_id_at(MITAKA) not in leaf.body
        assert json.loads(leaf.body)["provider"] == ""

"""An inquiry in mode M1: the same answer and the same record as in M0, and nothing without the portal's part."""

from __future__ import annotations

import base64
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from agencies.models import Agency
from codes import blind, rist1
from codes.blind import Keys, Question
from codes.proofs import ProofRejected
from codes.rist1 import MalformedCode, format_code
from exchange import blind_inquiry, ledger, records, scalars
from exchange.inquiry import Answer, Refused
from exchange.models import AccessRecord, Leaf
from holdings import hosted
from holdings.models import Holding, HostedKey, ProvisionCopy
from holdings.periods import Period
from tests.exchange.people import (
    CHILD_ALLOWANCE,
    CHOFU,
    FUCHU,
    HANAKO,
    KEY,
    LOCAL_TAX,
    MITAKA,
    NOW,
    TARO,
    TOTAL_INCOME,
    agency,
    ask,
    code_at,
    hold_income,
    portal_code,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
NUMBER = bytes(range(16))


@pytest.fixture(autouse=True)
def mitaka_can_be_asked_blind(agencies) -> None:
    hosted.deposit(agency=MITAKA, private_key=KEY)


def question_about(person: bytes = HANAKO, *, epoch: int = 1, number: bytes = NUMBER) -> Question:
    keys = Keys(bytes(agency(MITAKA).code_public_key), bytes(Agency.objects.portal().code_public_key))
    transaction = blind.transaction_of(inquirer=CHOFU, epoch=epoch, provider=MITAKA, number=number)
    return blind.ask(code_at(agency(CHOFU), person).value, keys=keys, transaction=transaction)


def ask_blind(question: Question | None = None, **changes) -> Answer:
    asked = {
        "inquirer": agency(CHOFU),
        "question": question or question_about(),
        "epoch": 1,
        "number": NUMBER,
        "provider": agency(MITAKA),
        "affair": CHILD_ALLOWANCE,
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME],
        "condition": Period(fiscal_year=2026),
        "case_number": "2026-0042",
        "at": NOW,
    }
    return blind_inquiry.inquire(**{**asked, **changes})


def test_blind_and_direct_give_one_answer_and_one_kind_of_record():
    hold_income(HANAKO, 77)
    hold_income(TARO, 88)
    answers = [ask(), ask_blind()]
    assert [(answer.outcome, answer.items, answer.rule.row) for answer in answers] == [
        ("0000", answers[0].items, answers[0].rule.row)
    ] * 2
    assert answers[1].items[0].value == "77"
    bodies = [json.loads(row.leaf.body) for row in AccessRecord.objects.select_related("leaf").order_by("leaf")]
    kept = [{name: body[name] for name in body if name not in ("id", "event", "side_hash")} for body in bodies]
    assert kept[:2] == kept[2:]
    assert {bytes(row.subject) for row in AccessRecord.objects.all()} == {ledger.subject_of(portal_code(HANAKO))}
    assert {row.code for row in ProvisionCopy.objects.all()} == {code_at(agency(MITAKA), HANAKO)}


def test_the_person_sees_it_in_her_list_and_no_one_else_does():
    hold_income(HANAKO)
    answer = ask_blind()
    (seen,) = records.of_citizen(portal_code=portal_code(HANAKO), at=NOW)
    assert (seen.reference, seen.inquirer, seen.outcome) == (answer.record, agency(CHOFU), "0000")
    assert records.of_citizen(portal_code=portal_code(TARO), at=NOW) == []


@pytest.mark.parametrize("field", Question._fields)
def test_without_any_part_nothing_is_asked_and_nothing_recorded(field):
    hold_income(HANAKO)
    about_another = question_about(TARO)
    for value in (b"", bytes(32), getattr(about_another, field)):
        with pytest.raises(ProofRejected):
            ask_blind(question_about()._replace(**{field: value}))
    assert not AccessRecord.objects.exists() and not ProvisionCopy.objects.exists()


def test_a_question_works_for_its_own_inquirer_provider_number_and_epoch_only():
    hold_income(HANAKO)
    tokyo = agency("130001")
    hosted.deposit(agency=tokyo.local_code, private_key=KEY)
    for changes in ({"inquirer": tokyo}, {"provider": tokyo}, {"number": bytes(16)}, {"epoch": 2}):
        with pytest.raises(ProofRejected):
            ask_blind(question_about(), **changes)
    with pytest.raises(MalformedCode):
        ask_blind(question_about(epoch=2), epoch=2)


def test_what_no_law_allows_is_refused_and_on_her_record():
    with pytest.raises(Refused) as refusal:
        ask_blind(affair="JM90000000000002")
    (seen,) = records.of_citizen(portal_code=portal_code(HANAKO), at=NOW)
    assert (seen.is_refused, seen.reference) == (True, refusal.value.record)
    assert not ProvisionCopy.objects.exists()


def test_a_code_of_nobody_gets_the_same_answer_as_no_record():
    hold_income(TARO)
    assert ask_blind().outcome == ask().outcome == "0004"


def test_a_provider_that_did_not_deposit_its_key_is_not_asked_blind():
    HostedKey.objects.all().delete()
    with pytest.raises(hosted.NotDeposited):
        ask_blind()
    assert not AccessRecord.objects.exists()


def test_in_the_window_of_a_rekeying_both_epochs_are_found():
    hold_income(HANAKO, 77)
    scalars.begin(agency(MITAKA), 2)
    assert ask_blind().items[0].value == "77"
    row = Holding.objects.get()
    row.code = code_at(agency(MITAKA), HANAKO)
    row.save()
    question, number = question_about(number=bytes(16)), bytes(16)
    assert (row.code.epoch, ask_blind(question, number=number).items[0].value) == (2, "77")


def key_file(directory: Path, key: bytes) -> str:
    file = directory / "code_key.json"
    file.write_text(json.dumps({"private_key": base64.urlsafe_b64encode(key).decode().rstrip("=")}))
    return str(file)


def test_an_agency_deposits_its_key_by_command_and_is_asked_blind_from_then_on(tmp_path):
    hold_income(HANAKO, 77)
    HostedKey.objects.all().delete()
    said = StringIO()
    call_command("deposit_code_key", MITAKA, key_file(tmp_path, rist1.new_scalar()), stdout=said)
    assert said.getvalue().startswith("Kept.")  # not the key that its codes are encrypted to
    with pytest.raises(hosted.NotDeposited):
        ask_blind()
    call_command("deposit_code_key", MITAKA, key_file(tmp_path, KEY), stdout=said)
    assert said.getvalue().endswith("Its copies can be asked for blind from now on.\n")
    assert ask_blind().items[0].value == "77"


def test_what_cannot_be_deposited_is_said_and_leaves_nothing(tmp_path):
    HostedKey.objects.all().delete()
    Agency.objects.filter(local_code=FUCHU).update(is_hosted=False)
    good = key_file(tmp_path, KEY)
    for code, file, reason in (
        ("999999", good, "no active agency"),
        (MITAKA, str(tmp_path / "nothing"), "no private key"),
        (FUCHU, good, "its own system"),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("deposit_code_key", code, file)
    with pytest.raises(CommandError, match="no private key"):
        call_command("deposit_code_key", MITAKA, key_file(tmp_path, KEY[:31]))
    assert not HostedKey.objects.exists()
    assert not Leaf.objects.filter(body__contains="deposited").exists()


def test_a_deposited_key_is_sealed_and_shows_itself_nowhere():
    for _ in range(2):
        hosted.deposit(agency=MITAKA, private_key=KEY)
    row = HostedKey.objects.get()
    assert KEY not in bytes(row.sealed)
    opener = hosted.opener(agency=MITAKA, public_key=bytes(row.public_key))
    assert (repr(row), repr(opener)) == ("<HostedKey>", "<Opener>")
    with pytest.raises(hosted.NotDeposited):
        hosted.opener(agency=CHOFU, public_key=bytes(row.public_key))


def test_a_number_works_once_and_leaves_one_record():
    hold_income(HANAKO)
    ask_blind()
    for question in (question_about(), question_about(TARO)):
        with pytest.raises(blind_inquiry.NumberUsed):
            ask_blind(question)
    assert (AccessRecord.objects.count(), ProvisionCopy.objects.count()) == (2, 1)


def test_what_comes_to_the_exchange_holds_no_code():
    code = code_at(agency(CHOFU), HANAKO)
    question = question_about()
    assert code.value not in question and format_code(code) not in repr(question)

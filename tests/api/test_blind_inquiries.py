"""Asking blind by HTTP: the same answer and subject as direct, once for each number, and nothing without the portal."""

from __future__ import annotations

import itertools
import uuid

import pytest
from django.utils import timezone

from agencies.models import Agency
from exchange import epochs, scalars
from exchange.models import AccessRecord
from holdings import copies, hosted
from holdings.models import HostedKey, ProvisionCopy
from holdings.periods import Period
from tests.api.sides import (
    CHOFU,
    INCOME,
    LOCAL_TAX,
    MITAKA,
    TOTAL_INCOME,
    Country,
    Side,
    new_side,
    record_count,
)
from tests.support import DATABASES

pytestmark = DATABASES
BLIND, DIRECT, KEYS = "/api/v1/inquiries/blind", "/api/v1/inquiries", "/api/v1/keys/codes"


@pytest.fixture(autouse=True)
def mitaka_can_be_asked_blind(country: Country) -> None:
    hosted.deposit(agency=MITAKA, private_key=country.mitaka.code_key)


def test_blind_and_direct_give_one_answer_about_one_subject(country: Country) -> None:
    answers = [country.chofu.post(DIRECT, country.inquiry()), country.chofu.post(BLIND, country.blind_inquiry())]
    assert [answer.status for answer in answers] == [200, 200]
    same = [{name: answer.json[name] for name in ("outcome", "items", "legal_basis")} for answer in answers]
    assert same[0] == same[1]
    assert same[0]["items"][0]["value"] == INCOME
    assert len({bytes(row.subject) for row in AccessRecord.objects.all()}) == 1
    assert {row.code for row in ProvisionCopy.objects.all()} == {country.mitaka.code_for(country.hanako)}
    seen = [record.reference for record in country.records_of(country.hanako)]
    assert seen == [answers[1].json["record"], answers[0].json["record"]]


def test_a_number_works_once_also_for_another_question(country: Country) -> None:
    number = uuid.uuid4()
    question = country.blind_inquiry(number=number)
    assert country.chofu.post(BLIND, question).status == 200
    for again in (question, country.blind_inquiry(person=country.kenji, number=number)):
        answer = country.chofu.post(BLIND, again)
        assert (answer.status, answer.kind) == (409, "transaction-used")
    assert record_count() == 2
    assert (len(country.records_of(country.hanako)), country.records_of(country.kenji)) == (1, [])
    # Another agency's number of the same value is another number; a refusal uses its own up too: it is on record.
    hosted.deposit(agency=CHOFU, private_key=country.chofu.code_key)
    turned = Country(country.mitaka, country.chofu, country.hanako, country.kenji)
    assert country.mitaka.post(BLIND, turned.blind_inquiry(number=number, provider=CHOFU)).status == 200
    refused = country.blind_inquiry(items=["0200000090"])
    assert [country.chofu.post(BLIND, refused).kind for _ in range(2)] == ["item-not-allowed", "transaction-used"]


@pytest.mark.parametrize("part", ["for_portal", "for_provider", "ephemeral", "proof"])
def test_another_persons_part_is_refused_and_nothing_is_recorded(country: Country, part: str) -> None:
    question, other = country.blind_inquiry(), country.blind_inquiry(person=country.kenji)
    mixed = question | {"question": question["question"] | {part: other["question"][part]}}
    assert (answer := country.chofu.post(BLIND, mixed)).kind == "proof-rejected"
    assert answer.status == 400
    assert (record_count(), ProvisionCopy.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "change", [{"transaction": "4131ce0c-11b3-4d75-81d2-475eaa7f7e0d"}, {"epoch": 2}, {"provider": "132063"}]
)
def test_a_proof_is_for_its_own_transaction_epoch_and_provider(country: Country, change: dict[str, object]) -> None:
    new = new_side("132063")
    hosted.deposit(agency="132063", private_key=new.code_key)
    assert country.chofu.post(BLIND, country.blind_inquiry() | change).kind == "proof-rejected"
    assert country.mitaka.post(BLIND, country.blind_inquiry()).kind == "proof-rejected"
    assert record_count() == 0


def test_a_provider_without_a_key_cannot_be_asked_blind(country: Country) -> None:
    question = country.blind_inquiry()
    HostedKey.objects.all().delete()
    answer = country.chofu.post(BLIND, question)
    assert (answer.status, answer.kind) == (503, "not-asked-blind")
    Agency.objects.filter(local_code=MITAKA).update(code_public_key=None)
    assert country.chofu.post(BLIND, question).kind == "not-asked-blind"
    assert country.chofu.post(KEYS, {"provider": MITAKA}).kind == "not-asked-blind"
    assert record_count() == 0


def test_an_epoch_that_does_not_stand_is_no_epoch(country: Country) -> None:
    question = country.blind_inquiry()
    epochs.begin(country.chofu.agency, settle=0)
    assert country.chofu.post(BLIND, question).status == 200  # both convert
    question = country.blind_inquiry()
    former = country.blind_inquiry(epoch=1)
    scalars.mark_closing(country.chofu.agency, 1)
    assert country.chofu.post(BLIND, question).status == 200
    answer = country.chofu.post(BLIND, former)
    assert answer.kind == "proof-rejected"  # of epoch 2, called 1
    assert country.chofu.post(BLIND, _of_closed_epoch(country)).json["errors"][0]["field"] == "epoch"


def _of_closed_epoch(country: Country) -> dict[str, object]:
    """A question that was made whole while its epoch stood."""
    question = country.blind_inquiry()
    scalars.begin(country.chofu.agency, 3)
    scalars.mark_closing(country.chofu.agency, 2)
    return question


@pytest.mark.parametrize(
    "more",
    [
        {"not_disclosed": {"reason": "LIFE_OR_SAFETY"}},
        {"reference": "R-1"},
        {"on_behalf_of": "132063"},
        {"code": "a1-x"},
    ],
)
def test_what_a_blind_inquiry_cannot_promise_is_refused_and_not_left_out(
    country: Country, more: dict[str, object]
) -> None:
    answer = country.chofu.post(BLIND, country.blind_inquiry() | more)
    assert (answer.status, answer.kind, record_count()) == (400, "invalid-request", 0)


def test_evidence_is_for_the_same_case(country: Country) -> None:
    evidence = country.chofu.evidence(case_number="OTHER")
    assert country.chofu.post(BLIND, country.blind_inquiry(), **{"Mynx-Evidence": evidence}).kind == "invalid-evidence"
    evidence = country.chofu.evidence()
    assert country.chofu.post(BLIND, country.blind_inquiry(), **{"Mynx-Evidence": evidence}).status == 200


def test_the_keys_are_those_that_a_question_is_encrypted_to(country: Country) -> None:
    found = country.chofu.post(KEYS, {"provider": MITAKA}).json
    assert found["inquirer"] == CHOFU
    assert found["provider"]["public_key"] == country.mitaka.own_key()["public_key"]
    assert (found["provider"]["agency"], len(found["provider"]["thumbprint"])) == (MITAKA, 43)
    assert found["portal"]["agency"] == Agency.objects.portal().local_code


def test_every_pair_of_three_finds_the_same_person_both_ways(country: Country) -> None:
    """Conversions commute: whoever asks whom, direct or blind, it is her own income that comes back."""
    sides = [country.chofu, country.mitaka, new_side("132063")]
    for number, side in enumerate(sides):
        hosted.deposit(agency=side.agency.local_code, private_key=side.code_key)
        for person, name in ((country.hanako, "1"), (country.kenji, "2")):
            _hold(side, person, f"{name}{number}")
    for (asking, _), (asked, number) in itertools.permutations([(side, n) for n, side in enumerate(sides)], 2):
        for person, name in ((country.hanako, "1"), (country.kenji, "2")):
            for path, body in _both(country, asking, asked, person):
                answer = asking.post(path, body)
                assert answer.json["items"][0]["value"] == f"{name}{number}", answer.text
    assert len({bytes(row.subject) for row in AccessRecord.objects.all()}) == 2


def _hold(side: Side, person: bytes, income: str) -> None:
    period, items = Period(fiscal_year=2025), {TOTAL_INCOME: {"value": income}}
    copies.register(
        agency=side.agency.local_code,
        code=side.code_for(person),
        data_set=LOCAL_TAX,
        period=period,
        items=items,
        at=timezone.now(),
    )


def _both(country: Country, asking: Side, asked: Side, person: bytes) -> list[tuple[str, dict[str, object]]]:
    about = {"provider": asked.agency.local_code, "condition": {"fiscal_year": 2025}, "items": [TOTAL_INCOME]}
    mine = Country(asking, asked, country.hanako, country.kenji)
    return [
        (DIRECT, mine.inquiry(code=asking.printed_code_for(person), **about)),
        (BLIND, mine.blind_inquiry(person=person, **about)),
    ]

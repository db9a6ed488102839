"""Codes of a former epoch become present ones over the API, each on its person's record; and a key changes."""

from __future__ import annotations

import itertools

import pytest

from codes import rist1
from codes.rist1 import Code, format_code, parse_code
from exchange import code_issue, conversion, epochs, ledger, scalars
from exchange.models import AccessRecord, CodeIssue
from tests.api.sides import CHOFU, MITAKA, Country, Side, new_point, new_side, record_count
from tests.api.test_codes import COLLECT, CONFIRM, from_base64url, offer
from tests.support import DATABASES

pytestmark = DATABASES
RENEW, CODE_KEY = "/api/v1/codes/renew", "/api/v1/keys/code-key"


def renewed(side: Side, codes: list[Code]) -> list[Code]:
    answer = side.post(RENEW, {"codes": [format_code(code) for code in codes]})
    assert answer.status == 200, answer.text
    assert answer.json["epoch"] == conversion.current_epoch(side.agency)
    return [parse_code(text) for text in answer.json["codes"]]


def test_former_codes_become_the_same_persons_present_ones_in_their_order(country: Country) -> None:
    persons = [new_point() for _ in range(5)]
    former = [country.chofu.code_for(person) for person in persons]
    epochs.begin(country.chofu.agency, settle=0)
    present = [country.chofu.code_for(person) for person in persons]
    assert {code.epoch for code in former} == {1}
    assert renewed(country.chofu, former) == present
    assert renewed(country.chofu, [former[0], present[1], former[2]]) == present[:3]


def test_each_use_is_on_its_persons_record_and_a_present_code_is_no_use(country: Country) -> None:
    former = [country.chofu.code_for(person) for person in (country.hanako, country.kenji)]
    assert renewed(country.chofu, former) == former
    assert record_count() == 0
    epochs.begin(country.chofu.agency, settle=0)
    renewed(country.chofu, former)
    for person in (country.hanako, country.kenji):
        [record] = country.records_of(person)
        assert (record.inquirer.local_code, record.row, record.outcome) == (CHOFU, "L94a", "0000")
    rows = AccessRecord.objects.select_related("leaf")
    assert {ledger.private_of(row)["what"] for row in rows} == {"code-issue: renewal"}
    assert renewed(country.chofu, former) == renewed(country.chofu, former)  # safe to repeat, and said each time
    assert record_count() == 6


def test_the_order_of_the_records_is_not_that_of_the_list(country: Country) -> None:
    former = [country.chofu.code_for(new_point()) for _ in range(30)]
    subjects = [ledger.subject_of(code, known_to=country.chofu.agency) for code in former]
    epochs.begin(country.chofu.agency, settle=0)
    renewed(country.chofu, former)
    written = [bytes(row.subject) for row in AccessRecord.objects.order_by("leaf")]
    assert sorted(written) == sorted(subjects)
    assert written != subjects


def test_after_the_close_a_former_code_is_none_and_nothing_is_given(country: Country) -> None:
    former, other = country.chofu.code_for(country.hanako), country.chofu.code_for(country.kenji)
    epochs.begin(country.chofu.agency, settle=0)
    [present] = renewed(country.chofu, [other])
    count = record_count()
    for end in (scalars.mark_closing, scalars.destroy):
        end(country.chofu.agency, 1)
        answer = country.chofu.post(RENEW, {"codes": [format_code(present), format_code(former)]})
        assert (answer.status, answer.kind) == (400, "invalid-request")
        assert [error["field"] for error in answer.json["errors"]] == ["codes.1"]
    assert record_count() == count


def test_without_an_assessment_no_code_is_given(country: Country) -> None:
    former = country.chofu.code_for(country.hanako)
    epochs.begin(country.chofu.agency, settle=0)
    type(country.chofu.agency).objects.filter(local_code=CHOFU).update(assessment_until=None)
    answer = country.chofu.post(RENEW, {"codes": [format_code(former)]})
    assert (answer.status, answer.kind) == (403, "assessment-missing")
    assert [record.is_refused for record in country.records_of(country.hanako)] == [True]


def test_conversions_commute_whichever_of_three_has_a_new_epoch(country: Country) -> None:
    sides = [country.chofu, country.mitaka, new_side("132063")]
    former = {side.agency.local_code: side.code_for(country.hanako) for side in sides}
    for side in sides:
        epochs.begin(side.agency, settle=0)
        [present] = renewed(side, [former[side.agency.local_code]])
        assert present == side.code_for(country.hanako)
        for source, target in itertools.permutations(sides, 2):
            found = conversion.convert(code=source.code_for(country.hanako), source=source.agency, target=target.agency)
            assert found == target.code_for(country.hanako)


def test_another_agencys_codes_become_nobodys(country: Country) -> None:
    theirs = country.mitaka.code_for(country.hanako)
    epochs.begin(country.chofu.agency, settle=0)
    assert renewed(country.chofu, [theirs]) not in (
        [country.chofu.code_for(country.hanako)],
        [country.mitaka.code_for(country.hanako)],
    )
    assert country.records_of(country.hanako) == []


# --- the key that codes are encrypted to ---


def test_an_agency_registers_another_key_with_the_proof_that_it_has_it(country: Country) -> None:
    new = rist1.new_scalar()
    answer = country.chofu.post(CODE_KEY, country.chofu.own_key(private_key=new))
    assert (answer.status, answer.json["agency"]) == (200, CHOFU)
    country.chofu.agency.refresh_from_db()
    country.chofu.code_key = new
    offer(country.chofu, country.hanako, "7")
    [issued] = country.chofu.post(COLLECT, {}).json["codes"]
    hidden = rist1.Blinded(from_base64url(issued["ephemeral"]), from_base64url(issued["body"]))
    assert rist1.unblind(hidden, new) == country.chofu.code_for(country.hanako).value


def test_a_proof_of_another_agency_or_for_another_key_is_none(country: Country) -> None:
    own, theirs = country.chofu.own_key(), country.mitaka.own_key()
    for given in (theirs, {"public_key": theirs["public_key"], "proof": own["proof"]}):
        answer = country.chofu.post(CODE_KEY, given)
        assert (answer.status, answer.kind) == (400, "proof-rejected")
    country.chofu.agency.refresh_from_db()
    assert bytes(country.chofu.agency.code_public_key or b"") == rist1.public_key(country.chofu.code_key)


def test_while_codes_wait_the_key_stays(country: Country) -> None:
    acquisition = str(offer(country.chofu, country.hanako, "7"))
    another = country.chofu.own_key(private_key=rist1.new_scalar())
    answer = country.chofu.post(CODE_KEY, another)
    assert (answer.status, answer.kind) == (409, "codes-waiting")
    assert country.chofu.post(CODE_KEY, country.chofu.own_key()).status == 200  # the same again
    country.chofu.post(CONFIRM, {"acquisitions": [acquisition]})
    assert country.chofu.post(CODE_KEY, another).status == 200


def test_a_code_for_a_key_that_has_gone_is_not_laid_ready(country: Country) -> None:
    before = type(country.chofu.agency).objects.get(local_code=CHOFU)
    country.chofu.post(CODE_KEY, country.chofu.own_key(private_key=rist1.new_scalar()))
    country.chofu.agency = before
    with pytest.raises(code_issue.KeyChanged):
        offer(country.chofu, country.hanako, "7")
    assert CodeIssue.objects.count() == 0


def test_mitaka_is_not_touched(country: Country) -> None:
    country.chofu.post(CODE_KEY, country.chofu.own_key(private_key=rist1.new_scalar()))
    found = type(country.mitaka.agency).objects.get(local_code=MITAKA)
    assert bytes(found.code_public_key or b"") == rist1.public_key(country.mitaka.code_key)

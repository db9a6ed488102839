"""Codes of agencies in the database: issue, conversion, epochs."""

from __future__ import annotations

from itertools import permutations

import pytest

from agencies import registry
from agencies.models import Agency
from codes import blind, rist1
from codes.blind import Keys, Question
from codes.proofs import ProofRejected
from codes.rist1 import Blinded, Code, MalformedCode
from exchange import conversion, epochs, ledger, scalars
from exchange.models import CodeScalar
from keys.sealing import CannotOpen
from tests.exchange.people import CHOFU, HANAKO, KENJI, KEY, MITAKA, agency, code_at
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


def test_conversion_commutes_with_issue_for_all_triples_of_agencies():
    agencies = list(Agency.objects.all())
    for person in (HANAKO, KENJI):
        issued = {who.local_code: code_at(who, person) for who in agencies}
        assert len({code.value for code in issued.values()}) == len(agencies)
        for a, b, c in permutations(agencies, 3):
            to_b = conversion.convert(code=issued[a.local_code], source=a, target=b)
            assert to_b == issued[b.local_code]
            assert conversion.convert(code=to_b, source=b, target=c) == issued[c.local_code]


def test_many_are_converted_as_each_alone_in_every_epoch():
    source, target = agency(CHOFU), agency(MITAKA)
    codes = [code_at(source, person) for person in (HANAKO, KENJI, HANAKO)]
    epochs.begin(source, settle=0)
    epochs.begin(target, settle=0)
    codes.append(code_at(source, HANAKO))
    alone = [conversion.convert_to_all(code=code, source=source, target=target) for code in codes]
    assert conversion.convert_many(codes=codes, source=source, target=target) == alone
    assert [len(each) for each in alone] == [2] * 4
    assert ledger.subjects_of(codes, known_to=source) == [ledger.subject_of(code, known_to=source) for code in codes]
    assert len(set(ledger.subjects_of(codes, known_to=source))) == 2
    assert [conversion.stands(source, epoch) for epoch in (0, 1, 2, 3)] == [False, True, True, False]
    for bad in (Code(codes[0].value, 9), Code(bytes(32), 1)):
        with pytest.raises(MalformedCode):
            conversion.convert_many(codes=[codes[0], bad], source=source, target=target)


def test_issuing_twice_gives_one_code():
    assert code_at(agency(MITAKA), HANAKO) == code_at(agency(MITAKA), HANAKO)


def test_one_scalar_per_agency_and_none_per_person():
    for person in (HANAKO, KENJI):
        code_at(agency(MITAKA), person)
    assert [(row.agency.local_code, row.epoch) for row in CodeScalar.objects.all()] == [(MITAKA, 1)]


def test_a_new_epoch_makes_new_codes_and_the_old_still_convert():
    mitaka, chofu = agency(MITAKA), agency(CHOFU)
    old = code_at(mitaka, HANAKO)
    scalars.begin(mitaka, 2)
    new = code_at(mitaka, HANAKO)
    assert (old.epoch, new.epoch) == (1, 2)
    assert old.value != new.value
    assert conversion.convert(code=old, source=mitaka, target=mitaka) == new
    assert conversion.convert(code=old, source=mitaka, target=chofu) == code_at(chofu, HANAKO)
    CodeScalar.objects.filter(epoch=1, agency=mitaka).delete()
    with pytest.raises(MalformedCode):
        conversion.convert(code=old, source=mitaka, target=chofu)
    assert conversion.convert(code=new, source=mitaka, target=chofu) == code_at(chofu, HANAKO)


def test_a_point_of_nobody_converts_and_a_non_point_does_not():
    mitaka, chofu = agency(MITAKA), agency(CHOFU)
    conversion.convert(code=Code(rist1.person_point(b"x" * 32), 1), source=_begun(mitaka), target=chofu)
    for value in (bytes(32), b"\xff" * 32):
        with pytest.raises(MalformedCode):
            conversion.convert(code=Code(value, 1), source=mitaka, target=chofu)


def _begun(who: Agency) -> Agency:
    conversion.current_epoch(who)
    return who


def test_a_scalar_opens_at_its_own_agency_and_epoch_only():
    mitaka = _begun(agency(MITAKA))
    CodeScalar.objects.create(agency=agency(CHOFU), epoch=1, sealed=CodeScalar.objects.get(agency=mitaka).sealed)
    with pytest.raises(CannotOpen):
        conversion.convert(code=code_at(mitaka, HANAKO), source=mitaka, target=agency(CHOFU))


def test_an_agency_without_a_key_gets_no_code():
    Agency.objects.filter(local_code=MITAKA).update(code_public_key=None)
    point = rist1.blind(rist1.person_point(HANAKO), rist1.public_key(KEY))
    with pytest.raises(conversion.NoCodeKey):
        conversion.issue(blinded=point, agency=agency(MITAKA))


def test_a_damaged_ciphertext_is_malformed():
    with pytest.raises(MalformedCode):
        conversion.issue(blinded=Blinded(bytes(32), bytes(32)), agency=agency(MITAKA))


PORTAL_KEY = "900043"
NUMBER = bytes(range(16))


def _question(person: bytes, source: Agency, target: Agency, **changes) -> Question:
    portal = agency(PORTAL_KEY)
    keys = Keys(bytes(target.code_public_key), bytes(portal.code_public_key))
    facts = {"inquirer": source.local_code, "epoch": 1, "provider": target.local_code, "number": NUMBER, **changes}
    return blind.ask(code_at(source, person).value, keys=keys, transaction=blind.transaction_of(**facts))


def _convert_blind(question: Question, source: Agency, target: Agency, *, epoch: int = 1) -> conversion.Converted:
    portal = agency(PORTAL_KEY)
    return conversion.convert_blind(
        question=question, epoch=epoch, source=source, target=target, portal=portal, number=NUMBER
    )


@pytest.mark.parametrize("person", [HANAKO, KENJI])
def test_blind_and_direct_conversion_give_one_code_and_one_subject(person):
    portal_private = registry.own_private_key(Agency.objects.portal())
    chofu, mitaka = agency(CHOFU), agency(MITAKA)
    converted = _convert_blind(_question(person, chofu, mitaka), chofu, mitaka)
    ((epoch, hidden),) = converted.for_provider
    opened = Code(rist1.unblind(hidden, KEY), epoch)
    assert opened == conversion.convert(code=code_at(chofu, person), source=chofu, target=mitaka)
    point = rist1.unblind(converted.for_records, portal_private)
    assert ledger.subject_at(point) == ledger.subject_of(code_at(chofu, person), known_to=chofu)
    assert repr(converted) == "<Converted>"


def test_a_blind_question_of_another_transaction_agency_or_epoch_is_refused():
    chofu, mitaka = agency(CHOFU), agency(MITAKA)
    question = _question(HANAKO, chofu, mitaka)
    for changes in ({"inquirer": MITAKA}, {"epoch": 2}, {"provider": CHOFU}, {"number": bytes(16)}):
        with pytest.raises(ProofRejected):
            _convert_blind(_question(HANAKO, chofu, mitaka, **changes), chofu, mitaka)
    with pytest.raises(ProofRejected):
        _convert_blind(question, chofu, mitaka, epoch=2)
    for field in Question._fields:
        with pytest.raises(ProofRejected):
            _convert_blind(question._replace(**{field: b""}), chofu, mitaka)


def test_a_blind_question_in_an_epoch_that_does_not_stand_is_malformed():
    chofu, mitaka = agency(CHOFU), agency(MITAKA)
    with pytest.raises(MalformedCode):
        _convert_blind(_question(HANAKO, chofu, mitaka, epoch=2), chofu, mitaka, epoch=2)


def test_without_the_providers_key_nothing_is_converted_blind():
    chofu, mitaka = agency(CHOFU), agency(MITAKA)
    question = _question(HANAKO, chofu, mitaka)
    mitaka.code_public_key = None
    with pytest.raises(conversion.NoCodeKey):
        _convert_blind(question, chofu, mitaka)


def test_in_the_window_a_code_converts_to_both_epochs_of_the_target():
    chofu, mitaka = agency(CHOFU), agency(MITAKA)
    former = code_at(mitaka, HANAKO)
    scalars.begin(mitaka, 2)
    known_as = conversion.convert_to_all(code=code_at(chofu, HANAKO), source=chofu, target=mitaka)
    assert known_as == [code_at(mitaka, HANAKO), former]
    assert [code.epoch for code in known_as] == [2, 1]

"""Codes of agencies in the database: issue, conversion, epochs."""

from __future__ import annotations

from itertools import permutations

import pytest

from agencies.models import Agency
from codes import rist1
from codes.rist1 import Blinded, Code, MalformedCode
from exchange import conversion
from exchange.models import CodeScalar
from keys.sealing import CannotOpen, seal
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


def test_issuing_twice_gives_one_code():
    assert code_at(agency(MITAKA), HANAKO) == code_at(agency(MITAKA), HANAKO)


def test_one_scalar_per_agency_and_none_per_person():
    for person in (HANAKO, KENJI):
        code_at(agency(MITAKA), person)
    assert [(row.agency.local_code, row.epoch) for row in CodeScalar.objects.all()] == [(MITAKA, 1)]


def test_a_new_epoch_makes_new_codes_and_the_old_still_convert():
    mitaka, chofu = agency(MITAKA), agency(CHOFU)
    old = code_at(mitaka, HANAKO)
    sealed = seal("code-scalar", rist1.new_scalar(), context=f"exchange.CodeScalar.sealed:{MITAKA}:2")
    CodeScalar.objects.create(agency=mitaka, epoch=2, sealed=sealed)
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

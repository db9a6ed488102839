"""The reference list and the agencies' keys."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.utils import translation

from agencies import registry
from agencies.models import Agency
from codes import proofs, rist1
from codes.proofs import ProofRejected
from codes.rist1 import MalformedCode
from keys import custody
from keys.custody import KeyNotHere
from numbering.check_digits import is_corporate_number, is_local_government_code
from tests.support import DATABASES

pytestmark = DATABASES
OWN = {"900043": "portal-code", "900035": "staff-code"}


def agency(local_code: str) -> Agency:
    return Agency.objects.get(local_code=local_code)


def test_loading_brings_the_agencies_of_the_small_country_and_again_changes_nothing():
    assert registry.load() == registry.load() == Agency.objects.count() == 9
    assert agency("132047").kind == Agency.Kind.MUNICIPALITY
    assert Agency.objects.portal().local_code == "900043"
    assert Agency.objects.staff_directory().local_code == "900035"


def test_every_number_of_the_list_has_its_check_digit():
    registry.load()
    for row in Agency.objects.all():
        assert is_corporate_number(row.corporate_number)
        if row.kind in (Agency.Kind.MUNICIPALITY, Agency.Kind.PREFECTURE):
            assert is_local_government_code(row.local_code)
            assert row.corporate_number[1:] == "000020" + row.local_code


def test_invented_agencies_are_marked_as_such():
    with Path("agencies/reference.csv").open(encoding="utf-8") as file:
        invented = {line["local_code"] for line in csv.DictReader(file) if line["invented"] == "1"}
    assert invented == {code for code in (f"{n:06d}" for n in range(900000, 900100)) if code in invented}
    assert len(invented) == 5


def test_loading_keeps_a_registered_key_and_what_an_agency_is_not_in_the_list_for():
    registry.load()
    private_key = rist1.new_scalar()
    registry.register_own_key(agency=agency("132047"), private_key=private_key)
    Agency.objects.filter(local_code="132047").update(name_en="Old name", is_active=False)
    registry.load()
    assert bytes(agency("132047").code_public_key) == rist1.public_key(private_key)
    assert (agency("132047").name_en, agency("132047").is_active) == ("Mitaka City", False)


def test_our_two_agencies_keys_come_from_custody_and_others_have_none_yet():
    registry.load()
    for row in Agency.objects.all():
        if row.local_code in OWN:
            private = rist1.private_key_from(custody.current(OWN[row.local_code]).material)
            assert registry.own_private_key(row) == private
            assert bytes(row.code_public_key) == rist1.public_key(private)
        else:
            assert row.code_public_key is None


def test_a_process_of_another_door_loads_without_our_private_keys(settings):
    settings.KEY_PURPOSES = frozenset({"code-scalar"})
    registry.load()
    assert Agency.objects.portal().code_public_key is None
    with pytest.raises(KeyNotHere):
        registry.own_private_key(Agency.objects.portal())


def test_a_key_that_is_no_point_is_refused():
    registry.load()
    for value in (bytes(32), b"\xff" * 32, b""):
        with pytest.raises(MalformedCode):
            registry.register_code_key(agency=agency("132047"), public_key=value, proof=bytes(64))
    assert agency("132047").code_public_key is None


def test_a_key_without_proof_of_its_possession_is_refused():
    registry.load()
    private_key = rist1.new_scalar()
    public_key = rist1.public_key(private_key)
    copied = proofs.prove_possession(private_key, owner="132080")
    for proof in (b"", bytes(64), copied):
        with pytest.raises(ProofRejected):
            registry.register_code_key(agency=agency("132047"), public_key=public_key, proof=proof)
    assert agency("132047").code_public_key is None
    proof = proofs.prove_possession(private_key, owner="132047")
    registry.register_code_key(agency=agency("132047"), public_key=public_key, proof=proof)
    assert bytes(agency("132047").code_public_key) == public_key


def test_only_active_agencies_are_known():
    registry.load()
    assert Agency.objects.known("132047") == agency("132047")
    Agency.objects.filter(local_code="132047").update(is_active=False)
    assert Agency.objects.known("132047") is None
    assert Agency.objects.known("999999") is None


def test_the_name_follows_the_language():
    row = Agency(name_ja="三鷹市", name_en="Mitaka City")
    assert row.name == str(row) == "三鷹市"
    with translation.override("en"):
        assert row.name == "Mitaka City"

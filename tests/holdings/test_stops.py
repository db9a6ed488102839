"""The stop switch: nothing is answered from what may be wrong, until it has been checked."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction

from holdings import provide, stops
from holdings.models import ProvisionCopy, Run, Stop
from tests.holdings.kept import CHOFU, FORMER_HANAKO, HANAKO, LOCAL_TAX, MITAKA, NOW, TARO, copy, register
from tests.support import DATABASES

pytestmark = DATABASES
FACTS = {"agency": MITAKA, "data_set": LOCAL_TAX, "at": NOW}


def stop(**changes) -> bool:
    return stops.stop(**{**FACTS, "reason": Stop.Reason.REPORTED, **changes})


def resume(**changes) -> bool:
    return stops.resume(**{**FACTS, **changes})


def outcome(code=HANAKO, **changes) -> str:
    question = {
        "agency": MITAKA, "code": code, "data_set": LOCAL_TAX, "items": ["0200000010"], "condition": None,
        "inquirer": "130001", "reference": str(uuid.uuid4()), "at": NOW,
    }  # fmt: skip
    return provide.answer(**{**question, **changes}).outcome


@pytest.fixture(autouse=True)
def _registered(db):
    register(copy(), copy(codes=(TARO,), reference="T-2"))


def test_one_persons_stop_stops_hers_alone():
    assert stop(codes=[HANAKO]) is True
    assert stop(codes=[HANAKO]) is False
    assert [outcome(), outcome(TARO)] == ["3003", "0000"]
    assert ProvisionCopy.objects.filter(outcome="3003").count() == 1, "the question is on record all the same"
    assert resume() is False
    assert resume(codes=[HANAKO]) is True
    assert [outcome(), resume(codes=[HANAKO])] == ["0000", False]


def test_a_data_sets_stop_stops_everyones_also_of_whom_nothing_is_held():
    stop()
    nobody = FORMER_HANAKO
    assert [outcome(), outcome(TARO), outcome(nobody)] == ["3003"] * 3
    register(copy("1", reference="C"), agency=CHOFU)
    assert outcome(agency=CHOFU) == "0000"
    stop(codes=[HANAKO])
    resume()
    assert [outcome(), outcome(TARO)] == ["3003", "0000"], "each stop is lifted by itself"


def test_another_data_set_goes_on():
    stop(data_set="TM00000000000001")
    assert outcome() == "0000"


def test_a_stop_under_a_former_code_holds_in_the_new_epoch_and_is_lifted_there():
    stop(codes=[FORMER_HANAKO])
    assert outcome(code=HANAKO, former=[FORMER_HANAKO]) == "3003"
    assert stop(codes=[HANAKO, FORMER_HANAKO]) is False
    assert resume(codes=[HANAKO, FORMER_HANAKO]) is True
    assert outcome(code=HANAKO, former=[FORMER_HANAKO]) == "0000"


def test_corrections_go_on_meanwhile():
    stop()
    register(copy("2", reference="T-3"), kind=Run.Kind.CORRECTION)
    resume()
    assert outcome() == "0000"


def test_one_stop_at_a_time_even_without_the_act():
    stop()
    stop(codes=[HANAKO])
    for code in (None, HANAKO):
        with pytest.raises(DatabaseError), transaction.atomic(using="holdings"):
            Stop.objects.create(**FACTS, reason=Stop.Reason.FAULT, code=code)
    resume()
    assert stop() is True
    assert repr(Stop.objects.all()[0]) == "<Stop>"

"""Codes wait for their agency, for it alone, and are forgotten when it confirms."""

from __future__ import annotations

import uuid

import pytest

from codes import rist1
from exchange import code_issue, conversion
from exchange.models import CodeIssue
from tests.exchange.people import CHOFU, HANAKO, KEY, MITAKA, agency, code_at
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
LOCAL_ID = "000000000000042"


def offer(acquisition=None, local_code=MITAKA) -> uuid.UUID:
    acquisition = acquisition or uuid.uuid4()
    who = agency(local_code)
    hidden = rist1.blind(rist1.person_point(HANAKO), rist1.public_key(KEY))
    code = conversion.issue(blinded=hidden, agency=who)
    code_issue.offer(acquisition=acquisition, agency=who, local_id=LOCAL_ID, code=code, epoch=1)
    return acquisition


def test_the_agency_collects_and_opens_its_code():
    acquisition = offer()
    (waiting,) = code_issue.collect(agency=agency(MITAKA))
    assert (waiting.acquisition, waiting.local_id, waiting.epoch) == (acquisition, LOCAL_ID, 1)
    assert rist1.unblind(waiting.code, KEY) == code_at(agency(MITAKA), HANAKO).value


def test_it_waits_until_confirmed_and_then_is_gone():
    acquisition = offer()
    assert len(code_issue.collect(agency=agency(MITAKA))) == len(code_issue.collect(agency=agency(MITAKA))) == 1
    assert code_issue.confirm(agency=agency(MITAKA), acquisitions=[acquisition]) == 1
    assert code_issue.confirm(agency=agency(MITAKA), acquisitions=[acquisition]) == 0
    assert not CodeIssue.objects.exists()


def test_another_agency_neither_sees_nor_confirms_it():
    acquisition = offer()
    assert code_issue.collect(agency=agency(CHOFU)) == []
    assert code_issue.confirm(agency=agency(CHOFU), acquisitions=[acquisition]) == 0
    assert CodeIssue.objects.count() == 1


def test_the_same_acquisition_is_offered_once():
    acquisition = offer()
    body = bytes(CodeIssue.objects.get().body)
    offer(acquisition)
    assert bytes(CodeIssue.objects.get().body) == body


def test_the_row_shows_neither_local_id_nor_code():
    offer()
    row = CodeIssue.objects.get()
    stored = bytes(row.local_id_sealed) + bytes(row.ephemeral) + bytes(row.body)
    assert LOCAL_ID.encode() not in stored
    assert code_at(agency(MITAKA), HANAKO).value not in stored
    assert repr(code_issue.collect(agency=agency(MITAKA))) == "[<Offered>]"


def test_no_more_than_asked_for():
    for _ in range(3):
        offer()
    assert len(code_issue.collect(agency=agency(MITAKA), limit=2)) == 2

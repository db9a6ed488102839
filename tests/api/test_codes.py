"""Newly issued codes are fetched, opened with the agency's own key, confirmed, and then forgotten."""

from __future__ import annotations

import base64
import uuid

from codes import rist1
from codes.rist1 import Blinded, Code
from exchange import code_issue, conversion
from exchange.models import CodeIssue
from tests.api.sides import Country, Side, new_point
from tests.support import DATABASES

pytestmark = DATABASES

COLLECT, CONFIRM = "/api/v1/codes/collect", "/api/v1/codes/confirm"


def offer(side: Side, point: bytes, local_id: str) -> uuid.UUID:
    acquisition = uuid.uuid4()
    code = conversion.issue(blinded=rist1.blind(point, rist1.public_key(side.code_key)), agency=side.agency)
    epoch = conversion.current_epoch(side.agency)
    code_issue.offer(acquisition=acquisition, agency=side.agency, local_id=local_id, code=code, epoch=epoch)
    return acquisition


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_an_issued_code_opens_with_the_agencys_key(country: Country) -> None:
    acquisition = offer(country.chofu, country.hanako, "000000000012345")
    answer = country.chofu.post(COLLECT, {})
    [issued] = answer.json["codes"]
    hidden = Blinded(from_base64url(issued["ephemeral"]), from_base64url(issued["body"]))
    code = Code(rist1.unblind(hidden, country.chofu.code_key), issued["epoch"])
    assert answer.status == 200
    assert (issued["acquisition"], issued["local_id"]) == (str(acquisition), "000000000012345")
    assert code == country.chofu.code_for(country.hanako)


def test_codes_wait_until_they_are_confirmed(country: Country) -> None:
    acquisition = str(offer(country.chofu, country.hanako, "1"))
    assert len(country.chofu.post(COLLECT, {}).json["codes"]) == 1
    assert len(country.chofu.post(COLLECT, {}).json["codes"]) == 1
    assert country.chofu.post(CONFIRM, {"acquisitions": [acquisition]}).json == {"confirmed": 1}
    assert country.chofu.post(COLLECT, {}).json == {"codes": []}
    assert CodeIssue.objects.count() == 0
    assert country.chofu.post(CONFIRM, {"acquisitions": [acquisition]}).json == {"confirmed": 0}


def test_at_most_as_many_as_asked_for(country: Country) -> None:
    for number in range(3):
        offer(country.chofu, new_point(), str(number))
    assert len(country.chofu.post(COLLECT, {"limit": 2}).json["codes"]) == 2
    assert len(country.chofu.post(COLLECT, {}).json["codes"]) == 3


def test_another_agencys_codes_are_neither_shown_nor_forgotten(country: Country) -> None:
    acquisition = str(offer(country.chofu, country.hanako, "1"))
    assert country.mitaka.post(COLLECT, {}).json == {"codes": []}
    assert country.mitaka.post(CONFIRM, {"acquisitions": [acquisition]}).json == {"confirmed": 0}
    assert CodeIssue.objects.count() == 1

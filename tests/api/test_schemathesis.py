"""Whatever the schema lets a caller send, and what it does not: no 5xx, no undocumented status, only what is described.

Schemathesis makes the requests from the OpenAPI document; each kind of caller signs them (or does not) and sends them.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agencies.models import ApiClient
from api import tokens
from holdings import hosted
from tests.api.sides import CHOFU, MITAKA, ORIGIN, PENSION_SERVICE, Country, Side, new_side
from tests.support import DATABASES, scaled

pytestmark = [DATABASES, pytest.mark.soak, pytest.mark.timeout(3600)]

CASES = scaled(20_000)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# The field by which each kind of body is known.
MARKS = {
    "blind": "question", "renewal": "codes", "code key": "public_key", "inquiry": "provider", "notice": "subject",
    "token": "client_assertion", "copies": "copies", "stop": "reason", "recalls": "recalls", "bulk": "lines",
    "bulk-name": "bulk",
}  # fmt: skip
# The address of tokens: there a caller proves itself in the form.
TOKEN = "/api/oauth/token"


@dataclass
class Caller:
    """One kind of caller: what it adds to a request before it goes out."""

    side: Side
    token: str
    sign: bool = True
    key: Any = None
    weight: int = 1

    def headers(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        if self.token:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        return self.side.signed(method, path, body, headers, key=self.key) if self.sign else headers


def callers(country: Country) -> dict[str, Caller]:
    """Everyone who may come to the door."""
    chofu, mitaka = country.chofu, country.mitaka
    pension, gone = new_side(PENSION_SERVICE), new_side(CHOFU)
    found = {
        "nobody": Caller(chofu, "", sign=False),
        "a city": Caller(chofu, chofu.token(), weight=4),
        "another city": Caller(mitaka, mitaka.token(), weight=4),
        "the pension service": Caller(pension, pension.token(), weight=4),
        "a thief of a token": Caller(chofu, chofu.token(), key=mitaka.key),
        "who does not sign": Caller(chofu, chofu.token(), sign=False),
        "who has gone": Caller(gone, gone.token()),
        "who comes late": Caller(chofu, _old_token(chofu)),
    }
    ApiClient.objects.filter(pk=gone.client.pk).update(is_active=False)
    return found


def _old_token(side: Side) -> str:
    at = timezone.now() - timedelta(days=1)
    return tokens.issue(client_id=str(side.client.client_id), thumbprint=side.key.thumbprint(), at=at)


@pytest.fixture
def document(settings: Any) -> dict[str, Any]:
    settings.API_REQUESTS_PER_MINUTE = settings.BULK_OPEN = settings.BULK_LINES_A_DAY = 10**9
    settings.ACCESS_TOKEN_SECONDS = 6 * 3600  # the whole of 20,000 cases takes longer than a token lives
    response = Client().get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    return dict(response.json())


@dataclass
class Likely:
    """Puts real codes, affairs, agencies and statements into most of the cases, so that they go further than the first
    check that they meet."""

    real: dict[str, dict[str, Any]]
    chance: random.Random

    def make(self, case: Any, caller: Caller) -> None:
        if self.chance.random() < 0.3:
            return
        headers, body = dict(case.headers or {}), case.body
        if "Mynx-Evidence" in headers:
            headers["Mynx-Evidence"] = caller.side.evidence()
            case.headers = headers
        if isinstance(body, dict):
            kind = next((kind for kind, mark in MARKS.items() if mark in body), "charge")
            real = self.real[kind] | ({"client_assertion": caller.side.assertion()} if kind == "token" else {})
            share = self.chance.choice([0.9, 1])  # some of them good in every field, so that they are answered
            case.body = body | {n: v for n, v in real.items() if n in body and self.chance.random() < share}


def send(case: Any, caller: Caller) -> schemathesis.Response:
    """The case as bytes on the line, signed as this caller signs, and the answer in schemathesis's terms."""
    whole = case.as_transport_kwargs(base_url=ORIGIN)
    names = ("method", "url", "headers", "cookies", "params", "data", "json", "files")
    prepared = requests.Request(**{name: whole[name] for name in names if name in whole}).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else bytes(prepared.body or b"")
    method, path = str(prepared.method), str(prepared.path_url)
    headers = {name: _text(value) for name, value in prepared.headers.items() if name.lower() != "content-length"}
    if path != TOKEN:
        headers = caller.headers(method, path, body, headers)
    answer = caller.side.web.generic(method, path, body, headers=headers)
    return schemathesis.Response(
        answer.status_code,
        {name: [value] for name, value in answer.headers.items()},
        answer.content,
        prepared,
        elapsed=0,
        verify=True,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def operations(document: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def test_every_operation_keeps_to_its_description(document: dict[str, Any], country: Country) -> None:
    everyone = callers(country)
    hosted.deposit(agency=MITAKA, private_key=country.mitaka.code_key)
    real = {"blind": country.blind_inquiry(), "renewal": {"codes": [country.chofu.printed_code_for(country.kenji)]}}
    real |= {
        "code key": country.chofu.own_key(),
        "inquiry": country.inquiry(),
        "notice": country.notice(),
        "charge": country.charge(),
        "copies": country.copy_run(),
        "stop": {},
        "recalls": {},
        "token": {},
    }
    bulk = {"reference": "R", "lines": [{"line": "1", **country.inquiry()}]}
    real |= {"bulk": bulk, "bulk-name": {"bulk": country.chofu.post("/api/v1/inquiries/bulk", bulk).json["bulk"]}}
    likely = Likely(real, random.Random(9421))
    tried: Counter[str] = Counter()
    answered: Counter[tuple[str, int]] = Counter()
    many = list(operations(document))
    with_body = sum(operation.method == "post" for operation in many)
    each = CASES // (len(MODES) * sum(caller.weight for caller in everyone.values()) * with_body) + 1
    for operation in many:
        for mode in MODES if operation.method == "post" else MODES[:1]:  # where nothing is sent nothing can be wrong
            for caller in everyone.values():
                _checker(operation, mode, likely, caller, tried, answered)(each * caller.weight)
    print(f"{sum(tried.values())} cases; answers: {dict(sorted(Counter(s for (_, s) in answered.elements()).items()))}")
    assert set(tried) == {operation.path for operation in many}
    assert sum(tried.values()) >= CASES
    # The requests reach behind the door: answers, refusals of the law and plain mistakes, all of them.
    assert {status for path, status in answered if path == "/api/v1/inquiries"} >= {200, 400, 401, 403}
    assert {status for path, status in answered if path == "/api/v1/copies/register"} >= {200, 400, 401}


def _checker(
    operation: Any,
    mode: GenerationMode,
    likely: Likely,
    caller: Caller,
    tried: Counter[str],
    answered: Counter[tuple[str, int]],
) -> Callable[[int], None]:
    def check(count: int) -> None:
        @seed(9421)
        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            likely.make(case, caller)
            response = send(case, caller)
            tried[operation.path] += 1
            answered[operation.path, response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        run()

    return check


def test_the_document_itself_is_plain_json(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document)) == document

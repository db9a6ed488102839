"""Inquiries per second from end to end, beside an empty authenticated view that inserts one row and commits it.

Both through Django's test client, signed and with an access token, so that the difference is what an inquiry is: the
permission table, two conversions, three commits in two databases, sealing. The same inquiry without HTTP is measured
too. PostgreSQL is measured where TEST_DATABASE_URL or BENCH_DATABASE_URL names a role that may create databases.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from joserfc.jwk import OKPKey
from rest_framework.request import Request
from rest_framework.response import Response

from agencies import clients
from agencies.models import ApiClient, UsedOnce
from api import tokens
from api.permissions import AgencyClient
from api.views.base import AgencyAddress
from bench.measure import Measure, side_by_side
from codes.rist1 import format_code
from databases import EXCHANGE
from mynx import signatures

ROUND = 200
PEOPLE = 50


class OneInsert(AgencyAddress):
    """The reference: check the token, insert one row of 32 bytes and a time, commit, and say so."""

    permission_classes = [AgencyClient]

    def post(self, request: Request) -> Response:
        with transaction.atomic(using=EXCHANGE, durable=True):
            UsedOnce.objects.create(hash=os.urandom(32), expires_at=timezone.now() + timedelta(minutes=1))
        return Response({"written": True})


urlpatterns = [path("api/", include("api.urls")), path("one-insert", OneInsert.as_view())]


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests.committed import ENGINES, migrated_var
    from tests.committed import run as run_script

    measures = []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), engine) as env:
            env["MYNA_API_REQUESTS_PER_MINUTE"] = "1000000000"
            rates = json.loads(run_script(env, "from bench.inquiry import measure; measure()"))
        for name, (ours, reference) in rates.items():
            measures.append(Measure(f"inquiry-{name}-{engine}", ours, "inquiries/s", "one-insert", reference))
    return measures


def measure() -> None:
    """In a process of its own on fresh databases: print the median rates, each beside its reference's, as JSON."""
    settings.ROOT_URLCONF = "bench.inquiry"
    by_http, by_act, reference = _askers()
    print(json.dumps({"api": side_by_side(by_http, reference), "act": side_by_side(by_act, reference)}))


def _askers() -> tuple[Callable[[], int], Callable[[], int], Callable[[], int]]:
    """Three ways to do ROUND requests: inquiries by HTTP, by the act alone, and the reference."""
    from tests.exchange import people

    people.ready()
    persons = [secrets.token_bytes(32) for _ in range(PEOPLE)]
    for person in persons:
        people.hold_income(person)
    chofu = people.agency(people.CHOFU)
    codes = [people.code_at(chofu, person) for person in persons]
    question: dict[str, Any] = {
        "provider": people.MITAKA,
        "affair": people.CHILD_ALLOWANCE,
        "data_set": people.LOCAL_TAX,
        "items": [people.TOTAL_INCOME],
        "condition": {"fiscal_year": 2026},
        "case_number": "2026-0042",
    }
    key = OKPKey.generate_key("Ed25519")
    post = _poster(clients.register(agency=chofu, jwk=key.as_dict(private=False)), key)

    def by_http() -> int:
        for number in range(ROUND):
            assert post("/api/v1/inquiries", {**question, "code": format_code(codes[number % PEOPLE])})["items"]
        return ROUND

    def by_act() -> int:
        for number in range(ROUND):
            assert people.ask(inquirer=chofu, code=codes[number % PEOPLE]).items
        return ROUND

    def reference() -> int:
        for _ in range(ROUND):
            assert post("/one-insert", {})["written"]
        return ROUND

    return by_http, by_act, reference


def _poster(client: ApiClient, key: OKPKey) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    web = Client(HTTP_HOST="127.0.0.1")
    keyid, private = str(client.client_id), key.as_dict(private=True)
    token = tokens.issue(client_id=keyid, thumbprint=key.thumbprint(), at=timezone.now())

    def post(address: str, content: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(content).encode()
        headers = {
            "content-type": "application/json",
            "content-digest": signatures.content_digest(body),
            "authorization": f"Bearer {token}",
        }
        asked = signatures.Request("POST", settings.PORTAL_ORIGIN + address, headers)
        headers |= signatures.sign_request(asked, key=private, keyid=keyid)
        response = web.generic("POST", address, body, headers=headers)
        assert response.status_code == 200, response.status_code
        found: dict[str, Any] = response.json()
        return found

    return post

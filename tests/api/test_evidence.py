"""Mynx-Evidence: who at the agency wanted it, signed by the agency, sealed with the record, in nobody's answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone
from joserfc.jwk import OKPKey

from exchange import ledger
from exchange.models import AccessRecord
from mynx import keys
from tests.api.sides import Answered, Country, record_count
from tests.support import DATABASES

pytestmark = DATABASES

INQUIRIES = "/api/v1/inquiries"


def ask(country: Country, evidence: str, path: str = INQUIRIES, **changes: Any) -> Answered:
    body = {INQUIRIES: country.inquiry, "/api/v1/notices": country.notice, "/api/v1/charges": country.charge}[path]
    return country.chofu.post(path, body(**changes), **{"Mynx-Evidence": evidence})


@pytest.mark.parametrize("path", [INQUIRIES, "/api/v1/notices", "/api/v1/charges"])
def test_it_lies_sealed_with_every_record_of_the_event(country: Country, path: str) -> None:
    evidence = country.chofu.evidence()
    assert ask(country, evidence, path).status in {200, 201}
    rows = list(AccessRecord.objects.select_related("leaf"))
    assert [ledger.private_of(row)["evidence"] for row in rows] == [evidence] * 2
    for row in rows:
        for part in (*evidence.split("."), "K-7f3a"):
            assert part not in row.leaf.body
            assert part.encode() not in bytes(row.private_sealed)


def test_a_refusal_keeps_it_too(country: Country) -> None:
    evidence = country.chofu.evidence()
    assert ask(country, evidence, provider="900019").status == 403
    assert ledger.private_of(AccessRecord.objects.select_related("leaf").get())["evidence"] == evidence


def test_without_it_the_record_says_so(country: Country) -> None:
    assert country.chofu.post(INQUIRIES, country.inquiry()).status == 200
    assert {ledger.private_of(row)["evidence"] for row in AccessRecord.objects.select_related("leaf")} == {""}


def wrong(country: Country) -> dict[str, str]:
    side, now = country.chofu, int(timezone.now().timestamp())
    claims = {"iss": str(side.client.client_id), "aud": "http://127.0.0.1:8000/api/", "exp": now + 50}
    unsigned = ".".join(keys.to_text(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    return {
        "another key": side.evidence(key=OKPKey.generate_key("Ed25519")),
        "another agency": country.mitaka.evidence(),
        "an assertion": side.assertion(),
        "another type": side.evidence(kind="JWT"),
        "unsigned": f"{unsigned}.",
        "nonsense": "a.b.c",
        "empty": "",
        "long": side.evidence(clerk="x" * 3000),
        "no clerk": side.evidence(clerk=None),
        "no section": side.evidence(section=None),
        "no case": side.evidence(case_number=None),
        "no transaction": side.evidence(txn=None),
        "clerk is a number": side.evidence(clerk=7),
        "clerk is an Individual Number": side.evidence(clerk="123456789018"),
        "clerk with a line feed": side.evidence(clerk="a\nb"),
        "row is a list": side.evidence(row=["I01"]),
        "for another service": side.evidence(aud="https://elsewhere.example/api/"),
        "by another": side.evidence(iss=str(country.mitaka.client.client_id)),
        "expired": side.evidence(exp=now - 10),
        "for an hour": side.evidence(exp=now + 3600),
        "for ever": side.evidence(exp=None),
        "for another case": side.evidence(case_number="CA-2026-0418"),
    }


@pytest.mark.parametrize("number", range(22))
def test_what_is_not_valid_is_refused_and_not_repeated(
    country: Country, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    name, evidence = list(wrong(country).items())[number]
    answer = ask(country, evidence)
    assert (answer.status, answer.kind, record_count()) == (400, "invalid-evidence", 0), name
    for part in evidence.split("."):
        assert len(part) < 5 or part not in answer.text + caplog.text


def test_a_row_may_be_left_out(country: Country) -> None:
    assert ask(country, country.chofu.evidence(row=None)).status == 200


def test_no_one_reads_it_in_the_citizens_list(country: Country) -> None:
    assert ask(country, country.chofu.evidence()).status == 200
    [record] = country.records_of(country.hanako)
    assert "K-7f3a" not in str([getattr(record, name) for name in record.__dataclass_fields__])

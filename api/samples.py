"""The examples of the schema and of the page for people. The codes are of nobody."""

from __future__ import annotations

from typing import Any

from api.problems import Problem
from api.schema import SAMPLE_RECORD as _RECORD

_CODE = "a1-ul6of7lrhsjjps7pr75ybmnypxjmmmonqnojdxchuzlyvzihrmcq"

TOKEN_REQUEST: dict[str, Any] = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl",
}
TOKEN_ANSWER: dict[str, Any] = {"access_token": "eyJhbGciOi...", "token_type": "Bearer", "expires_in": 300}
TOKEN_ERROR: dict[str, Any] = {
    "error": "invalid_client",
    "error_description": "The client assertion is not valid.",
}
INQUIRY: dict[str, Any] = {
    "code": _CODE,
    "provider": "132047",
    "affair": "JM90000000000001",
    "data_set": "TM00000000000002",
    "items": ["0200000010"],
    "condition": {"fiscal_year": 2026},
    "case_number": "CA-2026-0417",
}
INQUIRY_ANSWER: dict[str, Any] = {
    "outcome": "0000",
    "record": _RECORD,
    "legal_basis": {"row": "I01", "article": "My Number Act, article 19, item 8"},
    "asked_at": "2026-11-22T10:00:00.120000+09:00",
    "answered_at": "2026-11-22T10:00:00.151000+09:00",
    "items": [{"code": "0200000010", "name": "Total income", "value": "3120000", "null_reason": None}],
}
NO_RECORD: dict[str, Any] = {**INQUIRY_ANSWER, "outcome": "0004", "items": []}
REFUSAL = Problem("no-legal-basis", code="2001", record=_RECORD).body()
BULK: dict[str, Any] = {
    "reference": "CA-2026-06",
    "lines": [{"line": "1", **INQUIRY}, {"line": "2", **INQUIRY, "case_number": "CA-2026-0418"}],
}
_BULK_ID = "7b1c5a5e-30d4-4f2e-8a51-0d2f6a1f9c3e"
BULK_NAME: dict[str, Any] = {"bulk": _BULK_ID}
BULK_RECEIPT: dict[str, Any] = {"bulk": _BULK_ID, "lines": 2}
BULK_STATUS: dict[str, Any] = {
    "bulk": _BULK_ID,
    "state": "DONE",
    "lines": 2,
    "settled": 2,
    "outcomes": [{"outcome": "0000", "lines": 1}, {"outcome": "0004", "lines": 1}],
    "accepted_at": "2026-11-22T10:00:00+09:00",
    "ended_at": "2026-11-22T10:00:02+09:00",
    "erased_at": None,
}
BULK_RESULTS: dict[str, Any] = {
    "bulk": _BULK_ID,
    "results": [
        {"line": "1", "outcome": "0000", "record": _RECORD, "row": "I01", "items": INQUIRY_ANSWER["items"]},
        {
            "line": "2",
            "outcome": "0004",
            "record": "3c9a7d52-8f7e-4d0b-b0a5-5d5a3b1c8e10",
            "row": "I01",
            "items": [],
        },
    ],
}
NOTICE: dict[str, Any] = {
    "code": _CODE,
    "affair": "JM90000000000001",
    "reference": "CA-2026-0417-1",
    "kind": "DECISION",
    "subject": "児童手当 認定通知書",
    "body": "児童手当の認定が決まりました。",
    "documents": [{"name": "認定通知書.pdf", "content": "JVBERi0xLjcK"}],
}
NOTICE_RECEIPT: dict[str, Any] = {
    "reference": "CA-2026-0417-1",
    "delivered_at": "2026-11-22T10:00:00+09:00",
    "record": _RECORD,
}
CHARGE: dict[str, Any] = {
    "code": _CODE,
    "affair": "JM90000000000020",
    "reference": "NF-2026-12",
    "title": "保育料 12月分",
    "amount": 18500,
    "due_on": "2026-12-28",
}
CHARGE_RECEIPT: dict[str, Any] = {
    "reference": "NF-2026-12",
    "issued_at": "2026-11-22T10:00:00+09:00",
    "record": _RECORD,
}
COLLECTED: dict[str, Any] = {
    "codes": [
        {
            "acquisition": "0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55",
            "local_id": "000000000012345",
            "epoch": 1,
            "ephemeral": "4vKqdDFqbQ0kQYb0F0z2oP4lY2p2F9o1b0n9m3o1cX0",
            "body": "qN0m3n4Yw7fY0p8Qk2Tj3m8r6F5j2b1vG4c9h7d2sUk",
        }
    ]
}
CONFIRMATION: dict[str, Any] = {"acquisitions": ["0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55"]}
KEYS: dict[str, Any] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "alg": "Ed25519",
            "use": "sig",
        }
    ]
}

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
INQUIRY_NOT_DISCLOSED: dict[str, Any] = {
    **INQUIRY,
    "reference": "CA-2026-0417-TAX",
    "not_disclosed": {"reason": "LIFE_OR_SAFETY", "until": "2027-04-01"},
}
PENDING: dict[str, Any] = {
    "outcome": "0109",
    "record": _RECORD,
    "legal_basis": {"row": "I01", "article": "My Number Act, article 19, item 8"},
    "asked_at": "2026-11-22T10:00:00.120000+09:00",
    "ends_at": "2026-12-02T10:00:00.120000+09:00",
    "result": "/api/v1/inquiries/result",
}
CANCELLED: dict[str, Any] = {**INQUIRY_ANSWER, "outcome": "4002", "items": []}
OWN_RECORD: dict[str, Any] = {"record": _RECORD}
CALLBACK: dict[str, Any] = {"url": "https://exchange.city.example/ended"}
CALLBACK_REGISTERED: dict[str, Any] = {"is_registered": True}
WAITING: dict[str, Any] = {
    "waiting": [
        {
            "record": _RECORD,
            "code": _CODE,
            "inquirer": "132080",
            "data_set": "TM00000000000002",
            "items": ["0200000010"],
            "condition": {"fiscal_year": 2026, "begins_on": None, "ends_on": None},
            "asked_at": "2026-11-22T10:00:00+09:00",
            "ends_at": "2026-12-02T10:00:00.120000+09:00",
        }
    ]
}
DECISION: dict[str, Any] = {
    "record": _RECORD,
    "decision": "ANSWER",
    "items": [{"code": "0200000010", "value": "3120000"}],
    "reason": "checked with the section in charge",
}
DECLINE: dict[str, Any] = {"record": _RECORD, "decision": "DECLINE", "reason": "under protection measures"}
DECIDED: dict[str, Any] = {"record": _RECORD, "outcome": "0000", "decided_at": "2026-11-22T11:20:00+09:00"}
BY_HAND: dict[str, Any] = {"data_set": "TM00000000000002", "code": _CODE, "by_hand": True}
BY_HAND_SET: dict[str, Any] = {"by_hand": True}
REFUSAL = Problem("no-legal-basis", code="2001", record=_RECORD).body()
BLIND_INQUIRY: dict[str, Any] = {
    **{name: value for name, value in INQUIRY.items() if name != "code"},
    "question": {
        "ephemeral": "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY",
        "for_provider": "akkyEPdJnNF_7LUQrgzqI6EQ6NW5AfisrdMJXHOjuRk",
        "for_portal": "lHQfXV1SdV7OTyPwRO4n1dHqHivRlrRiFmsWFSqdAlk",
        "proof": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    },
    "epoch": 1,
    "transaction": "7d6a0f57-3b9f-4f57-9a53-1f0a0f3a9c11",
}
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
QUESTIONS: dict[str, Any] = {
    "questions": [
        {
            "record": _RECORD,
            "ground": "UNCLEAR",
            "text": "どの手続きのための照会ですか。",
            "case_number": "CA-2026-0417",
            "asked_on": "2026-11-22",
            "answer_by": "2026-12-06",
            "is_overdue": False,
        }
    ]
}
ANSWER: dict[str, Any] = {"record": _RECORD, "text": "児童手当の認定のために、所得を確認しました。"}
ANSWERED: dict[str, Any] = {"record": _RECORD, "answered_at": "2026-11-23T10:00:00+09:00"}
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
PERMISSIONS: dict[str, Any] = {
    "protected": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiLi4uIiwidHlwIjoibXlueC1wZXJtaXNzaW9ucytqd3MifQ",
    "payload": "eyJmb3JtYXQiOiJteW5hcG9ydGFsLXBlcm1pc3Npb25zLzEifQ",
    "signature": "0o2VQgOLusc5wSiQz2n90O9KzerlFr0u9llmThuDF5wFBzFf45ZUx5QSSNFQ9Sbc_ByijN4RCeG-2QpHXg5bDQ",
}
COPY_RUN: dict[str, Any] = {
    "kind": "INITIAL",
    "copies": [
        {
            "code": _CODE,
            "data_set": "TM90000000000004",
            "layout_version": 1,
            "publication": {"begins_on": "2026-12-01"},
            "items": {"0400000010": {"value": "老齢基礎年金"}, "0400000020": {"null_reason": "NOT_YET_FIXED"}},
            "reference": "2026-12/000417",
        }
    ],
}
COPY_RECEIPT: dict[str, Any] = {"run": 12, "registered": 1, "unchanged": 0}
WITHDRAWAL: dict[str, Any] = {"code": _CODE, "data_set": "TM90000000000004", "reason": "WRONG_PERSON"}
STOP: dict[str, Any] = {"data_set": "TM90000000000004", "reason": "REPORTED"}
RECALLS: dict[str, Any] = {
    "recalls": [
        {
            "recall": "6b6f2b1c-0d5e-4b43-8a53-0d5f0c5b7f10",
            "record": _RECORD,
            "data_set": "TM00000000000002",
            "reason": "CORRECTED",
            "at": "2026-12-01T10:00:00+09:00",
        }
    ]
}
RECALL_CONFIRMATION: dict[str, Any] = {"recalls": ["6b6f2b1c-0d5e-4b43-8a53-0d5f0c5b7f10"]}
LAYOUTS: dict[str, Any] = {
    "layouts": [
        {
            "data_set": "TM90000000000004",
            "version": 1,
            "title": "年金給付関係情報",
            "valid_from": "2024-05-27",
            "valid_to": None,
            "address": "/api/layouts/TM90000000000004/1",
        }
    ]
}
SAMPLE_LAYOUT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "年金給付関係情報",
    "data_set": "TM90000000000004",
    "version": 1,
    "valid_from": "2024-05-27",
    "valid_to": None,
}
CODE_KEYS: dict[str, Any] = {
    "inquirer": "132080",
    "provider": {
        "agency": "132047",
        "public_key": "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY",
        "thumbprint": "tK7YpkeTaQb2HM4egRX9L5mmvhPq6Ggycbx1_Mi7bh4",
    },
    "portal": {
        "agency": "900043",
        "public_key": "akkyEPdJnNF_7LUQrgzqI6EQ6NW5AfisrdMJXHOjuRk",
        "thumbprint": "NkrSLJ6oXMcycpADzwRqcxtDiBo0ZWst7GwhXSolyK4",
    },
}
CODE_KEY: dict[str, Any] = {
    "public_key": BLIND_INQUIRY["question"]["ephemeral"],
    "proof": BLIND_INQUIRY["question"]["proof"],
}
CODE_KEY_REGISTERED: dict[str, Any] = CODE_KEYS["provider"]
RENEWAL: dict[str, Any] = {"codes": [_CODE]}
RENEWED: dict[str, Any] = {"epoch": 2, "codes": ["a2-" + _CODE.partition("-")[2]]}

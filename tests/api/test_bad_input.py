"""Bad input at every address: a clear problem, nothing recorded or changed, nothing repeated or logged."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from codes.rist1 import Code, format_code
from notifications.models import Mailbox, Message
from payments.models import Charge
from tests.api.sides import PDF, Answered, Country, new_point, record_count
from tests.support import DATABASES

pytestmark = DATABASES

INQUIRIES, NOTICES, CHARGES = "/api/v1/inquiries", "/api/v1/notices", "/api/v1/charges"
COLLECT, CONFIRM, RENEW = "/api/v1/codes/collect", "/api/v1/codes/confirm", "/api/v1/codes/renew"
BLIND, CODE_KEYS, CODE_KEY = "/api/v1/inquiries/blind", "/api/v1/keys/codes", "/api/v1/keys/code-key"
REGISTER, WITHDRAW = "/api/v1/copies/register", "/api/v1/copies/withdraw"
STOP, RESUME = "/api/v1/copies/stop", "/api/v1/copies/resume"
RECALLS, NOTED = "/api/v1/recalls/collect", "/api/v1/recalls/confirm"
QUESTIONS, ANSWER = "/api/v1/questions/collect", "/api/v1/questions/answer"
BULK, BULK_RESULTS = "/api/v1/inquiries/bulk", "/api/v1/inquiries/bulk/results"
# One reader reads them all: every mistake is made at these, the first of each kind everywhere.
THOROUGHLY = [INQUIRIES, NOTICES, CHARGES, COLLECT, CONFIRM, REGISTER]
ADDRESSES = [
    *THOROUGHLY, WITHDRAW, STOP, RESUME, RECALLS, NOTED, QUESTIONS, ANSWER, RENEW, BLIND, CODE_KEYS, CODE_KEY,
    BULK, BULK_RESULTS,
]  # fmt: skip


def everywhere(mistakes: Iterable[str]) -> list[tuple[str, str]]:
    return [(path, name) for path in ADDRESSES for at, name in enumerate(mistakes) if at == 0 or path in THOROUGHLY]


# Never issued; its check digit is right.
NUMBER = "123456789018"
NAME = "山田　花子"


def assert_problem(answer: Answered, status: int, kind: str) -> None:
    assert (answer.status, answer.kind, answer.json["status"]) == (status, kind, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["title"]
    assert answer.json["detail"]


def assert_nothing_happened() -> None:
    counts = (record_count(), Mailbox.objects.count(), Message.objects.count(), Charge.objects.count())
    assert counts == (0, 0, 0, 0)


def good_body(country: Country, path: str) -> dict[str, Any]:
    """A whole body, where an empty one is none."""
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        INQUIRIES: country.inquiry,
        NOTICES: country.notice,
        CHARGES: country.charge,
        REGISTER: country.copy_run,
        WITHDRAW: country.withdrawal,
        STOP: country.stop,
        RESUME: lambda: {"data_set": "TM00000000000002"},
        BLIND: country.blind_inquiry,
        CODE_KEY: country.chofu.own_key,
        BULK: lambda: {"reference": "R", "lines": [{"line": "1", **country.inquiry()}]},
        BULK_RESULTS: lambda: {"bulk": "5f0c1c1e-7a52-4f0b-9a42-0b8f6d0f4c11"},
    }
    return bodies.get(path, dict)()


MALFORMED = {
    "empty": b"",
    "no json": b"{",
    "comma": b'{"code": 1,}',
    "single quotes": b"{'code': 1}",
    "two values": b"{} {}",
    "list": b"[]",
    "string": b'"code"',
    "null": b"null",
    "twice": b'{"code": "a", "code": "b"}',
    "twice below": b'{"condition": {"fiscal_year": 2026, "fiscal_year": 2025}}',
    "nan": b'{"amount": NaN}',
    "infinity": b'{"amount": -Infinity}',
    "not utf-8": '{"code": "花子"}'.encode("shift_jis"),
    "utf-16": '{"code": "a"}'.encode("utf-16"),
    "bom": b"\xef\xbb\xbf{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "long number": b'{"amount": ' + b"9" * 10_000 + b"}",
    "raw control": b'{"code": "a\x00b"}',
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize(("path", "name"), everywhere(MALFORMED))
def test_malformed_json(country: Country, path: str, name: str) -> None:
    answer = country.chofu.post(path, MALFORMED[name])
    assert_problem(answer, 400, "malformed-json")
    assert_nothing_happened()


@pytest.mark.parametrize("path", ADDRESSES)
def test_ten_megabytes(country: Country, path: str) -> None:
    body = b'{"code": "' + b"x" * 10_000_000 + b'"}'
    assert_problem(country.chofu.post(path, body), 413, "too-large")
    assert_nothing_happened()


@pytest.mark.parametrize(
    ("path", "kind"),
    everywhere(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]),
)
def test_another_media_type(country: Country, path: str, kind: str) -> None:
    assert_problem(country.chofu.post(path, {}, content_type=kind), 415, "unsupported-media-type")


@pytest.mark.parametrize(("path", "accept"), everywhere(["text/html", "application/xml", "application/json;q=0"]))
def test_another_answer_is_wanted(country: Country, path: str, accept: str) -> None:
    assert_problem(country.chofu.post(path, {}, Accept=accept), 406, "not-acceptable")


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", "application/problem+json", "text/html, */*;q=0.1"])
def test_an_answer_that_is_wanted(country: Country, accept: str) -> None:
    assert country.chofu.post(COLLECT, {}, Accept=accept).status == 200


@pytest.mark.parametrize(("path", "method"), everywhere(["get", "put", "patch", "delete", "options", "head", "trace"]))
def test_another_method(country: Country, path: str, method: str) -> None:
    headers = {"Authorization": f"Bearer {country.chofu.token()}", "Content-Type": "application/json"}
    response = country.chofu.web.generic(
        method.upper(), path, headers=country.chofu.signed(method.upper(), path, b"", headers)
    )
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.headers["Content-Type"] == "application/problem+json"


ABSENT = object()
WRONG_CODES = {
    "absent": ABSENT,
    "null": None,
    "empty": "",
    "number": 5,
    "list": ["a1"],
    "object": {"a": 1},
    "true": True,
    "individual number": NUMBER,
    "upper case": "A1-" + "A" * 52,
    "short": "a1-" + "a" * 51,
    "long": "a1-" + "a" * 53,
    "no point": "a1-" + "z" * 51 + "q",
    "identity": "a1-" + "a" * 52,
    "epoch 0": "a0-" + "a" * 52,
    "newline": format_code(Code(new_point(), 1)) + "\n",
    "full width": "ａ１-" + "a" * 52,
    "surrogate": "a1-\ud800" + "a" * 51,
}


@pytest.mark.parametrize("path", [INQUIRIES, NOTICES, CHARGES, WITHDRAW])
@pytest.mark.parametrize("name", WRONG_CODES)
def test_a_malformed_code(country: Country, path: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    body = good_body(country, path)
    value = WRONG_CODES[name]
    body = {k: v for k, v in (body | {"code": value}).items() if v is not ABSENT}
    answer = country.chofu.post(path, body)
    assert_problem(answer, 400, "invalid-request")
    assert [error["field"] for error in answer.json["errors"]] == ["code"]
    assert_nothing_happened()
    if isinstance(value, str) and len(value) > 5:
        assert value.strip() not in answer.text + caplog.text


WRONG = [
    (INQUIRIES, "provider", 132047),
    (INQUIRIES, "provider", "13204"),
    (INQUIRIES, "provider", "132047\n"),
    (INQUIRIES, "provider", "１３２０４７"),
    (INQUIRIES, "affair", "JM9000000000000"),
    (INQUIRIES, "affair", NUMBER),
    (INQUIRIES, "affair", ["JM90000000000001"]),
    (INQUIRIES, "data_set", "local tax"),
    (INQUIRIES, "items", []),
    (INQUIRIES, "items", "0200000010"),
    (INQUIRIES, "items", {"0": "0200000010"}),
    (INQUIRIES, "items", ["0200000010"] * 2),
    (INQUIRIES, "items", [f"{i:010}" for i in range(51)]),
    (INQUIRIES, "items", ["income"]),
    (INQUIRIES, "items", [200000010]),
    (INQUIRIES, "items", [None]),
    (INQUIRIES, "condition", "2026"),
    (INQUIRIES, "condition", [2026]),
    (INQUIRIES, "condition", {"fiscal_year": "2026"}),
    (INQUIRIES, "condition", {"fiscal_year": 2026.0}),
    (INQUIRIES, "condition", {"fiscal_year": True}),
    (INQUIRIES, "condition", {"fiscal_year": 26}),
    (INQUIRIES, "condition", {"fiscal_year": 10**20}),
    (INQUIRIES, "condition", {"as_of": "2026-02-30"}),
    (INQUIRIES, "condition", {"as_of": "2026-6-1"}),
    (INQUIRIES, "condition", {"as_of": "20260601"}),
    (INQUIRIES, "condition", {"as_of": "2026-W01-1"}),
    (INQUIRIES, "condition", {"as_of": "0001-01-01"}),
    (INQUIRIES, "condition", {"as_of": "2026-06-01T00:00:00Z"}),
    (INQUIRIES, "condition", {"year": 2026}),
    (INQUIRIES, "case_number", ""),
    (INQUIRIES, "case_number", "   "),
    (INQUIRIES, "case_number", "x" * 41),
    (INQUIRIES, "case_number", 417),
    (INQUIRIES, "case_number", "a\x00b"),
    (INQUIRIES, "case_number", "a\nb"),
    (INQUIRIES, "case_number", "a\u202eb"),
    (INQUIRIES, "case_number", "a\ud800b"),
    (INQUIRIES, "case_number", NUMBER),
    (INQUIRIES, "case_number", "1234-5678-9018"),
    (INQUIRIES, "case_number", "１２３４ ５６７８ ９０１８"),
    (BULK, "lines", None),
    (BULK, "lines", {"0": {}}),
    (BULK, "reference", "with space"),
    (BULK, "reference", NUMBER),
    (BULK_RESULTS, "bulk", "5F0C1C1E-7A52-4F0B-9A42-0B8F6D0F4C11"),
    (BULK_RESULTS, "bulk", 1),
    (BULK_RESULTS, "limit", 1001),
    (BULK_RESULTS, "after", -1),
    (NOTICES, "reference", ""),
    (NOTICES, "reference", "x" * 65),
    (NOTICES, "reference", "with space"),
    (NOTICES, "reference", "参照"),
    (NOTICES, "reference", NUMBER),
    (NOTICES, "reference", 12),
    (NOTICES, "subject", "two\nlines"),
    (NOTICES, "subject", "x" * 201),
    (NOTICES, "subject", ""),
    (NOTICES, "body", ""),
    (NOTICES, "body", "x" * 20_001),
    (NOTICES, "body", "bell\x07"),
    (NOTICES, "body", ["line"]),
    (NOTICES, "kind", "BILL"),
    (NOTICES, "kind", 1),
    (NOTICES, "documents", {"name": "a.pdf"}),
    (NOTICES, "documents", ["a.pdf"]),
    (NOTICES, "documents", [{"name": "a.pdf"}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": "JVBERi0", "size": 1}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": base64.b64encode(PDF).decode()}] * 11),
    (NOTICES, "documents", [{"name": "a.exe", "content": base64.b64encode(PDF).decode()}]),
    (NOTICES, "documents", [{"name": "../a.pdf", "content": base64.b64encode(PDF).decode()}]),
    (NOTICES, "documents", [{"name": ".pdf", "content": base64.b64encode(PDF).decode()}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": base64.b64encode(b"MZ..%PDF-").decode()}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": base64.b64encode(PDF).decode()[:-2] + "*="}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": base64.urlsafe_b64encode(b"%PDF-\xff\xfe\xff\xfe").decode()}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": "é"}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": ""}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": None}]),
    (NOTICES, "documents", [{"name": "a.pdf", "content": list(PDF)}]),
    (CHARGES, "title", ""),
    (CHARGES, "title", "x" * 101),
    (CHARGES, "title", "two\nlines"),
    (CHARGES, "amount", 0),
    (CHARGES, "amount", -1),
    (CHARGES, "amount", 100_000_000),
    (CHARGES, "amount", 18500.0),
    (CHARGES, "amount", "18500"),
    (CHARGES, "amount", True),
    (CHARGES, "amount", None),
    (CHARGES, "amount", [1]),
    (CHARGES, "due_on", "28.12.2026"),
    (CHARGES, "due_on", "2026-13-01"),
    (CHARGES, "due_on", 20261228),
    (CHARGES, "due_on", "9999-12-31"),
    (REGISTER, "kind", "DELETION"),
    (REGISTER, "kind", None),
    (REGISTER, "copies", []),
    (REGISTER, "copies", {}),
    (REGISTER, "copies", [{}] * 501),
    (REGISTER, "copies", ["copy"]),
    (WITHDRAW, "data_set", "local tax"),
    (WITHDRAW, "period", {}),
    (WITHDRAW, "period", 2026),
    (WITHDRAW, "period", {"ends_on": "2026-04-01"}),
    (WITHDRAW, "period", {"fiscal_year": 2026, "begins_on": "2026-04-01"}),
    (WITHDRAW, "period", {"begins_on": "2026-04-02", "ends_on": "2026-04-01"}),
    (WITHDRAW, "reason", "because of Hanako"),
    (STOP, "code", NUMBER),
    (STOP, "data_set", None),
    (STOP, "reason", "because of Hanako"),
    (RESUME, "code", NUMBER),
    (RESUME, "data_set", 5),
    (RECALLS, "limit", 0),
    (NOTED, "recalls", []),
    (NOTED, "recalls", ["0d0f2b8a64c54b8c9d3b6c1f6f7a2c55"]),
    (COLLECT, "limit", 0),
    (COLLECT, "limit", 501),
    (COLLECT, "limit", "5"),
    (QUESTIONS, "limit", 501),
    (BLIND, "question", "x"),
    (BLIND, "question", {"ephemeral": "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY"}),
    (BLIND, "epoch", 0),
    (BLIND, "epoch", "1"),
    (BLIND, "transaction", "1"),
    (BLIND, "case_number", NUMBER),
    (RENEW, "codes", []),
    (RENEW, "codes", "a1-ul6of7lrhsjjps7pr75ybmnypxjmmmonqnojdxchuzlyvzihrmcq"),
    (RENEW, "codes", ["a1-" + "z" * 51 + "q"]),
    (RENEW, "codes", [None]),
    (RENEW, "codes", ["a1-ul6of7lrhsjjps7pr75ybmnypxjmmmonqnojdxchuzlyvzihrmcq"] * 1001),
    (CODE_KEYS, "provider", "13204"),
    (CODE_KEY, "public_key", "A" * 43),
    (CODE_KEY, "public_key", "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY="),
    (CODE_KEY, "public_key", "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXZ"),
    (CODE_KEY, "public_key", 5),
    (CODE_KEY, "proof", "AA"),
    (CODE_KEY, "proof", "é" * 86),
    (CONFIRM, "acquisitions", []),
    (CONFIRM, "acquisitions", "0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55"),
    (CONFIRM, "acquisitions", [1]),
    (CONFIRM, "acquisitions", ["0d0f2b8a64c54b8c9d3b6c1f6f7a2c55"]),
    (CONFIRM, "acquisitions", ["0d0f2b8a-64c5-4b8c-9d3b-6c1f6f7a2c55"] * 501),
]


@pytest.mark.parametrize(("path", "name", "value"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_a_wrong_field(country: Country, path: str, name: str, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    body = good_body(country, path)
    answer = country.chofu.post(path, {**body, name: value})
    assert_problem(answer, 400, "invalid-request")
    assert {error["field"].split(".")[0] for error in answer.json["errors"]} == {name}
    assert_nothing_happened()
    for part in _texts(value):
        if len(part.strip()) > 5:
            assert part.strip() not in answer.text + caplog.text


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for entry in value.values() for text in _texts(entry)]
    if isinstance(value, list):
        return [text for entry in value for text in _texts(entry)]
    return [value] if isinstance(value, str) else []


REQUIRED = {
    INQUIRIES: ["code", "provider", "affair", "data_set", "items", "case_number"],
    NOTICES: ["code", "affair", "reference", "subject", "body"],
    CHARGES: ["code", "affair", "reference", "title", "amount", "due_on"],
    COLLECT: [],
    BULK: ["reference", "lines"],
    BULK_RESULTS: ["bulk"],
    CONFIRM: ["acquisitions"],
    REGISTER: ["kind", "copies"],
    WITHDRAW: ["code", "data_set", "reason"],
    STOP: ["data_set", "reason"],
    RESUME: ["data_set"],
    RECALLS: [],
    NOTED: ["recalls"],
    QUESTIONS: [],
    ANSWER: ["record", "text"],
    RENEW: ["codes"],
    BLIND: ["question", "epoch", "transaction", "provider", "affair", "data_set", "items", "case_number"],
    CODE_KEYS: ["provider"],
    CODE_KEY: ["public_key", "proof"],
}


@pytest.mark.parametrize("path", [path for path in ADDRESSES if REQUIRED[path]])
def test_an_empty_object_names_everything_that_is_missing(country: Country, path: str) -> None:
    answer = country.chofu.post(path, {})
    assert_problem(answer, 400, "invalid-request")
    assert sorted(error["field"] for error in answer.json["errors"]) == sorted(REQUIRED[path])


@pytest.mark.parametrize(
    ("path", "name"), everywhere(["note", "Code", NUMBER, NAME, "a1-" + "b" * 52, "__proto__", ""])
)
def test_an_unknown_field(country: Country, path: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    body = good_body(country, path)
    answer = country.chofu.post(path, {**body, name: NAME})
    assert_problem(answer, 400, "invalid-request")
    assert [error["field"] for error in answer.json["errors"]] == [""]
    assert answer.json["errors"][0]["detail"].startswith("Has an unknown field. The fields are: ")
    for secret in (NUMBER, NAME, "b" * 52):
        assert secret not in answer.text + caplog.text
    assert_nothing_happened()


def test_a_document_of_four_megabytes_and_one_byte(country: Country) -> None:
    large = PDF + b"0" * (4 * 1024 * 1024 + 1 - len(PDF))
    document = {"name": "a.pdf", "content": base64.b64encode(large).decode()}
    answer = country.chofu.post(NOTICES, country.notice(documents=[document]))
    assert_problem(answer, 400, "invalid-request")
    assert answer.json["errors"] == [{"field": "documents.0.content", "detail": "Must be at most 4 MB."}]
    assert_nothing_happened()


def test_a_document_of_four_megabytes(country: Country) -> None:
    large = PDF + b"0" * (4 * 1024 * 1024 - len(PDF))
    document = {"name": "a.pdf", "content": base64.b64encode(large).decode()}
    assert country.chofu.post(NOTICES, country.notice(documents=[document])).status == 201


def test_an_address_that_holds_a_code(country: Country, caplog: pytest.LogCaptureFixture) -> None:
    """Someone puts a code into an address all the same: it is neither repeated nor logged."""
    code = country.chofu.printed_code_for(country.hanako)
    for path in (f"/api/v1/inquiries/{code}", f"/api/v1/persons/{NUMBER}", f"/api/{code}", f"/api/problems/{code}/"):
        answer = country.chofu.post(path, {})
        assert_problem(answer, 404, "not-found")
        assert code not in answer.text
        assert NUMBER not in answer.text
    assert code not in caplog.text
    assert NUMBER not in caplog.text


def test_what_was_sent_is_in_no_log_and_no_refusal(country: Country, caplog: pytest.LogCaptureFixture) -> None:
    """Through every address, accepted and refused: no code, no name, no token in any log line."""
    caplog.set_level("DEBUG", logger="api")
    token = country.chofu.token()
    code = country.chofu.printed_code_for(country.hanako)
    country.chofu.post(INQUIRIES, country.inquiry(case_number=NAME), token=token)
    refused = country.chofu.post(INQUIRIES, country.inquiry(case_number=NAME, provider="900019"), token=token)
    country.chofu.post(NOTICES, country.notice(subject=NAME, body=NAME), token=token)
    taken = country.chofu.post(NOTICES, country.notice(subject=NAME * 2, body=NAME), token=token)
    country.chofu.post(CHARGES, country.charge(title=NAME), token=token)
    assert (refused.status, taken.status) == (403, 409)
    for text in (caplog.text, refused.text, taken.text):
        for secret in (code, code[3:], NAME, token):
            assert secret not in text


def test_random_bodies_are_answered_with_a_problem(country: Country) -> None:
    """No body whatever gets anything but a problem: values of every JSON kind in every field."""
    token = country.chofu.token()
    values = [None, True, 0, -1, 1.5, 1e400, "", "x", "0" * 300, [], [[]], [{}], {}, {"a": {"b": []}}, "\u0000", "💣"]
    for path in (INQUIRIES, NOTICES, CHARGES, CONFIRM, REGISTER, WITHDRAW, STOP, NOTED, ANSWER, BULK, BULK_RESULTS):
        for name in REQUIRED[path]:
            for value in values:
                body = json.dumps({name: value}).replace("Infinity", "1e999").encode()
                answer = country.chofu.post(path, body, token=token)
                assert_problem(answer, 400, "invalid-request")
    assert_nothing_happened()

"""An agency's own system answers the service, and nobody else; each event has one answer and one record."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from codes import rist1
from codes.rist1 import Code, format_code
from exchange import messages
from mynx import __main__ as program
from mynx import keys, permissions
from mynx.agency import Agency, Unusable
from mynx.client import Service
from mynx.holdings import Holdings, Period
from mynx.provider import Provider
from mynx.serve import ProviderServer
from tests.committed import ROOT

TAX, TOTAL, SALARY = "TM00000000000002", "0200000010", "0200000020"
HANAKO, TARO, NOBODY = (Code(rist1.person_point(bytes([n]) * 32), 1) for n in (1, 2, 3))
CODE_KEY = rist1.private_key_from(bytes([9]) * 32)
CSV = f"""local_id,code,data_set,item,value,null_reason,period
7,,{TAX},{TOTAL},100,,2025
7,,{TAX},{TOTAL},200,,2026
7,,{TAX},{SALARY},,WITHHELD,2026
,{format_code(TARO)},{TAX},{TOTAL},300,,2026-04-01/2026-09-30
,{format_code(TARO)},{TAX},{TOTAL},400,,2026-10-01/
99,,{TAX},{TOTAL},500,,2026
"""
SERVICE = OKPKey.generate_key("Ed25519")
SERVICE_KEY = Ed25519PrivateKey.from_private_bytes(keys.to_bytes(str(SERVICE.as_dict(private=True)["d"])))
KID = SERVICE.thumbprint()
CLIENT = OKPKey.generate_key("Ed25519")


@dataclass
class Answered:
    """One answer, with what it must be bound to."""

    status: int
    body: bytes
    message: messages.Answer

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def is_signed(self) -> bool:
        key = CLIENT.public_key
        messages.verify_answer(self.message, self.body, key=key, keyid="the-client", at=datetime.now(UTC))
        return True


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    where = tmp_path / "132047"
    where.mkdir()
    client = {"client_id": "the-client", "token_endpoint": "http://127.0.0.1:9/api/oauth/token"}
    (where / "client.json").write_text(json.dumps(client | {"private_jwk": CLIENT.as_dict(private=True)}))
    (where / "code_key.json").write_text(json.dumps({"private_key": keys.to_text(CODE_KEY)}))
    line = f"7,山田　花子,,1990-04-15,{format_code(HANAKO)}"
    (where / "people.csv").write_text(f"local_id,name,kana,birth_date,code\n{line}\n")
    (where / "holdings.csv").write_text(CSV)
    Agency(where).pin([{**SERVICE.as_dict(private=False), "kid": KID}])
    return where


def new_server(directory: Path, **options: Any) -> ProviderServer:
    side = Agency(directory)
    codes = {local_id: code for code, local_id in side.local_ids().items()}
    provider = Provider(side, Holdings.read(directory / "holdings.csv", codes=codes), **options)
    server = ProviderServer(provider, Service(side), port=0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def server(directory: Path) -> Iterator[ProviderServer]:
    with new_server(directory) as one:
        yield one
        one.shutdown()


def question(person: Code = HANAKO, **changes: Any) -> dict[str, Any]:
    content = {
        "reference": str(uuid.uuid4()),
        "inquirer": "132080",
        "row": "I01",
        "data_set": TAX,
        "items": [TOTAL, SALARY],
        "condition": {"fiscal_year": 2026},
        "deadline": "2026-11-24T00:00:00Z",
        "codes": [format_code(person)],
    } | changes
    return {name: value for name, value in content.items() if value is not None}


def signed(url: str, content: Any, *, at: datetime | None = None, key: Any = SERVICE_KEY) -> messages.Request:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return messages.request_to(url, body, key=key, keyid=KID, at=at or datetime.now(UTC))


def send(url: str, content: Any, request: messages.Request | None = None, **headers: str) -> Answered:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    request = request or signed(url, body)
    sent = urllib.request.Request(url, data=body, headers={**request.headers, **headers}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(sent, timeout=20) as response:  # noqa: S310
            status, found, text = response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        status, found, text = error.code, dict(error.headers), error.read()
    return Answered(status, text, messages.Answer(status, found, request))


def journal(directory: Path) -> list[dict[str, Any]]:
    return list(Agency(directory).journal("provisions"))


def test_an_answer_is_signed_for_its_request_and_on_record(server: ProviderServer, directory: Path) -> None:
    asked = question()
    answer = send(server.url, asked)
    assert answer.json == {
        "outcome": "0000",
        "items": [{"code": TOTAL, "value": "200"}, {"code": SALARY, "null_reason": "WITHHELD"}],
    }
    assert (answer.status, answer.is_signed()) == (200, True)
    [line] = journal(directory)
    assert {name: line[name] for name in ("reference", "person", "inquirer", "row", "outcome")} == {
        "reference": asked["reference"], "person": "7", "inquirer": "132080", "row": "I01", "outcome": "0000",
    }  # fmt: skip
    assert "200" not in line.values() and format_code(HANAKO) not in json.dumps(line)
    assert stat.S_IMODE((directory / "provisions.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("person", "condition", "value"),
    [
        (HANAKO, {}, "200"),
        (HANAKO, {"fiscal_year": 2025}, "100"),
        (HANAKO, {"fiscal_year": 2024}, None),
        (TARO, {}, "400"),
        (TARO, {"begins_on": "2026-05-01", "ends_on": "2026-05-01"}, "300"),
        (TARO, {"begins_on": "2026-05-01"}, "400"),
        (TARO, {"ends_on": "2026-03-31"}, None),
        (NOBODY, {}, None),
    ],
)
def test_the_copy_that_meets_the_condition(
    server: ProviderServer, person: Code, condition: dict[str, Any], value: str | None
) -> None:
    answer = send(server.url, question(person, condition=condition, items=[TOTAL]))
    expected = {"outcome": "0000", "items": [{"code": TOTAL, "value": value}]} if value else {"outcome": "0004"}
    assert (answer.status, answer.json) == (200, expected)


def test_what_is_not_held_says_so(server: ProviderServer) -> None:
    answer = send(server.url, question(items=["0200000070"]))
    assert answer.json["items"] == [{"code": "0200000070", "null_reason": "NOT_HELD"}]
    assert send(server.url, question(data_set="TM00000000000001")).json == {"outcome": "3003"}


def test_hidden_codes_are_opened(server: ProviderServer, directory: Path) -> None:
    hidden = [rist1.blind(code.value, rist1.public_key(CODE_KEY)) for code in (NOBODY, HANAKO)]
    sent = [{"epoch": 1, "ephemeral": keys.to_text(each.ephemeral), "body": keys.to_text(each.body)} for each in hidden]
    asked = question(codes=None, hidden=sent, items=[TOTAL])
    assert send(server.url, asked).json["items"] == [{"code": TOTAL, "value": "200"}]
    again = [rist1.scale(each, (1).to_bytes(32, "little"), rist1.public_key(CODE_KEY)) for each in hidden]
    sent = [{"epoch": 1, "ephemeral": keys.to_text(each.ephemeral), "body": keys.to_text(each.body)} for each in again]
    assert send(server.url, asked | {"hidden": sent}).status == 200
    assert [line["person"] for line in journal(directory)] == ["7"]


def test_the_same_question_has_one_answer_and_one_record_also_after_a_restart(directory: Path) -> None:
    asked = question()
    with new_server(directory) as first:
        bodies = {send(first.url, asked).body for _ in range(2)}
        first.shutdown()
    with new_server(directory) as second:
        bodies.add(send(second.url, asked | {"deadline": "2026-11-25T00:00:00Z"}).body)
        assert send(second.url, asked | {"items": [TOTAL]}).status == 409
        assert send(second.url, asked | {"codes": [format_code(TARO)]}).status == 409
        second.shutdown()
    assert (len(bodies), len(journal(directory))) == (1, 1)
    (directory / "holdings.csv").write_text(CSV.replace(",200,", ",201,"))
    with new_server(directory) as third:
        assert send(third.url, asked).status == 409
        assert send(third.url, question()).json["items"][0]["value"] == "201"
        third.shutdown()


def test_many_at_once_make_one_record(server: ProviderServer, directory: Path) -> None:
    asked, answers = question(), []
    threads = [threading.Thread(target=lambda: answers.append(send(server.url, asked).body)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers)), len(journal(directory))) == (8, 1, 1)


def test_held_and_not_permitted(directory: Path) -> None:
    with new_server(directory, held=[TAX]) as server:
        answer = send(server.url, question())
        assert (answer.status, answer.json, answer.is_signed()) == (202, {"outcome": "0101"}, True)
        server.shutdown()
    with new_server(directory, permits=lambda asked: asked.row != "I01") as server:
        assert send(server.url, question()).json == {"outcome": "4001"}
        server.shutdown()
    assert [line["outcome"] for line in journal(directory)] == ["0101", "4001"]


def test_only_what_the_service_signed_just_now_for_this_address_is_answered(
    server: ProviderServer, directory: Path
) -> None:
    asked = question()
    url, now = server.url, datetime.now(UTC)
    good = signed(url, asked)
    plain = {"Content-Type": "application/json"}
    label = good.headers["Signature-Input"]
    refused = {
        "unsigned": send(url, asked, messages.Request("POST", url, plain)),
        "another key": send(url, asked, signed(url, asked, key=Ed25519PrivateKey.generate())),
        "another address": send(url, asked, signed(url + "/x", asked)),
        "another body": send(url, asked | {"items": [TOTAL]}, good),
        "stale": send(url, asked, signed(url, asked, at=now - timedelta(seconds=61))),
        "ahead": send(url, asked, signed(url, asked, at=now + timedelta(seconds=20))),
        "another name": send(url, asked, good, **{"Signature-Input": label.replace(KID, "x")}),
        "another time": send(url, asked, good, **{"Signature-Input": label + "0"}),
        "garbage": send(url, asked, good, Signature="mynx=:?:"),
    }
    assert {name: answer.status for name, answer in refused.items()} == dict.fromkeys(refused, 401)
    assert all("signature" not in answer.message.headers for answer in refused.values())
    assert not journal(directory)
    assert [send(url, asked, good).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 60_000, 400),
        (question(reference="7"), 400),
        (question(codes=None), 400),
        (question(codes=[]), 400),
        (question(codes=[7]), 400),
        (question(items=[]), 400),
        (question(condition=None), 400),
        (question(condition={"begins_on": "yesterday"}), 400),
        (question(hidden=[{"epoch": 1, "ephemeral": "AAAA", "body": "AAAA"}]), 400),
        (question(hidden=[{"epoch": 1}]), 400),
        (b" " * 70_000, 413),
    ],
)
def test_what_is_no_question_is_refused(server: ProviderServer, directory: Path, content: Any, status: int) -> None:
    assert send(server.url, content).status == status
    assert not journal(directory)


def test_other_addresses_and_lengths(server: ProviderServer) -> None:
    assert send(server.url + "/x", question()).status == 404
    assert send(server.url, b"{}", **{"Content-Length": "-1"}).status == 413


def test_without_pinned_keys_and_a_service_nothing_is_answered(directory: Path) -> None:
    (directory / "service_keys.json").unlink()
    with new_server(directory) as server:
        assert send(server.url, question()).status == 503
        server.shutdown()
    assert not journal(directory)


@pytest.mark.parametrize(
    "line",
    [
        f"7,,{TAX},{TOTAL},1,NOT_HELD,2026",
        f"7,,{TAX},{TOTAL},,,2026",
        f"7,,{TAX},{TOTAL},,BECAUSE,2026",
        f"7,,{TAX},,1,,2026",
        f"7,,{TAX},{TOTAL},1,,this year",
        f"99,,{TAX},{TOTAL},1,,2026-13-01/",
        "7",
    ],
)
def test_a_line_that_cannot_be_read_is_named(directory: Path, line: str) -> None:
    (directory / "holdings.csv").write_text(f"{CSV}{line}\n")
    with pytest.raises(Unusable, match="line 8"):
        Holdings.read(directory / "holdings.csv", codes={"7": format_code(HANAKO)})


def test_periods_are_read_as_they_are_written() -> None:
    assert Period.parse("") == Period()
    assert Period.parse("2026") == Period(fiscal_year=2026)
    assert Period.parse("/2026-03-31") == Period(ends_on=datetime(2026, 3, 31).date())


def statement(**changes: Any) -> dict[str, str]:
    """A permission table as the service signs it: Chofu asks Mitaka by one row."""
    now = datetime.now(UTC)
    parties = [("132080", "MUNICIPALITY"), ("132047", "MUNICIPALITY"), ("900019", "PENSION")]
    row = {
        "row": "I01", "kind": "INQUIRY", "requester_kind": "MUNICIPALITY", "affair": "JM90000000000001",
        "provider_kind": "MUNICIPALITY", "data_set": TAX, "items": [TOTAL, SALARY],
        "valid_from": "2024-05-27", "valid_to": None,
    }  # fmt: skip
    content = {
        "format": permissions.FORMAT,
        "version": 1,
        "issued_at": (now - timedelta(hours=1)).isoformat(),
        "expires_at": (now + timedelta(hours=1)).isoformat(),
        "agencies": [
            {"local_code": code, "kind": kind, "is_active": True, "assessment_until": "2031-03-31"}
            for code, kind in parties
        ],
        "rows": [row],
    } | changes
    header = {"alg": "Ed25519", "kid": KID, "typ": permissions.KIND}
    protected, payload = (keys.to_text(json.dumps(part).encode()) for part in (header, content))
    signature = SERVICE_KEY.sign(f"{protected}.{payload}".encode())
    return {"protected": protected, "payload": payload, "signature": keys.to_text(signature)}


@contextmanager
def as_a_program(directory: Path, *options: str) -> Iterator[str]:
    """`mynx serve`, started; where it answers."""
    given = ["serve", "--agency", str(directory), "--holdings", str(directory / "holdings.csv"), "--port", "0"]
    command = [sys.executable, "-m", "mynx", *given, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2].rstrip(";")
    finally:
        process.terminate()
        process.wait()


def test_as_a_program_it_answers_what_the_table_permits(directory: Path) -> None:
    """The service publishes nothing here: the last table that was kept is relied on."""
    Agency(directory).keep(permissions.FILE, statement())
    with as_a_program(directory) as url:
        assert send(url, question()).json["items"][0]["value"] == "200"
        for changes in ({"row": "I02"}, {"items": [TOTAL, "9999999999"]}, {"inquirer": "900019"}):
            declined = send(url, question(**changes))
            assert declined.is_signed()
            assert (declined.status, declined.json) == (200, {"outcome": "4001"})


@pytest.mark.parametrize("kept", [None, {"expires_at": "2026-01-01T00:00:00Z"}], ids=["none", "expired"])
def test_as_a_program_it_answers_nothing_without_a_table(directory: Path, kept: dict[str, Any] | None) -> None:
    if kept is not None:
        Agency(directory).keep(permissions.FILE, statement(**kept))
    with as_a_program(directory) as url:
        answered = send(url, question())
        assert answered.status == 503
        assert set(answered.json) == {"error"}
    assert not (directory / "provisions.jsonl").exists()
    with as_a_program(directory, "--unchecked") as url:
        assert send(url, question()).status == 200


def test_as_a_program_it_does_not_start_with_what_is_not_right(directory: Path, capsys: Any) -> None:
    given = ["serve", "--agency", str(directory), "--holdings", str(directory / "holdings.csv"), "--port", "0"]
    Agency(directory).keep(permissions.FILE, statement())
    assert program.main([*given, "--local-code", "999999"]) == program.NOT_BELIEVED
    assert "does not know us" in capsys.readouterr().err
    (directory / "holdings.csv").write_text("7\n8\n")
    assert program.main(given) == program.NOT_BELIEVED


def test_a_nonce_may_come_back_when_no_signature_with_it_can_live(server: ProviderServer, monkeypatch: Any) -> None:
    server.use('"n"')
    later = time.monotonic() + 66
    monkeypatch.setattr("mynx.serve.time.monotonic", lambda: later)
    server.use('"n"')
    assert list(server._nonces) == ['"n"']

"""A provider's own system is asked: what it must be told, what is believed of it, and what stays when it fails."""

from __future__ import annotations

import json
import logging
import socket
import struct
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from agencies import registry
from agencies.models import Agency, ProviderBreaker
from codes import blind
from codes.blind import Keys
from codes.rist1 import format_code
from exchange import conversion
from exchange.providers import remote
from exchange.providers.breaker import State, state
from exchange.providers.question import Held, NotReached, TooLate
from holdings.models import Protection, ProvisionCopy
from holdings.periods import Period
from holdings.provide import ItemValue, Provision
from mynx import signatures
from tests.exchange import remote_side
from tests.exchange.people import (
    CHOFU,
    FUCHU,
    HANAKO,
    KENJI,
    LOCAL_TAX,
    MITAKA,
    SALARY,
    TOKYO,
    TOTAL_INCOME,
    agency,
    code_at,
)
from tests.exchange.remote_side import (
    GOOD,
    INCOME,
    ITEMS,
    Asked,
    Key,
    Scripted,
    ask,
    busy,
    good,
    http_answer,
    question,
    real_system,
    says,
    scripted_system,
)
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]
ANSWER = Provision("0000", [ItemValue(TOTAL_INCOME, INCOME, None), ItemValue(SALARY, None, "NOT_APPLICABLE")])


@pytest.fixture
def key(agencies: None) -> Key:
    return remote_side.new_key(MITAKA)


def test_an_answer_and_the_two_records_of_it(key: Key, tmp_path: Path) -> None:
    asked = question()
    with real_system(key, tmp_path) as server:
        assert ask(asked) == ANSWER
        [noted] = list(server.provider.agency.journal("provisions"))
    copy = ProvisionCopy.objects.get()
    of_copy = [str(copy.id), copy.agency, copy.inquirer, copy.data_set, copy.items, copy.outcome]
    assert of_copy == [asked.reference, MITAKA, CHOFU, LOCAL_TAX, f"{TOTAL_INCOME} {SALARY}", "0000"]
    assert copy.code == asked.codes[0]
    of_its = [noted[name] for name in ("reference", "person", "inquirer", "row", "data_set", "items", "outcome")]
    assert of_its == [asked.reference, "7", CHOFU, "I01", LOCAL_TAX, [TOTAL_INCOME, SALARY], "0000"]
    assert INCOME not in json.dumps(noted) and format_code(asked.codes[0]) not in json.dumps(noted)


def test_items_come_in_the_order_in_which_they_were_asked_for(key: Key, tmp_path: Path) -> None:
    with scripted_system(key, says({"outcome": "0000", "items": ITEMS[::-1]})):
        assert ask() == ANSWER


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"condition": Period(fiscal_year=2024)}, "0004"),
        ({"data_set": "TM00000000000001"}, "3003"),
    ],
)
def test_no_record_and_no_copies_of_that_kind(key: Key, tmp_path: Path, changes: Any, outcome: str) -> None:
    with real_system(key, tmp_path):
        assert ask(**changes) == Provision(outcome, [])
        assert ask(codes=[code_at(agency(MITAKA), KENJI)], **changes) == Provision(outcome, [])
    assert [copy.outcome for copy in ProvisionCopy.objects.all()] == [outcome] * 2


def test_a_held_question_is_answered_later_and_has_no_copy_yet(key: Key, tmp_path: Path) -> None:
    asked = question()
    with real_system(key, tmp_path, held=[LOCAL_TAX]) as server:
        assert ask(asked) == Held(asked.ends_at)
        [noted] = list(server.provider.agency.journal("provisions"))
    assert (noted["reference"], noted["outcome"]) == (asked.reference, "0101")
    assert not ProvisionCopy.objects.exists()


def test_the_provider_is_told_what_it_needs_and_no_more(key: Key) -> None:
    asked = question()
    with scripted_system(key, good) as system:
        ask(asked)
    assert json.loads(system.bodies[0]) == {
        "reference": asked.reference,
        "inquirer": CHOFU,
        "row": "I01",
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME, SALARY],
        "condition": {"fiscal_year": 2026},
        "deadline": asked.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "codes": [format_code(asked.codes[0])],
    }
    assert format_code(code_at(agency(CHOFU), HANAKO)) not in system.bodies[0].decode() + str(system.requests)


def test_it_is_told_whose_affair_was_delegated_where_it_may_know_who_asks(key: Key) -> None:
    with scripted_system(key, good) as system:
        ask(on_behalf_of=agency(TOKYO))
        Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
        ask(on_behalf_of=agency(TOKYO))
    told, not_told = map(json.loads, system.bodies)
    assert (told["inquirer"], told["on_behalf_of"]) == (CHOFU, TOKYO)
    assert not_told["inquirer"] == "" and "on_behalf_of" not in not_told


def test_a_protected_person_s_provider_does_not_hear_who_asked(key: Key) -> None:
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
    with scripted_system(key, good) as system:
        ask()
    assert json.loads(system.bodies[0])["inquirer"] == ""
    assert ProvisionCopy.objects.get().inquirer == ""


def test_a_protection_set_while_the_provider_thinks_counts(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    post = remote.http.post

    def slow(*args: Any, **facts: Any) -> Any:
        Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), HANAKO))
        return post(*args, **facts)

    monkeypatch.setattr(remote.http, "post", slow)
    with scripted_system(key, good):
        ask()
    assert ProvisionCopy.objects.get().inquirer == ""


def test_asked_blind_the_provider_opens_what_nobody_here_can(key: Key, tmp_path: Path) -> None:
    keys = Keys(bytes(agency(MITAKA).code_public_key or b""), bytes(Agency.objects.portal().code_public_key or b""))
    number = bytes(16)
    transaction = blind.transaction_of(inquirer=CHOFU, epoch=1, provider=MITAKA, number=number)
    hidden = blind.ask(code_at(agency(CHOFU), HANAKO).value, keys=keys, transaction=transaction)
    converted = conversion.convert_blind(
        question=hidden,
        epoch=1,
        source=agency(CHOFU),
        target=agency(MITAKA),
        portal=Agency.objects.portal(),
        number=number,
    )
    asked = question(codes=(), hidden=converted.for_provider)
    with real_system(key, tmp_path) as server:
        assert ask(asked) == ANSWER
        assert ask(asked) == ANSWER
        [noted] = list(server.provider.agency.journal("provisions"))
    assert (noted["person"], noted["inquirer"]) == ("7", "")
    copy = ProvisionCopy.objects.get()
    assert (copy.code, copy.inquirer, copy.outcome) == (None, "", "0000")


def test_the_same_question_again_is_the_same_answer_and_the_same_record(key: Key, tmp_path: Path) -> None:
    asked = question()
    with real_system(key, tmp_path) as server:
        assert [ask(asked) for _ in range(3)] == [ANSWER] * 3
        assert len(list(server.provider.agency.journal("provisions"))) == 1
    assert ProvisionCopy.objects.count() == 1


def test_another_answer_to_the_same_question_is_none(key: Key) -> None:
    asked = question()
    with scripted_system(key, says({"outcome": "0004"}), good):
        assert ask(asked) == Provision("0004", [])
        with pytest.raises(NotReached):
            ask(asked)
    assert ProvisionCopy.objects.get().outcome == "0004"


def test_busy_once_is_tried_again_under_the_same_reference(key: Key) -> None:
    with scripted_system(key, busy, good) as system:
        assert ask() == ANSWER
    assert len(system.bodies) == 2 and len(set(system.bodies)) == 1
    assert len({request.headers["signature-input"] for request in system.requests}) == 2
    assert ProvisionCopy.objects.count() == 1


def test_a_line_broken_once_is_tried_again(key: Key) -> None:
    with scripted_system(key, break_off, good) as system:
        assert ask() == ANSWER
    assert len(system.bodies) == 2
    assert (ProvisionCopy.objects.count(), state(agency(MITAKA))) == (1, State.CLOSED)


def test_a_line_broken_after_the_answer_was_given_gets_the_same_one(key: Key, tmp_path: Path, monkeypatch: Any) -> None:
    post, lost = remote.http.post, []

    def losing(*args: Any, **facts: Any) -> Any:
        response = post(*args, **facts)
        if not lost:
            lost.append(response)
            raise remote.http.LineBroken
        return response

    monkeypatch.setattr(remote.http, "post", losing)
    with real_system(key, tmp_path) as server:
        assert ask() == ANSWER
        assert len(list(server.provider.agency.journal("provisions"))) == 1
    assert ProvisionCopy.objects.count() == 1


def break_off(asked: Asked) -> None:
    """A reset in the middle of the body."""
    asked.send(asked.answer()[:-20])
    asked.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.line.close()


def end_early(asked: Asked) -> None:
    asked.send(asked.answer()[:-20])


def huge(asked: Asked) -> None:
    asked.send(b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40):
        asked.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


def endless_head(asked: Asked) -> None:
    for _ in range(40):
        asked.send(b"X: " + b"x" * 60000 + b"\r\n")


def other_signature(asked: Asked) -> None:
    answer = asked.answer()
    at = answer.index(b"signature: mynx=:") + 30
    asked.send(answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :])


def other_body(asked: Asked) -> None:
    asked.send(asked.answer().replace(INCOME.encode(), b"9999999"))


def to_another_request(asked: Asked) -> None:
    other = asked.request.headers | {"signature": f"mynx=:{'A' * 86}==:"}
    asked.send(asked.answer(request=signatures.Request("POST", asked.request.url, other)))


def to_another_address(asked: Asked) -> None:
    asked.send(asked.answer(request=signatures.Request("POST", "http://127.0.0.1:1/x", asked.request.headers)))


def bound_to_nothing(asked: Asked) -> None:
    body = json.dumps(GOOD).encode()
    headers = {"content-digest": signatures.content_digest(body)}
    parameters = f';created={int(time.time())};keyid="{asked.key.keyid}";tag="mynx-1"'
    message = signatures.Response(200, headers, asked.request)
    signed = signatures.sign(message, signatures.BOUND[:2], parameters, key=asked.key.jwk)
    asked.send(http_answer(200, headers | signed, body))


def by_another_agency(asked: Asked) -> None:
    asked.send(asked.answer(key=OTHER[0]))


def by_another_agency_in_its_name(asked: Asked) -> None:
    asked.send(asked.answer(key=OTHER[0], keyid=asked.key.keyid))


OTHER: list[Key] = []
ONCE = {
    "unsigned": lambda asked: asked.send(http_answer(200, {}, json.dumps(GOOD).encode())),
    "another signature": other_signature,
    "another body": other_body,
    "no digest": says(GOOD, headers={"content-digest": ""}),
    "another agency's key": by_another_agency,
    "another agency's key in its name": by_another_agency_in_its_name,
    "a name that is no id": says(GOOD, keyid="x"),
    "to another request": to_another_request,
    "to another address": to_another_address,
    "bound to nothing": bound_to_nothing,
    "stale": says(GOOD, at=time.time() - 3600),
    "from the future": says(GOOD, at=time.time() + 3600),
    "the status is not the signed one": lambda asked: asked.send(asked.answer().replace(b" 200 ", b" 202 ")),
    "500": says(GOOD, status=500),
    "a redirect": says(GOOD, status=307, headers={"location": "http://127.0.0.1:9/"}),
    "too long": huge,
    "an endless head": endless_head,
    "a long body that fits the declared length": says(b" " * (1024 * 1024 + 1)),
    "not HTTP": lambda asked: asked.send(b"SSH-2.0-OpenSSH\r\n\r\n"),
}
CONTENT = {
    "not JSON": b"{",
    "not an object": [GOOD],
    "not UTF-8": b'{"outcome": "\xff"}',
    "a name twice": b'{"outcome": "0004", "outcome": "0000"}',
    "NaN": b'{"outcome": "0000", "items": [{"code": "0200000010", "value": NaN}]}',
    "a huge number": b'{"outcome": "0000", "items": [{"code": "0200000010", "value": 1' + b"0" * 5000 + b"}]}",
    "nested too deep": b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no outcome": {"items": ITEMS},
    "an outcome of no list": {"outcome": "7777"},
    "an outcome that is not the provider's to give": {"outcome": "5001"},
    "an outcome that is no text": {"outcome": ["0000"], "items": ITEMS},
    "more than was agreed": {**GOOD, "note": "x"},
    "items that are none": {"outcome": "0000", "items": "all"},
    "an item more": {"outcome": "0000", "items": [*ITEMS, {"code": "0200000030", "value": "2"}]},
    "an unknown item": {"outcome": "0000", "items": [ITEMS[0], {"code": "9999999999", "value": "2"}]},
    "an item less": {"outcome": "0000", "items": ITEMS[:1]},
    "an item twice": {"outcome": "0000", "items": [*ITEMS, ITEMS[0]]},
    "items without an answer": {"outcome": "0004", "items": ITEMS},
    "both": {"outcome": "0000", "items": [ITEMS[1], {**ITEMS[0], "null_reason": "NOT_HELD"}]},
    "neither": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME}]},
    "a reason of no list": {"outcome": "0000", "items": [ITEMS[0], {"code": SALARY, "null_reason": "BECAUSE"}]},
    "a number": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME, "value": 4120000}]},
    "an empty value": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME, "value": ""}]},
    "a long value": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME, "value": "1" * 2001}]},
    "a control sign": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME, "value": "1\u0000"}]},
    "half a sign": {"outcome": "0000", "items": [ITEMS[1], {"code": TOTAL_INCOME, "value": "\ud800"}]},
}
TWICE = {
    "busy": busy,
    "reset in the middle of the body": break_off,
    "ends early": end_early,
    "hangs up": lambda _: None,
}


def fails(caplog: Any, outcome: str = "5001") -> NotReached:
    """The question fails; nothing of it or of the answer is kept, and the log names the provider only."""
    with caplog.at_level(logging.INFO), pytest.raises(NotReached) as failed:
        ask()
    assert failed.value.outcome == outcome
    assert not ProvisionCopy.objects.exists(), "a copy of what was not provided"
    [line] = [record.getMessage() for record in caplog.records if record.name == "exchange.providers.remote"]
    assert line == f"Provider {MITAKA}: {failed.value}"
    assert not any(text in caplog.text for text in (INCOME, "9999999", format_code(question().codes[0]), "127.0.0.1"))
    return failed.value


@pytest.mark.parametrize("name", ONCE)
def test_what_cannot_be_believed_is_no_answer_and_is_not_asked_for_again(key: Key, caplog: Any, name: str) -> None:
    OTHER[:] = [remote_side.new_key(FUCHU)]
    with scripted_system(key, ONCE[name]) as system:
        fails(caplog)
        assert len(system.bodies) == 1
        assert failures() == 1


@pytest.mark.parametrize("name", CONTENT)
def test_a_genuine_answer_that_says_something_else_is_refused_as_a_whole(key: Key, caplog: Any, name: str) -> None:
    with scripted_system(key, says(CONTENT[name])) as system:
        fails(caplog)
        assert len(system.bodies) == 1
        assert failures() == 0, "what a signed answer says is no sign that the system is down"


@pytest.mark.parametrize("name", TWICE)
def test_a_line_that_breaks_is_tried_twice_and_no_more(key: Key, caplog: Any, name: str) -> None:
    with scripted_system(key, TWICE[name]) as system:
        fails(caplog)
        assert len(system.bodies) == 2
        assert failures() == 1


@pytest.mark.parametrize("way", ["stall", "drip"])
def test_too_late_is_said_as_such(key: Key, caplog: Any, settings: Any, way: str) -> None:
    settings.PROVIDER_SECONDS = 0.4
    acts: list[Any] = []
    with scripted_system(key, lambda asked: acts[0](asked)) as system:
        acts.append(getattr(Scripted, way).__get__(system))
        assert type(fails(caplog, "5002")) is TooLate
        assert len(system.bodies) == 1


def test_nobody_listens(key: Key, caplog: Any) -> None:
    with scripted_system(key, good) as system:
        pass
    assert agency(MITAKA).provider_url == system.url
    assert type(fails(caplog)) is NotReached


def test_what_ends_before_it_begins_is_not_asked(key: Key) -> None:
    with scripted_system(key, good) as system:
        with pytest.raises(TooLate):
            remote.ask(question(ends_at=timezone.now()), at=timezone.now() + timedelta(seconds=1))
        assert system.bodies == []


def test_who_has_no_address_is_not_reached(caplog: Any) -> None:
    fails(caplog)


def test_a_client_that_was_struck_off_signs_no_answers(key: Key, caplog: Any) -> None:
    with scripted_system(key, good):
        key.client.is_active = False
        key.client.save()
        fails(caplog)


def test_without_its_copy_no_provision_gets_out(key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**facts: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(remote.remote, "keep_copy", broken)
    with scripted_system(key, good), pytest.raises(RuntimeError):
        ask()


def test_an_agency_is_registered_as_a_provider_and_no_more(key: Key) -> None:
    said = StringIO()
    call_command("register_provider", MITAKA, "--url", "HTTP://127.0.0.1:8123", stdout=said)
    assert said.getvalue() == "It is asked at http://127.0.0.1:8123/ from now on.\n"
    registry.load()
    assert (agency(MITAKA).is_hosted, agency(MITAKA).provider_url) == (False, "http://127.0.0.1:8123/")
    call_command("register_provider", MITAKA, "--clear", stdout=said)
    registry.load()
    assert (agency(MITAKA).is_hosted, agency(MITAKA).provider_url) == (True, "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["999999", "--clear"], "no active agency"),
        ([MITAKA, "--url", "http://198.51.100.7/"], "network"),
        ([FUCHU, "--url", "http://127.0.0.1:8123/"], "None of its clients"),
        (["900043", "--url", "http://127.0.0.1:8123/"], "part of the service"),
        ([MITAKA], "required"),
    ],
)
def test_what_cannot_be_registered_is_said(key: Key, arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("register_provider", *arguments)
    assert agency(MITAKA).is_hosted


def failures() -> int:
    """How many failures are counted."""
    row = ProviderBreaker.objects.filter(agency__local_code=MITAKA).first()
    return row.failures if row else 0

"""An agency is told that its inquiry has ended: which, signed, again when it failed, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from exchange import callbacks, decisions, messages, service_key, standing, tasks, trust
from exchange.inquiry_models import CallbackAddress, Inquiry
from mynx import keys as mynx_keys
from mynx import signatures
from tests.exchange.people import CHOFU, FUCHU, HANAKO, MITAKA, NOW, agency, ask, hold_income
from tests.exchange.waiting import LATER, ask_and_wait, reference
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


class Listener:
    """An agency's own server on loopback; `status` is what it answers."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ended"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.server.shutdown()
    found.server.server_close()


def listen(listener: Listener) -> None:
    callbacks.register(agency=agency(CHOFU), url=listener.url, at=NOW)


def end() -> Any:
    answer = ask_and_wait()
    decisions.approve(provider=agency(MITAKA), reference=reference(), at=LATER)
    return answer


def test_it_is_told_once_which_record_has_ended_and_nothing_else(listener):
    listen(listener)
    answer = end()
    assert callbacks.tell(at=LATER) == 1
    assert callbacks.tell(at=LATER + timedelta(hours=1)) == 0
    [(headers, body)] = listener.heard
    assert json.loads(body) == {"record": answer.record}
    assert headers["content-digest"] == signatures.content_digest(body)


def test_the_notice_is_signed_by_a_published_key(listener):
    listen(listener)
    end()
    callbacks.tell(at=LATER)
    [(headers, _)] = listener.heard
    assert messages.keyid_of(headers) == service_key.current()[1]
    [key] = [key for key in service_key.public_keys() if key["kid"] == messages.keyid_of(headers)]
    covered, parameters = headers["signature-input"].removeprefix("mynx=").partition(")")[::2]
    named = covered.removeprefix("(").split(" ")
    assert set(named) == {'"@method"', '"@target-uri"', '"content-type"', '"content-digest"'}
    request = signatures.Request("POST", listener.url, headers)
    base = signatures.base(request, named, f"{covered}){parameters}")
    signature = signatures._members(headers["signature"])["mynx"]
    assert mynx_keys.verifies(key, signature, base)
    assert not mynx_keys.verifies(key, signature, base.replace(b"/ended", b"/other"))


def test_what_fails_is_tried_again_later_each_time_and_given_up(listener):
    listen(listener)
    end()
    listener.status = 500
    at, waits = LATER, []
    for _ in range(callbacks.MOST_TRIES):
        assert callbacks.tell(at=at) == 0
        due = Inquiry.objects.get().notice_due_at
        if due is not None:
            assert callbacks.tell(at=due - timedelta(seconds=1)) == 0
            waits.append((due - at) // timedelta(minutes=1))
            at = due
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128]
    assert len(listener.heard) == callbacks.MOST_TRIES
    assert callbacks.tell(at=at + timedelta(days=9)) == 0
    assert len(listener.heard) == callbacks.MOST_TRIES


def test_a_notice_that_got_lost_comes_again(listener):
    listen(listener)
    end()
    listener.status = 503
    callbacks.tell(at=LATER)
    listener.status = 200
    assert callbacks.tell(at=LATER + timedelta(minutes=1)) == 1
    assert len(listener.heard) == 2


def test_an_agency_that_fails_is_left_alone_and_holds_up_no_other(listener):
    listen(listener)
    callbacks.register(agency=agency(FUCHU), url="http://127.0.0.1:9/nobody", at=NOW)
    answers = [ask_and_wait(inquirer=agency(who)) for who in (FUCHU, FUCHU, CHOFU)]
    assert standing.end_overdue(at=NOW + timedelta(days=10)) == 3
    assert callbacks.tell(at=NOW + timedelta(days=11)) == 1
    assert json.loads(listener.heard[0][1]) == {"record": answers[2].record}
    assert sorted(Inquiry.objects.values_list("notice_tries", flat=True)) == [0, 1, 1]


def test_of_two_processes_one_sends(listener, monkeypatch):
    listen(listener)
    end()
    original = callbacks._is_sent

    def meanwhile(url, event, at):
        assert callbacks.tell(at=at) == 0
        return original(url, event, at=at)

    monkeypatch.setattr(callbacks, "_is_sent", meanwhile)
    assert callbacks.tell(at=LATER) == 1
    assert len(listener.heard) == 1


def test_what_is_answered_at_once_is_not_announced(listener):
    listen(listener)
    hold_income(HANAKO)
    ask(reference="CA-1")
    assert callbacks.tell(at=LATER) == 0


def test_who_has_withdrawn_or_never_registered_is_told_nothing(listener):
    listen(listener)
    end()
    callbacks.withdraw(agency=agency(CHOFU))
    tasks.tell_inquirers()
    assert callbacks.tell(at=LATER) == 0
    assert listener.heard == []


@pytest.mark.parametrize(
    "url",
    ["http://exchange.example/ended", "https://10.0.0.1/", "ftp://a.example/", "https://user:secret@a.example/", "x"],
)
def test_other_addresses_are_not_taken_and_not_repeated(url):
    with pytest.raises(callbacks.NotAnAddress) as refusal:
        trust.register_callback(agency=agency(CHOFU), url=url, by="a client", at=NOW)
    assert url not in str(refusal.value)
    assert not CallbackAddress.objects.exists()


def test_in_production_loopback_is_not_called(settings, listener):
    listen(listener)
    end()
    settings.PRODUCTION = True
    assert callbacks.tell(at=LATER) == 0
    assert listener.heard == []
    with pytest.raises(callbacks.NotAnAddress):
        callbacks.checked(listener.url)

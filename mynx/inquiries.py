"""Inquiries: `mynx inquire`, `result`, `cancel`, `callback`; those of others that we decide: `waiting`, `decide`."""

from __future__ import annotations

import argparse
import json
import time
import uuid
from typing import Any

from mynx import blind, keys
from mynx.agency import Agency, code_value
from mynx.client import Answer, Service
from mynx.commands import DONE, about_a_person, by_a_clerk, evidence_of, show

PENDING = 202
INQUIRIES = "/api/v1/inquiries"
RESULT = f"{INQUIRIES}/result"
POLL_SECONDS = 5.0


def inquire(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    content: dict[str, Any] = {
        "code": agency.code_of(given.person),
        "provider": given.provider,
        "affair": given.affair,
        "data_set": given.data_set,
        "items": given.item,
        "case_number": given.case_number,
    }
    if given.fiscal_year:
        content["condition"] = {"fiscal_year": given.fiscal_year}
    if given.on_behalf_of:
        content["on_behalf_of"] = given.on_behalf_of
    if given.reference:
        content["reference"] = given.reference
    path = INQUIRIES
    if given.blind:
        wanted = service.post("/api/v1/keys/codes", {"provider": given.provider})
        if not wanted.is_good:
            return show(wanted)
        path, content = f"{path}/blind", hidden(content, code_keys=wanted.content)
    answer = service.post(path, content, evidence=evidence_of(given, given.case_number))
    return show(waited_for(service, answer, given.wait))


def result(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    return show(waited_for(service, service.post(RESULT, {"record": given.record}), given.wait))


def cancel(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    return show(service.post("/api/v1/inquiries/cancel", {"record": given.record}))


def callback(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    return show(service.post("/api/v1/inquiries/callback", {"url": given.url} if given.url else {}))


def waiting(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """What waits for us. A person is named by our own id: the code is put in its place, and never shown."""
    answer = service.post("/api/v1/provisions/waiting", {"limit": given.limit})
    if not answer.is_good:
        return show(answer)
    ids = agency.local_ids()
    shown = [{**entry, "person": ids.get(entry["code"], "not in our list")} for entry in answer.content["waiting"]]
    print(json.dumps([{**entry, "code": None} for entry in shown], ensure_ascii=False, indent=2))
    return DONE


def decide(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    content: dict[str, Any] = {"record": given.record, "decision": given.decision.upper(), "reason": given.reason}
    items = [{"code": code, "value": value} for code, value in given.item]
    items += [{"code": code, "null_reason": reason} for code, reason in given.missing]
    if items or given.nothing_held:
        content["items"] = items
    return show(service.post("/api/v1/provisions/decide", content, evidence=evidence_of(given, given.record)))


def hidden(content: dict[str, Any], *, code_keys: dict[str, Any]) -> dict[str, Any]:
    """The same question without the code, which lies encrypted in it."""
    epoch, value = code_value(content["code"])
    number = uuid.uuid4()
    question = blind.ask(
        value,
        epoch=epoch,
        inquirer=code_keys["inquirer"],
        provider=content["provider"],
        provider_key=keys.to_bytes(code_keys["provider"]["public_key"]),
        portal_key=keys.to_bytes(code_keys["portal"]["public_key"]),
        number=number.bytes,
    )
    rest = {name: value for name, value in content.items() if name != "code"}
    parts = {name: keys.to_text(part) for name, part in question._asdict().items()}
    return rest | {"question": parts, "epoch": epoch, "transaction": str(number)}


def waited_for(service: Service, answer: Answer, seconds: float) -> Answer:
    """The answer to an inquiry that the provider has not decided yet, asked for again until it is there."""
    until = time.monotonic() + seconds
    while answer.status == PENDING and time.monotonic() < until:
        time.sleep(min(POLL_SECONDS, max(0.0, until - time.monotonic())))
        answer = service.post(RESULT, {"record": answer.content["record"]})
    return answer


def add_arguments(commands: Any) -> None:
    """The commands of this module."""
    command = commands.add_parser("inquire", help="ask another agency about one person")
    about_a_person(command)
    command.add_argument("--provider", required=True, help="local code of the agency that is asked")
    command.add_argument("--data-set", required=True)
    command.add_argument("--item", action="append", required=True, help="may be given several times")
    command.add_argument("--fiscal-year", type=int)
    command.add_argument("--case-number", required=True)
    command.add_argument("--reference", default="", help="the same again is the same inquiry, and is asked once")
    command.add_argument("--on-behalf-of", default="", help="local code of the agency that delegated the affair to us")
    _waiting_for(command)
    command.add_argument("--blind", action="store_true", help="without showing the exchange the code")
    command.set_defaults(act=inquire)

    command = commands.add_parser("result", help="fetch the answer to an earlier inquiry")
    command.add_argument("record", help="the record of the inquiry, from its answer")
    _waiting_for(command)
    command.set_defaults(act=result)
    command = commands.add_parser("cancel", help="take back an inquiry that is not answered yet")
    command.add_argument("record", help="the record of the inquiry, from its answer")
    command.set_defaults(act=cancel)
    command = commands.add_parser("callback", help="be told at this address when an inquiry has ended")
    command.add_argument("url", nargs="?", default="", help="https; left out: be told nowhere any more")
    command.set_defaults(act=callback)

    command = commands.add_parser("waiting", help="inquiries of others that we decide by hand")
    command.add_argument("--limit", type=int, default=100)
    command.set_defaults(act=waiting)
    command = commands.add_parser("decide", help="answer one of them, or decline")
    command.add_argument("record", help="our record of it, from the list of what waits")
    command.add_argument("decision", choices=["answer", "decline"])
    command.add_argument("--reason", required=True, help="kept sealed with the record; the inquirer is not told")
    command.add_argument("--item", type=_pair, action="append", default=[], metavar="CODE=VALUE")
    command.add_argument("--missing", type=_pair, action="append", default=[], metavar="CODE=REASON")
    command.add_argument("--nothing-held", action="store_true", help="answer that nothing is held")
    by_a_clerk(command)
    command.set_defaults(act=decide)


def _waiting_for(command: argparse.ArgumentParser) -> None:
    command.add_argument("--wait", type=float, default=0, help="seconds to wait where the provider decides by hand")


def _pair(text: str) -> tuple[str, str]:
    code, sign, value = text.partition("=")
    if not (code and sign and value):
        raise argparse.ArgumentTypeError("write CODE=VALUE")
    return code, value

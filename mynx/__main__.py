"""The command line: `python -m mynx inquire|notice|charge|collect|renew|register-key|records|keys`.

Ends with 0 when it was done, 1 when the service refused, 2 on wrong arguments, 3 when nothing answers or nothing may be
believed. A person is named by the agency's own id or name: a code is never an argument, for others can see arguments.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from mynx import blind, keys
from mynx.agency import Agency, Unusable, code_value
from mynx.client import Answer, NoToken, NotReached, Service
from mynx.ristretto import NotAPoint
from mynx.signatures import NotGenuine

DONE, REFUSED, NOT_BELIEVED = 0, 1, 3
RENEWED_AT_ONCE = 1000
CODES_WAITING = 409


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
    path = "/api/v1/inquiries"
    if given.blind:
        wanted = service.post("/api/v1/keys/codes", {"provider": given.provider})
        if not wanted.is_good:
            return show(wanted)
        path, content = f"{path}/blind", hidden(content, code_keys=wanted.content)
    return show(service.post(path, content, evidence=evidence_of(given, given.case_number)))


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


def notice(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    documents = [
        {"name": path.name, "content": base64.b64encode(path.read_bytes()).decode()} for path in given.document
    ]
    content = {
        "code": agency.code_of(given.person),
        "affair": given.affair,
        "reference": given.reference,
        "kind": given.kind,
        "subject": given.subject,
        "body": sys.stdin.read() if given.body == "-" else given.body,
        "documents": documents,
    }
    return show(service.post("/api/v1/notices", content, evidence=evidence_of(given, given.reference)))


def charge(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    content = {
        "code": agency.code_of(given.person),
        "affair": given.affair,
        "reference": given.reference,
        "title": given.title,
        "amount": given.amount,
        "due_on": given.due_on,
    }
    return show(service.post("/api/v1/charges", content, evidence=evidence_of(given, given.reference)))


def collect(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Fetch, open, store, and only then confirm: a break in between means that they are fetched again."""
    count = 0
    while True:
        answer = service.post("/api/v1/codes/collect", {"limit": 500})
        if not answer.is_good:
            return show(answer)
        if not answer.content["codes"]:
            print(f"{count} codes collected.")
            return DONE
        agency.keep_codes(answer.content["codes"])
        arrived = [code["acquisition"] for code in answer.content["codes"]]
        confirmed = service.post("/api/v1/codes/confirm", {"acquisitions": arrived})
        if not confirmed.is_good:
            return show(confirmed)
        count += len(arrived)


def renew(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Batch after batch; the list is whole after each, so that a break costs one batch at most."""
    count, present = 0, 0
    while former := agency.codes_but_of(present)[:RENEWED_AT_ONCE]:
        answer = service.post("/api/v1/codes/renew", {"codes": former})
        if not answer.is_good:
            return show(answer)
        present = answer.content["epoch"]
        changed = dict(zip(former, answer.content["codes"], strict=True))
        agency.replace_codes(changed)
        count += sum(new != old for old, new in changed.items())
    print(f"{count} codes renewed.")
    return DONE


def register_key(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Register our key for codes; a new one is taken into use only when the service has it."""
    private_key = agency.next_code_key() if given.new else agency.code_key()
    proof = blind.possession(private_key, owner=given.local_code)
    content = {"public_key": keys.to_text(blind.public_key(private_key)), "proof": keys.to_text(proof)}
    answer = service.post("/api/v1/keys/code-key", content)
    if answer.is_good and given.new:
        agency.take_next_code_key()
    elif given.new and answer.status == CODES_WAITING:
        agency.drop_next_code_key()  # this answer alone says for certain that it is not registered
    return show(answer)


def records(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    for entry in list(agency.journal())[-given.last :]:
        print(f"{entry['at']}  {entry['status']}  {entry['outcome'] or '-':4}  {entry['record']}  {entry['ours']}")
    return DONE


def show_keys(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    published = service.published_keys()
    if given.pin:
        agency.pin(published)
    print(json.dumps({"keys": published}, indent=2))
    return DONE


def show(answer: Answer) -> int:
    print(json.dumps(answer.content, ensure_ascii=False, indent=2))
    return DONE if answer.is_good else REFUSED


def evidence_of(given: argparse.Namespace, case_number: str) -> dict[str, str] | None:
    if not given.clerk:
        return None
    row = {"row": given.row} if given.row else {}
    return {"clerk": given.clerk, "section": given.section, "case_number": case_number, **row}


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mynx", description="An agency's client of the exchange.")
    parser.add_argument("--agency", type=Path, default=os.environ.get("MYNX_AGENCY"), help="the agency's directory")
    parser.add_argument("--service", default=os.environ.get("BASE_URL", ""), help="where the service is reached")
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("inquire", help="ask another agency about one person")
    _about_a_person(command)
    command.add_argument("--provider", required=True, help="local code of the agency that is asked")
    command.add_argument("--data-set", required=True)
    command.add_argument("--item", action="append", required=True, help="may be given several times")
    command.add_argument("--fiscal-year", type=int)
    command.add_argument("--case-number", required=True)
    command.add_argument("--blind", action="store_true", help="without showing the exchange the code")
    command.set_defaults(act=inquire)

    command = commands.add_parser("notice", help="put a letter into one person's mailbox")
    _about_a_person(command)
    command.add_argument("--reference", required=True, help="the same again is the same letter")
    command.add_argument("--kind", choices=["NOTICE", "DECISION"], default="NOTICE")
    command.add_argument("--subject", required=True)
    command.add_argument("--body", required=True, help="the text, or - to read it from standard input")
    command.add_argument("--document", type=Path, action="append", default=[], help="a PDF")
    command.set_defaults(act=notice)

    command = commands.add_parser("charge", help="send one person a bill")
    _about_a_person(command)
    command.add_argument("--reference", required=True, help="the same again is the same bill")
    command.add_argument("--title", required=True)
    command.add_argument("--amount", type=int, required=True, help="yen")
    command.add_argument("--due-on", required=True, help="YYYY-MM-DD")
    command.set_defaults(act=charge)

    commands.add_parser("collect", help="fetch newly issued codes into people.csv").set_defaults(act=collect)
    commands.add_parser("renew", help="bring the codes in people.csv to the present epoch").set_defaults(act=renew)
    command = commands.add_parser("register-key", help="register the key that our codes are encrypted to")
    command.add_argument("--local-code", required=True, help="our own: the proof is bound to it")
    command.add_argument("--new", action="store_true", help="make a new key and take it into use")
    command.set_defaults(act=register_key)
    command = commands.add_parser("records", help="our own journal of what we asked and sent")
    command.add_argument("--last", type=int, default=20)
    command.set_defaults(act=records)
    command = commands.add_parser("keys", help="the keys that the service signs with")
    command.add_argument("--pin", action="store_true", help="keep them, and believe no others from now on")
    command.set_defaults(act=show_keys)
    return parser


def _about_a_person(command: argparse.ArgumentParser) -> None:
    command.add_argument("--person", required=True, help="our own id or the whole name, from people.csv")
    command.add_argument("--affair", required=True)
    command.add_argument("--clerk", default="", help="a pseudonym: sends signed evidence of who wanted it")
    command.add_argument("--section", default="-", help="the clerk's section, for the evidence")
    command.add_argument("--row", default="", help="the row of the permission table relied on, for the evidence")


def main(argv: list[str] | None = None) -> int:
    parser = arguments()
    given = parser.parse_args(argv)
    if given.agency is None:
        parser.error("name the agency's directory: --agency, or MYNX_AGENCY in the environment")
    try:
        agency = Agency(given.agency)
        code: int = given.act(agency, Service(agency, reached_at=given.service), given)
        return code
    except (Unusable, NotReached, NoToken, NotGenuine, NotAPoint, OSError) as reason:
        print(f"{reason}", file=sys.stderr)
        return NOT_BELIEVED


if __name__ == "__main__":
    sys.exit(main())

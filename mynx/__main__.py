"""The command line: `python -m mynx inquire|bulk|notice|charge|collect|records|keys`.

Ends with 0 when it was done, 1 when the service refused, 2 on wrong arguments, 3 when nothing answers or nothing may be
believed. A person is named by the agency's own id or name: a code is never an argument, for others can see arguments.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from mynx.agency import Agency, Unusable
from mynx.bulk import NEEDED, TIMES, Bulks, Refused, show_refusal
from mynx.client import Answer, NoToken, NotReached, Service
from mynx.ristretto import NotAPoint
from mynx.signatures import NotGenuine

DONE, REFUSED, NOT_BELIEVED = 0, 1, 3


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
    return show(service.post("/api/v1/inquiries", content, evidence=evidence_of(given, given.case_number)))


def bulk_inquire(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    bulks = Bulks(agency, service)
    try:
        bulk = bulks.hand_in(given.file, given.reference, evidence_of(given, given.reference))
        status = bulks.wait(bulk) if given.wait or given.out else bulks.ask("status", bulk)
        if given.out and status["erased_at"]:
            print("The answers were fetched before, and are erased there.", file=sys.stderr)
            return REFUSED
        if given.out:
            print(f"{bulks.fetch(bulk, given.out)} lines in {given.out}.", file=sys.stderr)
            status = status if given.keep else bulks.ask("confirm", bulk)
    except Refused as refusal:
        show_refusal(refusal.answer, given.file)
        return REFUSED
    return show(Answer(200, status))


def bulk_ask(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    bulks = Bulks(agency, service)
    try:
        return show(Answer(200, bulks.ask(given.bulk_command, bulks.id_of(given.reference))))
    except Refused as refusal:
        return show(refusal.answer)


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
    command.set_defaults(act=inquire)

    _bulk(
        commands.add_parser("bulk", help="ask about many persons at once").add_subparsers(
            dest="bulk_command", required=True
        )
    )

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
    command = commands.add_parser("records", help="our own journal of what we asked and sent")
    command.add_argument("--last", type=int, default=20)
    command.set_defaults(act=records)
    command = commands.add_parser("keys", help="the keys that the service signs with")
    command.add_argument("--pin", action="store_true", help="keep them, and believe no others from now on")
    command.set_defaults(act=show_keys)
    return parser


def _bulk(commands: Any) -> None:
    command = commands.add_parser("inquire", help="hand in a CSV file, and go on with it when it is run again")
    command.add_argument("file", type=Path, help=f"CSV in UTF-8: {','.join(NEEDED + TIMES)}")
    command.add_argument("--reference", required=True, help="the same again is the same bulk")
    command.add_argument("--wait", action="store_true", help="until every line has its outcome")
    command.add_argument("--out", type=Path, help="wait, write the results here, and confirm that they have arrived")
    command.add_argument("--keep", action="store_true", help="do not confirm: the results can be fetched again")
    _of_a_clerk(command)
    command.set_defaults(act=bulk_inquire)
    for name, what in (("status", "how far it is"), ("cancel", "end what has not been asked")):
        command = commands.add_parser(name, help=what)
        command.add_argument("--reference", required=True)
        command.set_defaults(act=bulk_ask)


def _about_a_person(command: argparse.ArgumentParser) -> None:
    command.add_argument("--person", required=True, help="our own id or the whole name, from people.csv")
    command.add_argument("--affair", required=True)
    _of_a_clerk(command)


def _of_a_clerk(command: argparse.ArgumentParser) -> None:
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

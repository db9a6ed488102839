"""The command line of an agency's client: `python -m mynx <command>`, see `python -m mynx --help`.

Ends with 0 when it was done, 1 when the service refused, 2 on wrong arguments, 3 when nothing answers or nothing may be
believed. A person is named by the agency's own id or name: a code is never an argument, for others can see arguments.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from mynx import blind, copies, inquiries, keys, permissions, questions
from mynx.agency import Agency, Unusable
from mynx.bulk import NEEDED, TIMES, Bulks, Refused, show_refusal
from mynx.client import Answer, NoToken, NotReached, Service
from mynx.commands import DONE, REFUSED, about_a_person, by_a_clerk, evidence_of, show, text_of
from mynx.holdings import Holdings
from mynx.provider import Provider
from mynx.ristretto import NotAPoint
from mynx.serve import ProviderServer
from mynx.signatures import NotGenuine

NOT_BELIEVED = 3
RENEWED_AT_ONCE = 1000
CODES_WAITING = 409


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
        "body": text_of(given.body),
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


def serve(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Answer the service's questions until it is stopped: what the published permission table permits, no more."""
    codes = {local_id: code for code, local_id in agency.local_ids().items()}
    provider = Provider(agency, Holdings.read(given.holdings, codes=codes), held=given.held.split(","))
    with contextlib.ExitStack() as stack:
        if not given.unchecked:
            provider.permits = stack.enter_context(watch(service, given)).permits
        server = stack.enter_context(ProviderServer(provider, service, port=given.port, url=given.url))
        print(f"Answers at {server.url}; stop with Ctrl-C.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    return DONE


def watch(service: Service, given: argparse.Namespace) -> permissions.Watch:
    """The permission table, for our own check. Raises Unusable where it does not know us."""
    found = permissions.Watch(service, provider=given.local_code or given.agency.resolve().name)
    found.renew()
    if found.table is None:
        print("No permission table can be had: nothing is answered until there is one.", file=sys.stderr)
    elif found.provider not in found.table.agencies:
        raise Unusable("The permission table does not know us: name our local code with --local-code.")
    return found


def show_permissions(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Fetch and verify the table; what is kept here is never older than what was kept before."""
    table, statement = permissions.fetch(service)
    if given.pin:
        permissions.keep(agency, statement)
    print(f"version {table.version}, {len(table.rows)} rows, relied on until {table.expires_at.isoformat()}")
    return DONE


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mynx", description="An agency's client of the exchange.")
    parser.add_argument("--agency", type=Path, default=os.environ.get("MYNX_AGENCY"), help="the agency's directory")
    parser.add_argument("--service", default=os.environ.get("BASE_URL", ""), help="where the service is reached")
    commands = parser.add_subparsers(dest="command", required=True)

    inquiries.add_arguments(commands)
    questions.add_arguments(commands)
    _bulk(
        commands.add_parser("bulk", help="ask about many persons at once").add_subparsers(
            dest="bulk_command", required=True
        )
    )

    command = commands.add_parser("notice", help="put a letter into one person's mailbox")
    about_a_person(command)
    command.add_argument("--reference", required=True, help="the same again is the same letter")
    command.add_argument("--kind", choices=["NOTICE", "DECISION"], default="NOTICE")
    command.add_argument("--subject", required=True)
    command.add_argument("--body", required=True, help="the text, or - to read it from standard input")
    command.add_argument("--document", type=Path, action="append", default=[], help="a PDF")
    command.set_defaults(act=notice)

    command = commands.add_parser("charge", help="send one person a bill")
    about_a_person(command)
    command.add_argument("--reference", required=True, help="the same again is the same bill")
    command.add_argument("--title", required=True)
    command.add_argument("--amount", type=int, required=True, help="yen")
    command.add_argument("--due-on", required=True, help="YYYY-MM-DD")
    command.set_defaults(act=charge)

    commands.add_parser("collect", help="fetch newly issued codes into people.csv").set_defaults(act=collect)
    copies.add_arguments(commands)
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
    command = commands.add_parser("serve", help="answer the service's questions from a CSV file (for development)")
    command.add_argument("--agency", type=Path, default=argparse.SUPPRESS, help="the agency's directory")
    command.add_argument("--holdings", type=Path, required=True, help="the CSV file: see mynx/holdings.py")
    command.add_argument("--port", type=int, required=True, help="on loopback; 0: any free one")
    command.add_argument("--url", default="", help="the registered address, where something stands in front of us")
    command.add_argument("--held", default="", help="data sets that are answered later, with commas between")
    command.add_argument("--local-code", default="", help="our own, where the directory is not named by it")
    command.add_argument(
        "--unchecked", action="store_true", help="answer what the permission table does not permit too"
    )
    command.set_defaults(act=serve)
    command = commands.add_parser("permissions", help="the permission table, for a provider's own check")
    command.add_argument("--pin", action="store_true", help="keep it, in place of an older one")
    command.set_defaults(act=show_permissions)
    return parser


def _bulk(commands: Any) -> None:
    command = commands.add_parser("inquire", help="hand in a CSV file, and go on with it when it is run again")
    command.add_argument("file", type=Path, help=f"CSV in UTF-8: {','.join(NEEDED + TIMES)}")
    command.add_argument("--reference", required=True, help="the same again is the same bulk")
    command.add_argument("--wait", action="store_true", help="until every line has its outcome")
    command.add_argument("--out", type=Path, help="wait, write the results here, and confirm that they have arrived")
    command.add_argument("--keep", action="store_true", help="do not confirm: the results can be fetched again")
    by_a_clerk(command)
    command.set_defaults(act=bulk_inquire)
    for name, what in (("status", "how far it is"), ("cancel", "end what has not been asked")):
        command = commands.add_parser(name, help=what)
        command.add_argument("--reference", required=True)
        command.set_defaults(act=bulk_ask)


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

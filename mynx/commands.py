"""What the commands have in common: how they end, what they print, and who wanted it."""

from __future__ import annotations

import argparse
import json
import sys

from mynx.client import Answer

DONE, REFUSED = 0, 1


def show(answer: Answer) -> int:
    """Print what the service says; returns how the command ends."""
    print(json.dumps(answer.content, ensure_ascii=False, indent=2))
    return DONE if answer.is_good else REFUSED


def evidence_of(given: argparse.Namespace, case_number: str) -> dict[str, str] | None:
    """Which clerk wanted it for which case, where that was said."""
    if not given.clerk:
        return None
    row = {"row": given.row} if given.row else {}
    return {"clerk": given.clerk, "section": given.section, "case_number": case_number, **row}


def text_of(argument: str) -> str:
    """The text itself, or what comes in by standard input where it is a dash."""
    return sys.stdin.read() if argument == "-" else argument


def about_a_person(command: argparse.ArgumentParser) -> None:
    command.add_argument("--person", required=True, help="our own id or the whole name, from people.csv")
    command.add_argument("--affair", required=True)
    by_a_clerk(command)


def by_a_clerk(command: argparse.ArgumentParser) -> None:
    command.add_argument("--clerk", default="", help="a pseudonym: sends signed evidence of who wanted it")
    command.add_argument("--section", default="-", help="the clerk's section, for the evidence")
    command.add_argument("--row", default="", help="the row of the permission table relied on, for the evidence")

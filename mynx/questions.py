"""What citizens ask about our records: `mynx questions` lists what waits for an answer, `mynx answer` gives it.

A question names our record and says nothing of who asks: our case number does, where we gave one.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from mynx.agency import Agency
from mynx.client import Service
from mynx.commands import DONE, show, text_of

COLLECT, ANSWER = "/api/v1/questions/collect", "/api/v1/questions/answer"


def questions(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """What waits for our answer, the first deadline first. It is listed until it is answered."""
    answer = service.post(COLLECT, {"limit": given.limit})
    if not answer.is_good:
        return show(answer)
    print(json.dumps(answer.content["questions"], ensure_ascii=False, indent=2))
    return DONE


def answer(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """The person reads it as it is written. The same again changes nothing."""
    return show(service.post(ANSWER, {"record": given.record, "text": text_of(given.text)}))


def add_arguments(commands: Any) -> None:
    """The commands of this module."""
    command = commands.add_parser("questions", help="what citizens ask about our records")
    command.add_argument("--limit", type=int, default=100)
    command.set_defaults(act=questions)
    command = commands.add_parser("answer", help="answer one of them; the person reads it as it is written")
    command.add_argument("record", help="our record that it is about, from the list of questions")
    command.add_argument("--text", required=True, help="the answer, or - to read it from standard input")
    command.set_defaults(act=answer)

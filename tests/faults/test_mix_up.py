"""Many clients at once, who cancel and ask again: every answer is about the person who was asked about, and on record.

Each planted income names its person, so an answer that went astray, between threads, processes or lines, shows itself.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.committed import ENGINES, rows, run
from tests.faults.country import BLIND, DIRECT, PLANT, Caller, Country, caller, income_of, question, served
from tests.support import scaled

pytestmark = [pytest.mark.committed, pytest.mark.soak, pytest.mark.timeout(3600)]

PERSONS = 500
CLIENTS = max(16, scaled(64))
# SQLite, for one process at heart, gets a quarter.
INQUIRIES = scaled(20_000) // (1 if ENGINES[-1] == "postgresql" else 4)
CANCELLED, BLINDLY = 0.1, 0.1

CHECK = """
import json, sys
from agencies.models import Agency
from codes.rist1 import parse_code
from exchange import ledger
from exchange.models import AccessRecord
given = json.loads(open(sys.argv[1]).read())
chofu = Agency.objects.get(local_code="132080")
subjects = [ledger.subject_of(parse_code(code), known_to=chofu) for code in given["codes"]]
events = {ledger.event_of(record, ledger.INQUIRER): number for number, record in given["answers"]}
assert len(events) == len(given["answers"]), "two answers bear one record"
kept = {phase: dict(AccessRecord.objects.filter(phase=phase).values_list("event", "subject"))
        for phase in ("ASKED", "ANSWERED")}
for event, number in events.items():
    assert [bytes(kept[phase][event]) for phase in kept] == [subjects[number]] * 2
print(json.dumps({"asked": len(kept["ASKED"]), "answered": len(kept["ANSWERED"])}))
"""


@dataclass
class Run:
    """What all clients together have yet to ask, and what came back: the person's number and the record."""

    chance: random.Random
    left: int
    answers: list[tuple[int, str]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


async def ask_on(line: Caller, country: Country, run: Run) -> None:
    while run.left > 0:
        run.left -= 1
        number = run.chance.randrange(PERSONS)
        is_blind = run.chance.random() < BLINDLY
        await asyncio.sleep(run.chance.random() * 0.02)
        while True:  # once more after each cancellation, signed anew
            asked = line.signed(BLIND if is_blind else DIRECT, question(country, number, is_blind=is_blind))
            patience = run.chance.random() * 0.1 if run.chance.random() < CANCELLED else 60
            try:
                status, answer = await asyncio.wait_for(line.send(asked), patience)
            except TimeoutError:
                assert patience < 1, "the service did not answer"
                run.seen["cancelled"] += 1
                continue
            except (OSError, EOFError):  # the line was closed while it was idle
                run.seen["closed"] += 1
                continue
            break
        assert status == 200, answer
        assert [item["value"] for item in answer["items"]] == [str(income_of(number))], "another person's answer"
        run.answers.append((number, answer["record"]))
        run.seen["blind" if is_blind else "direct"] += 1
    line.hang_up()


async def ask_all(country: Country, whole: Run) -> None:
    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(ask_on(caller(country), country, whole))


def test_nobody_ever_gets_another_persons_answer(tmp_path: Path) -> None:
    whole = Run(random.Random(64), INQUIRIES)
    limits = {"MYNA_API_REQUESTS_PER_MINUTE": "1000000000", "MYNA_LOG_LEVEL": "WARNING"}
    with served(tmp_path, setup=PLANT, arguments=(str(PERSONS),), **limits) as country:
        asyncio.run(ask_all(country, whole))
        given = tmp_path / "given.json"
        given.write_text(json.dumps({"codes": country.planted["codes"], "answers": whole.answers}))
        kept = json.loads(run(country.env, CHECK, str(given)))
        copies = rows(country.env, "SELECT count(*) FROM holdings_provisioncopy", "holdings")[0][0]
    print(f"{dict(whole.seen)}, on record: {kept}")
    assert len(whole.answers) == INQUIRIES
    assert min(whole.seen["cancelled"], whole.seen["blind"], whole.seen["direct"]) > 0
    # What was cancelled may have been asked all the same; nothing that was asked is without its answer or its copy.
    assert INQUIRIES <= kept["answered"] == kept["asked"] == copies
    assert kept["asked"] <= INQUIRIES + whole.seen["cancelled"] + whole.seen["closed"]

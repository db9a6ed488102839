"""Clients who ask on, whatever happens to the service: under the same reference until they have an answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.exchange import people
from tests.faults.country import DIRECT, Caller, Country, caller, income_of, question

RESULT, CANCEL = "/api/v1/inquiries/result", "/api/v1/inquiries/cancel"
WAITING, DECIDE = "/api/v1/provisions/waiting", "/api/v1/provisions/decide"
# Incomes about the first of the planted persons are given out by hand; a few questions have no basis in the law, and
# some bear no reference, so that they are asked once.
BY_HAND, REFUSED, ONCE = 10, 0.05, 0.3
BY_HAND_SET = f"""
from holdings import waiting
for person in persons[:{BY_HAND}]:
    code = people.code_at(people.agency(people.MITAKA), person)
    waiting.set_by_hand(agency=people.MITAKA, data_set=people.LOCAL_TAX, code=code)
"""
_UNREACHED = 502  # no status of an answer of ours to an inquiry: the line broke


@dataclass
class Asked:
    """One inquiry: whom it is about, and what was said of it."""

    number: int
    content: dict[str, Any]
    record: str = ""
    is_over: bool = False
    has_answer: bool = False
    is_refused: bool = False

    @property
    def bears_reference(self) -> bool:
        return "reference" in self.content


@dataclass
class Run:
    """What all clients together asked, how often a line broke, and what came back."""

    country: Country
    persons: int
    goes_on: Callable[[], bool]
    chance: random.Random
    asked: list[Asked] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    # Whether the service may say that something is wrong with it: the client tries again.
    may_fail: bool = False

    def given(self) -> dict[str, Any]:
        return {
            "codes": self.country.planted["codes"],
            "answers": [(each.number, each.record) for each in self.asked if each.has_answer],
            "refusals": [each.record for each in self.asked if each.is_refused],
            "references": [each.content["case_number"] for each in self.asked if each.bears_reference],
            "once": [each.content["case_number"] for each in self.asked if not each.bears_reference],
        }

    async def insist(
        self, line: Caller, path: str, content: Mapping[str, Any], *, is_once: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Send it, signed anew each time, until something answers; or once, and then nothing may be known of it."""
        async with asyncio.timeout(300):
            while True:
                try:
                    status, answer = await line.send(line.signed(path, content))
                except (OSError, EOFError, ValueError):
                    status, answer = _UNREACHED, {}
                kind = str(answer.get("type", "")).rpartition("/")[2]
                if status != _UNREACHED and not (self.may_fail and status >= 500 and kind != "unavailable"):
                    return status, answer
                self.seen["broken" if status == _UNREACHED else f"status {status}"] += 1
                if is_once:
                    return 0, {}
                await asyncio.sleep(0.05)

    async def put(self, line: Caller, asked: Asked) -> None:
        """Ask, again or for the first time, and judge what comes."""
        status, answer = await self.insist(line, DIRECT, asked.content, is_once=not asked.bears_reference)
        if status:
            self.judge(asked, status, answer)

    def judge(self, asked: Asked, status: int, answer: Mapping[str, Any]) -> None:
        kind = str(answer.get("type", "")).rpartition("/")[2]
        self.seen[kind or str(answer.get("outcome", status))] += 1
        if kind == "in-progress":
            return
        assert status in (200, 202, 403, 503, 504), (status, answer)
        if record := answer.get("record"):
            assert asked.record in ("", record), "one reference, two records"
            asked.record = record
        asked.is_over = status != 202
        asked.is_refused = status == 403
        if status == 200 and answer["outcome"] == "0000":
            values = [item["value"] for item in answer["items"]]
            assert values == [str(income_of(asked.number))], "another person's answer"
            asked.has_answer = True


async def ask_on(run: Run) -> None:
    """Chofu's clerk: asks, and comes back for what waits, or takes it back."""
    line = caller(run.country)
    while run.goes_on():
        number = run.chance.randrange(run.persons)
        if run.chance.random() < 0.4:
            number %= BY_HAND
        reference = f"R-{len(run.asked)}"
        content = question(run.country, number) | {"case_number": reference}
        if run.chance.random() >= ONCE:
            content["reference"] = reference
        if run.chance.random() < REFUSED:
            content["affair"] = "JM90000000000014"
        asked = Asked(number, content)
        run.asked.append(asked)
        await run.put(line, asked)
        if asked.record and not asked.is_over:
            await asyncio.sleep(run.chance.random() * 0.2)
            path = CANCEL if run.chance.random() < 0.2 else RESULT
            status, answer = await run.insist(line, path, {"record": asked.record})
            if status != 409:  # it ended before it could be taken back
                run.judge(asked, status, answer)
    line.hang_up()


async def decide_on(run: Run) -> None:
    """Mitaka's clerk: decides what waits, with what the copies say or by declining."""
    line = caller(run.country, people.MITAKA)
    while run.goes_on():
        _, found = await run.insist(line, WAITING, {"limit": 5})
        for each in found["waiting"]:
            decision = "DECLINE" if run.chance.random() < 0.2 else "ANSWER"
            content = {"record": each["record"], "decision": decision, "reason": "by hand"}
            status, _ = await run.insist(line, DECIDE, content)
            assert status in (200, 404, 409), status
            run.seen["decided" if status == 200 else "decided too late"] += 1
        await asyncio.sleep(0.05)
    line.hang_up()


async def ask_all(run: Run, clients: int) -> None:
    async with asyncio.TaskGroup() as all_clients:
        all_clients.create_task(decide_on(run))
        for _ in range(clients):
            all_clients.create_task(ask_on(run))


async def ask_again(run: Run) -> None:
    """Every reference once more: what was cut off is asked anew, and what has ended is said to have ended so."""
    line = caller(run.country)
    for asked in run.asked:
        if asked.bears_reference:
            await run.put(line, asked)
    line.hang_up()


async def pry(run: Run) -> None:
    """Fuchu asks for records of Chofu's: to it they are unknown."""
    line = caller(run.country, people.FUCHU)
    for asked in [each for each in run.asked if each.has_answer][:20]:
        status, answer = await run.insist(line, RESULT, {"record": asked.record})
        assert (status, answer["type"].rpartition("/")[2]) == (404, "unknown-record")
    line.hang_up()

"""Feeds a Celery worker through its broker, kills it at random moments, and starts it again whenever it is gone.

    run(env, "from tests.faults import feeding; feeding.main()", random kills, address of Chofu, address of Fuchu)

Each round leaves something of every kind to do: a deadline that has passed, an answer by hand that a web process wrote
and died, a bulk of three lines. When all deaths are died the worker goes on until nothing is left, and the inquirers
fetch what they asked for. Prints what they got.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from redis import Redis

from agencies.models import Agency
from codes.rist1 import format_code
from exchange import bulk, bulk_work, callbacks, ledger, standing, tasks
from exchange.bulk_lines import Line
from exchange.bulk_models import Bulk
from exchange.inquiry_models import Inquiry
from holdings import waiting
from holdings.periods import Period
from holdings.provide import ANSWERED, ItemValue
from tests.committed import ROOT
from tests.exchange import people
from tests.faults.country import income_of
from tests.faults.fatal import Deaths

PERSONS, BY_HAND = 6, 2  # incomes about the first of them are given out by hand
TIME_OUT, MOST_AT_ONCE = "5002", 12
COMMAND = [sys.executable, "-m", "celery", "--app", "mynaportal", "worker", "--include", "tests.faults.fatal_worker"]
COMMAND += ["--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "ERROR"]


class Worker:
    """A Celery worker with two processes, in a process group of its own."""

    def __init__(self) -> None:
        self.log = (Path(os.environ["MYNA_VAR_DIR"]) / "worker.log").open("ab")
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.process = subprocess.Popen(COMMAND, cwd=ROOT, stdout=self.log, stderr=self.log, start_new_session=True)

    def look(self) -> None:
        """Start it again if it was killed; it ends in no other way."""
        if self.process.poll() is not None:
            assert self.process.returncode == -signal.SIGKILL, self.process.returncode
            self.start()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(60) == 0


class Rounds:
    """Who asks, what was left to do, and what is to come of it."""

    def __init__(self) -> None:
        people.ready()
        persons = [bytes([number + 1]) * 32 for number in range(PERSONS)]
        self.inquirers = [people.agency(each) for each in (people.CHOFU, people.FUCHU)]
        self.codes = {each: [people.code_at(each, person) for person in persons] for each in self.inquirers}
        mitaka = people.agency(people.MITAKA)
        for number, person in enumerate(persons):
            people.hold_income(person, income_of(number))
            if number < BY_HAND:
                code = people.code_at(mitaka, person)
                waiting.set_by_hand(agency=people.MITAKA, data_set=people.LOCAL_TAX, code=code)
        self.count = 0
        self.late: list[tuple[Agency, str]] = []
        self.answered: list[tuple[Agency, int, str]] = []
        self.bulks: list[tuple[Agency, bulk.HandedIn]] = []
        self.references: list[str] = []

    def leave(self) -> None:
        """One of each kind, for the one agency or the other."""
        inquirer, now = self.inquirers[self.count % 2], timezone.now()
        number = self.count // 2 % BY_HAND
        self.late.append((inquirer, self._held(inquirer, number, "late", at=now - timedelta(days=10, minutes=1))))
        record = self._held(inquirer, number, "by hand", at=now - timedelta(minutes=5))
        items = [ItemValue(people.TOTAL_INCOME, str(income_of(number)), None)]
        event, ended_at = ledger.event_of(record, ledger.INQUIRER), now - timedelta(minutes=2)
        assert standing.end(event, outcome=ANSWERED, items=items, at=ended_at)  # and then the process died
        self.answered.append((inquirer, number, record))
        lines = [self._line(inquirer, number) for number in range(PERSONS - 3, PERSONS)]
        taken = bulk.hand_in(inquirer=inquirer, reference=str(self.count), lines=lines, at=now)
        bulk_work.queue(taken.id)
        self.bulks.append((inquirer, taken))
        self.count += 1

    def _held(self, inquirer: Agency, number: int, name: str, *, at: Any) -> str:
        case = self._case(name)
        code = self.codes[inquirer][number]
        return people.ask(inquirer=inquirer, code=code, case_number=case, reference=case, at=at).record

    def _line(self, inquirer: Agency, number: int) -> Line:
        return Line(
            str(number),
            self.codes[inquirer][number],
            people.MITAKA,
            people.CHILD_ALLOWANCE,
            people.LOCAL_TAX,
            (people.TOTAL_INCOME,),
            Period(fiscal_year=2026),
            self._case(f"line {number}"),
        )

    def _case(self, name: str) -> str:
        self.references.append(f"{name} of {self.count}")
        return self.references[-1]

    def fetched(self) -> list[tuple[int, str]]:
        """The answers, by person and record, each what it should be; and the other agency gets none of them."""
        answers, now = [], timezone.now()
        for inquirer, record in self.late:
            assert standing.result(inquirer=inquirer, record=record, at=now).outcome == TIME_OUT
        for inquirer, number, record in self.answered:
            self._refuses(standing.UnknownInquiry, inquirer, standing.result, record=record, at=now)
            answer = standing.result(inquirer=inquirer, record=record, at=now)
            assert [item.value for item in answer.items] == [str(income_of(number))]
            answers.append((number, record))
        for inquirer, taken in self.bulks:
            self._refuses(bulk.NoSuchBulk, inquirer, bulk.results, bulk=taken.id)
            for line in bulk.results(inquirer=inquirer, bulk=taken.id):
                assert (line.outcome, [item.value for item in line.items]) == (
                    ANSWERED,
                    [str(income_of(int(line.line)))],
                )
                answers.append((int(line.line), line.record))
        return answers

    def _refuses(self, refusal: type[Exception], inquirer: Agency, fetch: Any, **facts: Any) -> None:
        [other] = [each for each in self.inquirers if each != inquirer]
        try:
            fetch(inquirer=other, **facts)
        except refusal:
            return
        raise AssertionError("An answer went to the wrong agency.")


def main() -> None:
    at_random = int(sys.argv[1])
    settings.BULK_OPEN, settings.BULK_LINES_A_DAY, bulk.BATCH = 10**6, 10**6, 2
    rounds, deaths = Rounds(), Deaths([])
    for inquirer, url in zip(rounds.inquirers, sys.argv[2:], strict=True):
        callbacks.register(agency=inquirer, url=url, at=timezone.now())
    worker = Worker()
    try:
        killed = _fed(worker, rounds, deaths, at_random)
        worker.stop()
    finally:
        worker.kill()
    records = [(inquirer, record) for inquirer, record in rounds.late]
    records += [(inquirer, record) for inquirer, _, record in rounds.answered]
    given = {
        "codes": [format_code(code) for code in rounds.codes[rounds.inquirers[0]]],
        "answers": rounds.fetched(),
        "refusals": [],
        "once": [],
        "references": rounds.references,
    }
    told = [[record for who, record in records if who == each] for each in rounds.inquirers]
    print(json.dumps({"given": given, "told": told, "killed": killed, "starts": worker.starts}))


def _fed(worker: Worker, rounds: Rounds, deaths: Deaths, at_random: int) -> int:
    """Until all deaths are died and all is done. Returns how often it was killed at random."""
    killed, chance, latest = 0, random.Random(5), time.monotonic() + 60 + 20 * (at_random + deaths.wanted)
    next_kill, queue = time.monotonic() + chance.uniform(2, 5), Redis.from_url(settings.REDIS_URL)
    while (is_deadly := killed < at_random or deaths.are_left()) or _left():
        assert time.monotonic() < latest, "the worker does not end"
        worker.look()
        if killed < at_random and time.monotonic() > next_kill:
            worker.kill()
            killed, next_kill = killed + 1, time.monotonic() + chance.uniform(2, 5)
        if is_deadly and _left() < MOST_AT_ONCE:
            rounds.leave()
        if not queue.llen("celery"):  # as the beat, which is slower: it must not ask for more than is done
            for task in (tasks.end_inquiries, tasks.tell_inquirers, tasks.queue_waiting_bulks):
                task.delay()
        time.sleep(0.3)
    return killed


def _left() -> int:
    """What is not over, or not told."""
    unfinished = Inquiry.objects.filter(Q(notice_due_at__isnull=False) | Q(is_settled=False)).count()
    return unfinished + Bulk.objects.unsettled().count()

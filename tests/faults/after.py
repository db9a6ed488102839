"""What must hold when the faults are over: each event once, in all its copies, and every answer on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.committed import run

# As the beat and `reconcile_records` would in the days to come.
_SWEEP = """
import json
from datetime import timedelta
from django.utils import timezone
from exchange import reconciliation, standing
now = timezone.now()
later = now + timedelta(days=11)
standing.end_overdue(at=later)
found = list(reconciliation.repair(since=now - timedelta(days=20), until=later + timedelta(days=1), at=later))
print(json.dumps([str(each) for each in found]))
"""
_CHECK = (
    _SWEEP
    + """
import sys
from collections import Counter
from datetime import timedelta
from django.utils import timezone
from agencies.models import Agency
from codes.rist1 import parse_code
from exchange import audit, ledger, reconciliation
from exchange.inquiry_models import OPEN, Inquiry
from exchange.models import AccessRecord, Leaf
from holdings.models import InquiryCopy, ProvisionCopy, WaitingQuestion
given = json.loads(open(sys.argv[1]).read())
now, chofu = timezone.now(), Agency.objects.get(local_code="132080")
subjects = [ledger.subject_of(parse_code(code), known_to=chofu) for code in given["codes"]]
rows = {phase: {row.event: row for row in AccessRecord.objects.filter(phase=phase).select_related("leaf")}
        for phase in ("ASKED", "ANSWERED", "REFUSED")}
asked, answered, refused = rows.values()

# no answer without a record, and each about its person
for number, record in given["answers"]:
    event = ledger.event_of(record, ledger.INQUIRER)
    assert [bytes(asked[event].subject), bytes(answered[event].subject)] == [subjects[number]] * 2
    assert json.loads(answered[event].leaf.body)["outcome"] == "0000"
for record in given["refusals"]:
    assert ledger.event_of(record, ledger.INQUIRER) in refused

# no record lost, no reference with two events; each reference is the case number too
cases = Counter(ledger.private_of(row)["case_number"] for row in [*asked.values(), *refused.values()])
assert set(cases.values()) == {1}, [case for case, count in cases.items() if count > 1]
assert set(given["references"]) <= set(cases) <= {*given["references"], *given["once"]}

# three copies of each inquiry, two of each refusal
assert asked.keys() == answered.keys() and not asked.keys() & refused.keys()
assert Leaf.objects.count() == 2 * len(asked) + len(refused)
for copies, party, events in (
    (ProvisionCopy, ledger.PROVIDER, [*asked]), (InquiryCopy, ledger.INQUIRER, [*asked, *refused])
):
    kept = sorted(str(each) for each in copies.objects.values_list("id", flat=True))
    assert kept == sorted(ledger.references(events, party))
assert not WaitingQuestion.objects.exists() and not Inquiry.objects.filter(state__in=OPEN).exists()
assert not Inquiry.objects.unsettled().exists()
window = {"since": now - timedelta(days=20), "until": now + timedelta(days=12)}
assert [str(each) for each in reconciliation.differences(**window)] == []
assert [*audit.faults(), *audit.sides_amiss(at=now)] == []
outcomes = Counter(json.loads(row.leaf.body)["outcome"] for row in answered.values())
print(json.dumps({"asked": len(asked), "refused": len(refused), **outcomes}))
"""
)


def sweep(env: dict[str, str]) -> list[str]:
    """End what is overdue in eleven days and mend the copies; what was amiss."""
    found: list[str] = json.loads(run(env, _SWEEP))
    return found


def check(env: dict[str, str], given: dict[str, Any], where: Path) -> dict[str, int]:
    """Sweep, then assert everything; returns how many events there are, also by outcome.

    `given`: Chofu's `codes` of the persons, `answers` (person's number, record), `refusals` (records), all `references`
    that were used, and the case numbers of what was asked `once`, without a reference.
    """
    file = where / "given.json"
    file.write_text(json.dumps(given))
    counts: dict[str, int] = json.loads(run(env, _CHECK, str(file)).splitlines()[-1])
    return counts

"""Scalars in a process: none is asked for in the steady state, and a destroyed one is gone."""

from __future__ import annotations

import json

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from codes.rist1 import MalformedCode
from exchange import conversion, ledger, scalars
from exchange.models import CodeScalar
from keys.sealing import open_sealed
from tests import committed
from tests.committed import ENGINES, migrated_var
from tests.exchange.people import CHOFU, HANAKO, MITAKA, agency, code_at, portal_code
from tests.support import DATABASES

STEADY = """
import json
from django.db import connections
from django.test.utils import CaptureQueriesContext
from exchange import scalars
from tests.exchange import people

people.ready()
people.hold_income(people.HANAKO, 77)
chofu, mitaka = people.agency(people.CHOFU), people.agency(people.MITAKA)
code = people.code_at(chofu, people.HANAKO)

def asked():
    with CaptureQueriesContext(connections["exchange"]) as queries:
        people.ask(inquirer=chofu, code=code, provider=mitaka)
    return sum("codescalar" in query["sql"] for query in queries)

counts = [asked() > 0, asked(), asked()]
scalars._kept.read_at -= scalars.LEASE  # the lease has ended
print(json.dumps([*counts, asked(), asked()]))
"""
# Two processes: the parent changes epochs, the child serves. It tells what it sees, before and after its lease ends.
OTHER = """
import json, sys
from codes.rist1 import MalformedCode
from exchange import conversion, scalars
from tests.exchange import people

scalars.LEASE = 3600
people.ready()
mitaka = people.agency(people.MITAKA)
old = people.code_at(mitaka, people.HANAKO)

def seen():
    try:
        return [code.epoch for code in conversion.convert_to_all(code=old, source=mitaka, target=mitaka)]
    except MalformedCode:
        return []

print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "lapse":
        scalars.LEASE = 0
        result = seen()
        scalars.LEASE = 3600
        print(json.dumps([result, sorted(row.epoch for row in scalars._kept.opened if row.agency_id == mitaka.pk)]))
    else:
        print(json.dumps(seen()))
    sys.stdout.flush()
"""


@pytest.mark.committed
def test_an_inquiry_asks_for_no_scalar_until_the_lease_has_ended(tmp_path):
    with migrated_var(tmp_path, "sqlite") as env:
        assert json.loads(committed.run(env, STEADY)) == [True, 0, 0, 1, 0]


@pytest.mark.committed
@pytest.mark.parametrize("engine", ENGINES)
def test_another_process_learns_of_epochs_and_forgets_a_destroyed_scalar(tmp_path, engine):
    act = "from exchange import scalars\nfrom tests.exchange import people\nmitaka = people.agency(people.MITAKA)\n"
    with migrated_var(tmp_path, engine) as env:
        child = committed.start(env, OTHER, stdin=-1, stdout=-1)
        assert child.stdin and child.stdout
        assert child.stdout.readline() == "ready\n"

        def tell(word: str) -> object:
            child.stdin.write(word + "\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        assert tell("seen") == [1]
        committed.run(env, act + "scalars.begin(mitaka, 2)")
        assert tell("seen") == [1]
        assert tell("lapse") == [[2, 1], [1, 2]]
        committed.run(env, act + "scalars.mark_closing(mitaka, 1)")
        assert tell("seen") == [2, 1]
        assert tell("lapse") == [[], [1, 2]]
        committed.run(env, act + "scalars.destroy(mitaka, 1)")
        assert tell("lapse") == [[], [2]]
        child.stdin.close()
        assert child.wait(timeout=60) == 0


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_inside_a_transaction_nothing_is_kept():
    before = scalars._kept
    code_at(agency(MITAKA), HANAKO)
    assert scalars._kept is before or scalars._kept is None


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_only_a_closing_epoch_is_destroyed_and_then_it_is_gone():
    mitaka = agency(MITAKA)
    code = code_at(mitaka, HANAKO)
    scalars.begin(mitaka, 2)
    with pytest.raises(ValueError, match="closing"):
        scalars.destroy(mitaka, 1)
    with pytest.raises(MalformedCode):
        scalars.mark_closing(mitaka, 3)
    for _ in range(2):
        scalars.mark_closing(mitaka, 1)
    assert scalars.of(mitaka, 1, even_closing=True).is_closing
    with pytest.raises(MalformedCode):
        conversion.convert(code=code, source=mitaka, target=agency(CHOFU))
    for _ in range(2):
        scalars.destroy(mitaka, 1)
    with pytest.raises(MalformedCode):
        scalars.of(mitaka, 1, even_closing=True)
    assert list(CodeScalar.objects.filter(agency=mitaka).values_list("epoch", flat=True)) == [2]


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_no_one_reopens_an_epoch_in_the_table():
    """The state is sealed with the scalar: it has no column of its own to edit."""
    mitaka = agency(MITAKA)
    scalars.current(mitaka)
    scalars.mark_closing(mitaka, 1)
    row = CodeScalar.objects.get(agency=mitaka)
    assert {field.name for field in CodeScalar._meta.concrete_fields} == {"id", "agency", "epoch", "sealed"}
    content = open_sealed("code-scalar", bytes(row.sealed), context=f"exchange.CodeScalar.sealed:{MITAKA}:1")
    assert content.endswith(b"closing")


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_the_scalar_of_records_is_no_epoch_of_codes():
    code = portal_code(HANAKO)
    ledger.subject_of(code)
    portal = agency("900043")
    assert sorted(CodeScalar.objects.filter(agency=portal).values_list("epoch", flat=True)) == [0, 1]
    assert conversion.current_epoch(portal) == 1
    assert [scalar.epoch for scalar in scalars.not_destroyed(portal)] == [1]
    with pytest.raises(MalformedCode):
        scalars.of(portal, 0)
    with pytest.raises(MalformedCode):
        scalars.of_portal(0)
    assert conversion.record_subject_point(code) != code.value


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_a_subject_is_one_from_whatever_code_and_after_every_rekeying():
    subject = ledger.subject_of(portal_code(HANAKO))
    for local_code in (CHOFU, MITAKA):
        known_to = agency(local_code)
        assert ledger.subject_of(code_at(known_to, HANAKO), known_to=known_to) == subject
    former = portal_code(HANAKO)
    scalars.begin(agency("900043"), 2)
    assert portal_code(HANAKO).epoch == 2
    assert ledger.subject_of(portal_code(HANAKO)) == ledger.subject_of(former) == subject
    scalars.mark_closing(agency("900043"), 1)
    scalars.destroy(agency("900043"), 1)
    assert ledger.subject_of(portal_code(HANAKO)) == subject
    with pytest.raises(MalformedCode):
        ledger.subject_of(former)


@DATABASES
@pytest.mark.usefixtures("agencies")
def test_inside_a_transaction_the_table_is_read_each_time():
    mitaka = agency(MITAKA)
    scalars.current(mitaka)
    with CaptureQueriesContext(connections["exchange"]) as queries:
        scalars.current(mitaka)
    assert len(queries) == 1

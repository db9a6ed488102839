"""The history property: after any sequence of acts, the record of any day is what a plain list of events would say."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from residents.changes import change_name, record_death
from residents.errors import RegisterError
from residents.models import Resident
from residents.moves import leave_japan, move_in, move_out, move_within, return_to_japan
from residents.record_codes import new_record_code
from tests.residents.people import CHOFU, CLERK, MITAKA, MITAKA_2, noon, settle
from tests.support import DATABASES, scaled

pytestmark = DATABASES

START = date(2024, 1, 1)
ADDRESSES = [MITAKA, MITAKA_2, CHOFU]
ACTS = ("out", "in", "within", "leave", "return", "name", "death")
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12
)
State = tuple[str, str, str]  # status, street, family name


def act(resident: Resident, name: str, pick: int, on: date, today: date) -> None:
    told = {"resident": resident, "on": on, "by": CLERK, "at": noon(today.isoformat())}
    address = ADDRESSES[pick]
    match name:
        case "out":
            move_out(**told)
        case "in":
            move_in(**told, address=address)
        case "within":
            move_within(**told, address=address)
        case "leave":
            leave_japan(**told)
        case "return":
            return_to_japan(**told, address=address)
        case "name":
            change_name(**told, family_name="佐藤田中"[pick : pick + 2], given_name="花子")
        case "death":
            record_death(**told)


def expected(state: State, name: str, pick: int) -> State | None:
    """The state after the act, by rules written a second time; None where it must be refused."""
    status, street, family = state
    address = ADDRESSES[pick]
    here = "CHOFU" if street == CHOFU.street else "MITAKA"
    there = "CHOFU" if address is CHOFU else "MITAKA"
    after: State | None = None
    if name == "out" and status == "RESIDENT":
        after = ("MOVED_OUT", street, family)
    elif (name, status) in {("in", "MOVED_OUT"), ("return", "ABROAD")}:
        after = ("RESIDENT", address.street, family)
    elif name == "within" and status == "RESIDENT" and here == there:
        after = (status, address.street, family)
    elif name == "leave" and status in {"RESIDENT", "MOVED_OUT"}:
        after = ("ABROAD", street, family)
    elif name == "name" and status in {"RESIDENT", "MOVED_OUT"}:
        after = (status, street, "佐藤田中"[pick : pick + 2])
    elif name == "death" and status != "DECEASED":
        after = ("DECEASED", street, family)
    return None if after == state else after


@settings(max_examples=scaled(400), deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_the_record_of_any_day_is_what_happened_until_then(steps: list[tuple[str, int, int, int]]) -> None:
    resident = settle(on=START.isoformat(), resident_record_code=new_record_code()).resident
    first = resident.entries.get(version=1)
    state: State = ("RESIDENT", MITAKA.street, "山田")
    timeline: list[tuple[date, State]] = [(START, state)]
    today = START
    for name, pick, wait, late in steps:
        # Each act is reported up to two days late, never before the last one, so that the days run forward.
        today += timedelta(days=wait)
        on = max(timeline[-1][0], today - timedelta(days=late))
        after, before = expected(state, name, pick), resident.entries.count()
        try:
            act(resident, name, pick, on, today)
        except RegisterError:
            assert after is None
            assert resident.entries.count() == before
        else:
            if after is not None:
                state = after
                timeline.append((on, state))
                assert resident.entries.count() == before + 1
            else:  # a repetition of what holds
                assert resident.entries.count() == before
        assert resident.entries.filter(is_current=True).count() == 1
    assert [entry.version for entry in resident.entries.order_by("version")] == list(range(1, len(timeline) + 1))
    for offset in range((today - START).days + 2):
        day = START + timedelta(days=offset)
        said = resident.entries.as_of(day).get()
        assert (said.status, said.street, said.family_name) == [s for on, s in timeline if on <= day][-1]
    assert not resident.entries.as_of(START - timedelta(days=1)).exists()
    assert first.resident_id == resident.pk

"""What each agency hands in for its people: of a municipality resident records, local tax and welfare, of the Service
pensions.

An agency does this by its own list and codes; it never needs to know who someone is elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from agencies.models import Agency
from exchange.registration import HandedIn, register
from holdings import layout
from holdings.models import Run
from holdings.periods import Period, legal_day
from holdings.registration import MOST_COPIES
from mynaportal.demo import agencies_side, cast, welfare
from mynaportal.demo.addresses import CHOFU, FUCHU, MITAKA
from mynaportal.demo.families import JAPANESE, Household, Person
from mynaportal.demo.incomes import Income, incomes, pension_cover
from mynaportal.demo.population import Country
from residents.models import Entry, Event, LocalPerson

PENSION = "900019"
RESIDENT_RECORD, LOCAL_TAX = "TM00000000000001", "TM00000000000002"
PENSION_ENROLMENT, PENSION_BENEFITS = "TM90000000000003", "TM90000000000004"
PER_CAPITA_LEVY = 5_000
BASIC_PENSION_AT_MOST = 850_000
_COMING = (Event.BIRTH, Event.REGISTERED, Event.FROM_ABROAD, Event.MOVED_IN, Event.RETURNED)
_RELATIONS = {"HEAD": "世帯主", "HUSBAND": "夫", "WIFE": "妻", "CHILD": "子", "MOTHER": "母", "FATHER": "父"}
_SEXES = {"1": "男", "2": "女"}
_PENSION_TYPES = {"1": "国民年金第1号被保険者", "2": "厚生年金保険（第2号被保険者）", "3": "国民年金第3号被保険者"}

Item = dict[str, str]


class Copy(NamedTuple):
    """One copy to be handed in: whose (by the agency's own id), which data set and time, what it says."""

    agency: str
    local_id: str
    data_set: str
    period: Period
    items: dict[str, Item]

    @property
    def reference(self) -> str:
        """The agency's own reference of this registration: the same after a kill."""
        named = f"{self.agency} {self.local_id} {self.data_set} {self.period}"
        return f"first-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def register_all(country: Country) -> None:
    """Hand in every copy, each agency its own, in an order that tells nothing."""
    wanted = country.shuffled([*_of_municipalities(country), *_of_pension_service(country)])
    done = 0
    for agency in country.shuffled(list({copy.agency for copy in wanted})):
        people = agencies_side.people(agency)
        own = [copy for copy in wanted if copy.agency == agency]
        for start in range(0, len(own), MOST_COPIES):
            run = own[start : start + MOST_COPIES]
            register(
                agency=Agency.objects.get(local_code=agency),
                kind=Run.Kind.INITIAL,
                handed_in=[_handed_in(copy, people[copy.local_id], legal_day(country.at)) for copy in run],
                at=country.at,
            )
            done += len(run)
            country.progress.at(done, len(wanted))


def _handed_in(copy: Copy, person: agencies_side.Row, on: date) -> HandedIn:
    newest = layout.newest(copy.data_set, on)
    return HandedIn(
        code=person.parsed_code(),
        data_set=copy.data_set,
        layout_version=newest.version if newest else 0,
        items=copy.items,
        reference=copy.reference,
        period=copy.period,
    )


def _of_municipalities(country: Country) -> Iterator[Copy]:
    key_of = {resident: key for key, resident in country.plan.resident_ids.items()}
    for agency in (MITAKA, CHOFU, FUCHU):
        entries, resident_since = _last_entries(agency), _resident_since(agency)
        households = _households(entries.values())
        for local_id, entry in entries.items():
            members = households.get(entry.household_id, [entry])
            yield Copy(
                agency, local_id, RESIDENT_RECORD, Period(), _resident_record(entry, members, resident_since[local_id])
            )
            key = key_of[str(entry.resident_id)]
            home, person = country.home_of[key], country.people[key]
            dependants = sum(member.relation == "CHILD" for member in home.members) if person.relation == "HEAD" else 0
            if home.address.local_government_code != agency:
                continue  # came later: nothing is known here yet
            for fact in welfare.facts(person, home, seed=country.plan.seed):
                yield Copy(agency, local_id, fact.data_set, fact.period, _items(fact.items))
            for income in incomes(
                person, seed=country.plan.seed, dependants=dependants, has_post=key in cast.CLERK_KEYS
            ):
                # Local tax is levied by the municipality in which one lived on the first of January.
                if home.since <= date(income.fiscal_year, 1, 1):
                    yield Copy(agency, local_id, LOCAL_TAX, Period(fiscal_year=income.fiscal_year), _local_tax(income))


def _of_pension_service(country: Country) -> Iterator[Copy]:
    for local_id, key in country.plan.own_ids[PENSION].items():
        person = country.people[key]
        kind = pension_cover(person, seed=country.plan.seed, has_post=key in cast.CLERK_KEYS)
        items = {
            "0300000010": _given(_PENSION_TYPES[kind]) if kind else _none("NOT_APPLICABLE"),
            "0300000020": _given(_enrolled_on(person, country.home_of[key])) if kind else _none("NOT_APPLICABLE"),
        }
        yield Copy(PENSION, local_id, PENSION_ENROLMENT, Period(), items)
        pension = incomes(person, seed=country.plan.seed)[-1].pension
        if pension:
            benefits = {"0400000010": _given(_old_age_pension(pension)), "0400000020": _given(pension)}
            yield Copy(PENSION, local_id, PENSION_BENEFITS, Period(), benefits)


def _enrolled_on(person: Person, home: Household) -> str:
    """The day on which one turned twenty; for who came from abroad later, the day of the first entry."""
    turned_twenty = f"{person.birth_year + 20}{person.birth_date[4:]}"
    return turned_twenty if person.nationality_class == JAPANESE else max(turned_twenty, home.since.isoformat())


def _old_age_pension(amount: int) -> str:
    return "老齢基礎年金" if amount <= BASIC_PENSION_AT_MOST else "老齢基礎年金・老齢厚生年金"


def _last_entries(agency: str) -> dict[str, Entry]:
    """What the municipality's own register says last of each of its people, by its own ids."""
    entries = Entry.objects.filter(local_government_code=agency).order_by("resident", "version")
    last = {entry.resident_id: entry for entry in entries}
    local_ids = LocalPerson.objects.filter(local_government_code=agency).values_list("resident", "local_id")
    return {local_id: last[resident] for resident, local_id in local_ids}


def _resident_since(agency: str) -> dict[str, date]:
    """The day on which each person last came to live there, or was born there, by the municipality's own ids."""
    came = Entry.objects.filter(local_government_code=agency, event__in=_COMING).order_by("resident", "version")
    since = dict(came.values_list("resident", "effective_on"))
    local_ids = LocalPerson.objects.filter(local_government_code=agency).values_list("resident", "local_id")
    return {local_id: since[resident] for resident, local_id in local_ids}


def _households(entries: Iterable[Entry]) -> dict[object, list[Entry]]:
    found: dict[object, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.household_id, []).append(entry)
    return found


def _resident_record(entry: Entry, members: list[Entry], since: date) -> dict[str, Item]:
    head = next((member for member in members if member.relation == "HEAD"), entry)
    return {
        "0100000010": _given(entry.full_name),
        "0100000020": _given(entry.birth_date),
        "0100000030": _given(_SEXES.get(entry.sex, "")),
        "0100000040": _given(entry.full_address),
        "0100000050": _given(head.full_name),
        "0100000060": _given(_RELATIONS[entry.relation]),
        "0100000070": _given(since.isoformat()),
        "0100000080": _given(len(members)),
    }


def _local_tax(income: Income) -> dict[str, Item]:
    return {
        "0200000010": _given(income.total_income),
        "0200000020": _given(income.salary),
        "0200000030": _given(income.dependants),
        "0200000040": _given(income.deductions),
        "0200000050": _given(max(0, income.tax - PER_CAPITA_LEVY)),
        "0200000060": _given(PER_CAPITA_LEVY if income.tax else 0),
        "0200000070": _none("NOT_APPLICABLE"),
    }


def _items(values: Mapping[str, object]) -> dict[str, Item]:
    return {item: _none("NOT_APPLICABLE") if value is None else _given(value) for item, value in values.items()}


def _given(value: object) -> Item:
    return {"value": str(value)}


def _none(reason: str) -> Item:
    return {"null_reason": reason}

"""Filling the small country: stages that each do one thing through the same acts as a desk or an API, and may repeat.

Rows are written in an order of their own in each stage, drawn anew and not from the seed, so that the order of one
table says nothing about another's. All acts bear the plan's one instant.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connections

from agencies.models import Agency
from crossings import codes
from databases import ALIASES, REGISTRY
from exchange import conversion, trust
from mynaportal.demo import agencies_side, copies, story
from mynaportal.demo.agencies_side import Row
from mynaportal.demo.families import Household, Person
from mynaportal.demo.plan import Plan
from mynaportal.demo.population import Country
from mynaportal.demo.progress import Progress
from numbering import assignment, persons
from numbering.persons import Promise
from residents import details, register
from residents.models import Entry, LocalPerson
from residents.models import Household as HouseholdRow

TAX, PENSION = "900027", "900019"
RESIDENTS = "Residents"
_BY = "first filling"


def fill(plan: Plan, progress: Progress, *, stop_after: str = "") -> None:
    """Do every stage that is not done yet. `stop_after` ends after one, as a kill would (for tests)."""
    country = Country(plan, progress)
    directory = Path(settings.VAR_DIR)
    with _unhurried_disk():
        for title, stage in STAGES:
            if title in plan.done:
                continue
            progress.stage(title)
            stage(country)
            plan.done.append(title)
            plan.save(directory)
            progress.finish()
            if title == stop_after:
                return
        _forget_order_of_updates()
    plan.complete(directory)


def has_residents(plan: Plan) -> bool:
    """Whether by its plan the register has been filled."""
    return RESIDENTS in plan.done


def load_agencies(country: Country) -> None:
    """The agencies of the reference list, and the own side of each that keeps its copies with us."""
    trust.load_agencies(at=country.at)
    Path(settings.AGENCIES_DIR).mkdir(mode=0o700, exist_ok=True)
    for agency in Agency.objects.active().filter(is_hosted=True):
        agencies_side.found(agency, at=country.at)


def register_residents(country: Country) -> None:
    """Every household through the counter: the head founds it, the others join, later children are born into it."""
    homes = country.shuffled(list(country.homes))
    for home in country.progress.each(homes, len(homes)):
        household: HouseholdRow | None = None
        for member in home.members:
            entry = _register(home, member, household, country.at)
            household = entry.household
            country.plan.resident_ids[member.key] = str(entry.resident_id)


def assign_numbers(country: Country) -> None:
    """An Individual Number for everyone."""
    assignment.assign_all(at=country.at, progress=country.progress.at)


def write_own_lists(country: Country) -> None:
    """The list of people that each agency has anyway: its residents, its taxpayers, its insured."""
    lists: dict[str, dict[str, Row]] = {TAX: {}, PENSION: {}}
    country.plan.own_ids = {TAX: {}, PENSION: {}}
    for key, person in country.people.items():
        for agency in (TAX, PENSION) if person.is_adult else (TAX,):
            row = _row(f"{secrets.randbelow(10**15):015d}", person)
            lists[agency][row.local_id] = row
            country.plan.own_ids[agency][row.local_id] = key
    for agency, rows in lists.items():
        agencies_side.keep(agency, rows)


def promise_codes(country: Country) -> None:
    """Note for every person which agencies are to get a code: municipality, tax, and pension from 18 on."""
    wanted = country.shuffled(_jobs(country))
    local_codes = {agency for _, agency, _ in wanted}
    epochs = {code: conversion.current_epoch(Agency.objects.get(local_code=code)) for code in local_codes}
    promises = (Promise(resident, agency, epochs[agency], local_id) for resident, agency, local_id in wanted)
    persons.request_issues(promises=country.progress.each(promises, len(wanted)), at=country.at)


def issue_codes(country: Country) -> None:
    """Lay the codes ready for the agencies, in another order than they were promised."""
    jobs = country.shuffled(list(persons.pending_issues()))
    issued = codes.issue_codes(promised=jobs, at=country.at, progress=country.progress.at)
    if issued.left:
        raise RuntimeError(f"{issued.left} codes could not be issued; the log says at which agency.")


def collect_codes(country: Country) -> None:
    """Each agency fetches its codes, opens them and keeps them in its own list."""
    fetch_codes()


def fetch_codes() -> None:
    """What the agencies' systems would do every night. New people of a municipality come from its own register."""
    for agency in Agency.objects.active().filter(is_hosted=True):
        if not agencies_side.collect(agency):
            continue
        rows = agencies_side.people(agency.local_code)
        unnamed = [row.local_id for row in rows.values() if not row.name]
        for local_id, entry in _own_register(agency.local_code, unnamed).items():
            row = rows[local_id]
            row.name, row.kana, row.birth_date = entry.full_name, entry.full_kana, entry.birth_date
        agencies_side.keep(agency.local_code, rows)


def register_copies(country: Country) -> None:
    """Each agency hands in its copies: resident records, local tax, pensions."""
    copies.register_all(country)


STAGES: tuple[tuple[str, Callable[[Country], None]], ...] = (
    ("Agencies", load_agencies),
    (RESIDENTS, register_residents),
    ("Individual Numbers", assign_numbers),
    ("Lists of tax and pension", write_own_lists),
    ("Codes promised", promise_codes),
    ("Codes issued", issue_codes),
    ("Clerks", story.appoint_clerks),
    ("Hanako leaves Mitaka", story.hanako_leaves),
    ("A clerk of Chofu looks", story.clerk_looks),
    ("Hanako moves to Chofu", story.hanako_arrives),
    ("Misaki is protected", story.misaki_is_protected),
    ("Codes collected", collect_codes),
    ("Copies of the agencies", register_copies),
    ("Cards", story.issue_cards),
)


def _register(home: Household, member: Person, household: HouseholdRow | None, at: datetime) -> Entry:
    person = details.PersonDetails(
        family_name=member.family_name,
        given_name=member.given_name,
        family_kana=member.family_kana,
        given_kana=member.given_kana,
        latin_name=member.latin_name,
        former_name=member.former_name,
        birth_date=member.birth_date,
        sex=member.sex,
        nationality_class=member.nationality_class,
        stay_until=member.stay_until,
    )
    address = details.Address(**home.address._asdict())
    if household is not None and member.birth_date > home.since.isoformat():
        return register.register_birth(
            details=person, address=address, household=household, relation=member.relation, by=_BY, at=at
        )
    return register.register_moving_in(
        details=person,
        address=address,
        household=household,
        relation=member.relation,
        on=home.since,
        by=_BY,
        at=at,
    )


def _jobs(country: Country) -> list[tuple[UUID, str, str]]:
    """(resident, agency, the agency's own id) for every code that is to be issued."""
    municipal = [
        (resident, agency, local_id)
        for resident, agency, local_id in LocalPerson.objects.values_list(
            "resident", "local_government_code", "local_id"
        )
    ]
    own_ids = country.plan.own_ids
    others = [
        (UUID(country.plan.resident_ids[key]), agency, local_id)
        for agency, ids in own_ids.items()
        for local_id, key in ids.items()
    ]
    return municipal + others


def _row(local_id: str, person: Person) -> Row:
    name = "\u3000".join(part for part in (person.family_name, person.given_name) if part) or person.latin_name
    kana = "\u3000".join(part for part in (person.family_kana, person.given_kana) if part)
    return Row(local_id, name, kana, person.birth_date)


def _own_register(agency: str, local_ids: list[str]) -> dict[str, Entry]:
    """What the municipality's own register says of these ids."""
    known = dict(LocalPerson.objects.filter(local_government_code=agency).values_list("resident", "local_id"))
    wanted = set(local_ids)
    residents = [resident for resident, local_id in known.items() if local_id in wanted]
    found: dict[str, Entry] = {}
    for start in range(0, len(residents), 500):
        entries = Entry.objects.current().filter(resident__in=residents[start : start + 500])
        found |= {known[entry.resident_id]: entry for entry in entries}
    return found


def _forget_order_of_updates() -> None:
    """PostgreSQL puts an updated row at the end of its table, which then shows the order in which codes were issued.

    Written anew by their random ids, the rows say nothing. SQLite updates in place.
    """
    if connections[REGISTRY].vendor == "postgresql":
        with connections[REGISTRY].cursor() as cursor:
            cursor.execute("CLUSTER numbering_issuedcode USING numbering_issuedcode_pkey")


@contextmanager
def _unhurried_disk() -> Iterator[None]:
    """While the country is filled, a commit need not wait for the disk: a killed run loses nothing by that.

    Only a power cut could, and then the country is made anew.
    """
    for alias in ALIASES:
        with connections[alias].cursor() as cursor:
            is_sqlite = connections[alias].vendor == "sqlite"
            cursor.execute("PRAGMA synchronous=OFF" if is_sqlite else "SET synchronous_commit=off")
    try:
        yield
    finally:
        for alias in ALIASES:
            connections[alias].close()

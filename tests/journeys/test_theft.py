"""The theft test: each database is stolen after the full demo, and then any two of them."""

from __future__ import annotations

import hashlib
import itertools
import re
from pathlib import Path

import pytest
from stdnum.jp import in_ as individual_number

from tests.journeys import theft, truth
from tests.journeys.conftest import ROOT, Country

pytestmark = pytest.mark.committed

DATABASES = ["registry", "exchange", "holdings", "portal"]
# The chip carries its holder's number by law, and keys are what the thief of a database does not have.
NOT_STOLEN = {"cards", "keys", "pki"}
SAMPLE = 12
# Known by a reference: a keyed permutation of the event's random id, which looks random too.
REFERENCED = {"holdings_provisioncopy", "holdings_inquirycopy", "holdings_waitingquestion"}


@pytest.fixture(scope="module")
def people(country: Country) -> list[dict]:
    """Everybody, as only someone with all keys can know; after a day of work, so that all tables have rows."""
    for command in (["examples/child_allowance.py"], ["examples/child_allowance.py", "--person", "山田　太郎"]):
        result = country.run(*command)
        assert result.returncode == 0, result.stdout + result.stderr
    waiting = country.manage("shell", "-v", "0", "-c", truth.WAITING)
    assert waiting.strip().endswith("'4002', '0109', '0109', '0109']"), waiting
    found = truth.parse(country.manage("shell", "-v", "0", "-c", truth.TRUTH))
    assert len(found) >= 200
    return found


@pytest.fixture(scope="module")
def loot(country: Country, people: list[dict]) -> dict[str, bytes]:
    """The raw files of each database, with write-ahead log and free pages."""
    stolen = theft.raw(country.var, without=NOT_STOLEN)
    return {
        name: b"".join(content for path, content in stolen.items() if path.name.startswith(f"{name}.sqlite3"))
        for name in DATABASES
    }


@pytest.fixture(scope="module")
def meanings(country: Country, people: list[dict]) -> dict[str, set[bytes]]:
    return {name: theft.meanings(country.var / f"{name}.sqlite3") for name in DATABASES}


def test_no_number_in_any_encoding(country: Country, people: list[dict]) -> None:
    files = theft.raw(country.var, without=NOT_STOLEN)
    assert {f"{name}.sqlite3" for name in DATABASES} <= {path.name for path in files}
    numbers = {number for person in people for number in person["numbers"]}
    assert len(numbers) >= 200
    for path, content in files.items():
        written = {match.decode() for match in re.findall(rb"(?<![0-9])[0-9]{12}(?![0-9])", content)}
        assert written & numbers == set(), path.name
    everything = b"\n".join(files.values())
    for person in people[:SAMPLE]:
        for number in person["numbers"]:
            hidden = [form for form in theft.encodings(number) if form in everything]
            assert hidden == []


def test_no_valid_number_at_all_is_written_in_a_database(country: Country, people: list[dict]) -> None:
    """Not even somebody else's: twelve digits with the right check digit are in no value of any table."""
    alone = re.compile(rb"(?<![0-9A-Za-z-])[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9A-Za-z-])")
    for name in DATABASES:
        for table, row in theft.rows(country.var / f"{name}.sqlite3"):
            for column, value in row.items():
                content = value if isinstance(value, bytes) else str(value).encode()
                for written in alone.findall(content):
                    assert not individual_number.is_valid(re.sub(rb"[ -]", b"", written).decode()), (table, column)


def test_the_thiefs_tools_find_what_is_there(country: Country, people: list[dict]) -> None:
    """An instrument that finds nothing must first be shown to find something."""
    hidden, hashed = (person["numbers"][0].encode() for person in people[:2])
    seeded = hidden.hex().encode() + b"..." + hashlib.sha256(hashed).digest()
    for person in people[:2]:
        assert any(form in seeded for form in theft.encodings(person["numbers"][0]))
    registry = theft.meanings(country.var / "registry.sqlite3")
    assert bytes.fromhex(people[0]["resident"]) in registry
    holdings = theft.meanings(country.var / "holdings.sqlite3")
    assert any(next(theft.decoded(person["codes"]["132047"])) in holdings for person in people)


@pytest.mark.parametrize(("left", "right"), list(itertools.combinations(DATABASES, 2)))
def test_no_value_joins_two_databases(left: str, right: str, country: Country, meanings: dict[str, set[bytes]]) -> None:
    """What stands in both is about nobody: times, agencies' published keys, words of public tables and our source."""
    shared = meanings[left] & meanings[right]
    shared -= theft.vocabulary(ROOT) | theft.published_keys(country.var / "exchange.sqlite3")
    shared = {value for value in shared if not theft.TIME.fullmatch(value)}
    assert shared == set()


@pytest.mark.parametrize("home", ["registry", "portal"])
def test_no_identifier_of_a_person_lies_elsewhere(home: str, people: list[dict], loot: dict[str, bytes]) -> None:
    """By raw search, also inside other values and free pages: each identifier stays in its own database."""
    for person in people[:: len(people) // SAMPLE]:
        identifiers = {"registry": [person["resident"]], "portal": [person["codes"]["900043"]]}
        for name in set(DATABASES) - {home}:
            for identifier in identifiers[home]:
                assert [form for form in theft.forms(identifier) if form in loot[name]] == []


def test_codes_of_agencies_lie_in_holdings_alone(people: list[dict], loot: dict[str, bytes]) -> None:
    for person in people[:: len(people) // SAMPLE]:
        for agency, code in person["codes"].items():
            for name in set(DATABASES) - ({"portal"} if agency == "900043" else {"holdings"}):
                assert [form for form in theft.forms(code) if form in loot[name]] == []


def test_the_subject_of_records_lies_in_the_exchange_alone(people: list[dict], loot: dict[str, bytes]) -> None:
    for person in people[:: len(people) // SAMPLE]:
        for name in set(DATABASES) - {"exchange"}:
            assert [form for form in theft.forms(bytes.fromhex(person["subject"])) if form in loot[name]] == []


def test_names_are_in_the_register_alone(people: list[dict], loot: dict[str, bytes]) -> None:
    for person in people:
        for name in person["names"]:
            if name:
                spellings = {name, name.replace("\u3000", ""), name.replace("\u3000", " ")}
                for database in set(DATABASES) - {"registry"}:
                    assert [spelling for spelling in spellings if spelling.encode() in loot[database]] == []


def positions(database: Path, table: str, key: str) -> dict[str, int]:
    """Where in the order of rows each value first stands."""
    found: dict[str, int] = {}
    for place, (_, row) in enumerate(item for item in theft.rows(database) if item[0] == table):
        value = row[key]
        found.setdefault(value.hex() if isinstance(value, bytes) else str(value), place)
    return found


def test_the_order_of_rows_joins_nobody(country: Country, people: list[dict]) -> None:
    """Persons stand in unrelated orders: between databases, and between two agencies in the holdings."""
    orders = {
        "register": (positions(country.var / "registry.sqlite3", "residents_resident", "id"), "resident"),
        "numbers": (positions(country.var / "registry.sqlite3", "numbering_issuednumber", "resident_id"), "resident"),
        "records": (positions(country.var / "exchange.sqlite3", "exchange_accessrecord", "subject"), "subject"),
    }
    codes = positions(country.var / "holdings.sqlite3", "holdings_holding", "code")
    agencies = sorted({agency for person in people for agency, code in person["codes"].items() if code in codes})
    ranked: dict[str, dict[str, int]] = {
        name: {person["resident"]: places[person[key]] for person in people if person[key] in places}
        for name, (places, key) in orders.items()
    }
    for agency in agencies:
        ranked[agency] = {p["resident"]: codes[p["codes"][agency]] for p in people if p["codes"][agency] in codes}
    compared = 0
    for left, right in itertools.combinations(ranked, 2):
        if {left, right} == {"register", "numbers"}:
            continue  # one database, joined by its own keys anyway
        both = sorted(set(ranked[left]) & set(ranked[right]))
        if len(both) < 30:
            continue
        rho = theft.rank_correlation([ranked[left][p] for p in both], [ranked[right][p] for p in both])
        # Five standard deviations of chance: one false alarm in a million runs and pairs.
        assert abs(rho) < 5 / (len(both) - 1) ** 0.5, (left, right, len(both), rho)
        compared += 1
    assert compared >= 4


def test_every_identifier_that_leaves_a_row_is_random(country: Country, people: list[dict]) -> None:
    """UUIDs are of version 4: no time, no machine, no order."""
    for name in DATABASES:
        for table, row in theft.rows(country.var / f"{name}.sqlite3"):
            value = row.get("id")
            if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value) and table not in REFERENCED:
                assert value[12] == "4", table

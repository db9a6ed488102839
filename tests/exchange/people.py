"""Persons and agencies for the exchange's tests: a person is a secret, and has a code at each agency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from exchange import conversion
from exchange.inquiry import Answer, inquire
from holdings import copies
from holdings.periods import Period

NOW = datetime(2026, 11, 22, 1, 30, 15, 123456, tzinfo=UTC)
MITAKA, CHOFU, FUCHU, TOKYO, PENSION, TAX = "132047", "132080", "132063", "130001", "900019", "900027"
CHILD_ALLOWANCE, LOCAL_TAX = "JM90000000000001", "TM00000000000002"
TOTAL_INCOME, SALARY, DEPENDANTS, FIXED_ASSET_TAX = "0200000010", "0200000020", "0200000030", "0200000070"
HANAKO, TARO, KENJI = (bytes([n]) * 32 for n in (1, 2, 3))
KEY = rist1.private_key_from(bytes([9]) * 32)


def agency(local_code: str) -> Agency:
    return Agency.objects.get(local_code=local_code)


def ready() -> None:
    """All agencies, each with a registered key."""
    registry.load()
    for row in Agency.objects.filter(code_public_key=None):
        registry.register_own_key(agency=row, private_key=KEY)


def code_at(who: Agency, person: bytes) -> Code:
    """The agency's code for the person, issued and opened as the agency would."""
    registry.register_own_key(agency=who, private_key=KEY)
    hidden = rist1.blind(rist1.person_point(person), rist1.public_key(KEY))
    issued = conversion.issue(blinded=hidden, agency=who)
    return Code(rist1.unblind(issued, KEY), conversion.current_epoch(who))


def portal_code(person: bytes) -> Code:
    return code_at(Agency.objects.portal(), person)


def hold_income(person: bytes, yen: int = 4_120_000, *, at_agency: str = MITAKA, year: int = 2026) -> None:
    """The agency registers its copy of the person's local tax record."""
    copies.register(
        agency=at_agency,
        code=code_at(agency(at_agency), person),
        data_set=LOCAL_TAX,
        period=Period(fiscal_year=year),
        items={
            TOTAL_INCOME: {"value": str(yen)},
            SALARY: {"value": "5600000"},
            DEPENDANTS: {"null_reason": "NOT_YET_FIXED"},
        },
        at=NOW,
    )


def hold_incomes(persons: Sequence[bytes], *, yen: int = 1) -> list[Code]:
    """City A registers a copy for each, of one yen for the first, two for the second; the codes of City B for them."""
    mitaka, chofu = agency(MITAKA), agency(CHOFU)
    known = [code_at(mitaka, person) for person in persons]
    for number, code in enumerate(known):
        copies.register(
            agency=MITAKA,
            code=code,
            data_set=LOCAL_TAX,
            period=Period(fiscal_year=2026),
            items={TOTAL_INCOME: {"value": str(yen + number)}},
            at=NOW,
        )
    return [conversion.convert(code=code, source=mitaka, target=chofu) for code in known]


def ask(person: bytes = HANAKO, **changes: Any) -> Answer:
    """City B asks City A for the person's income, for child allowance; `changes` say what is different."""
    inquirer = changes.pop("inquirer", None) or agency(CHOFU)
    question = {
        "inquirer": inquirer,
        "code": changes.pop("code", None) or code_at(inquirer, person),
        "provider": agency(MITAKA),
        "affair": CHILD_ALLOWANCE,
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME],
        "condition": Period(fiscal_year=2026),
        "case_number": "2026-0042",
        "at": NOW,
    }
    return inquire(**{**question, **changes})

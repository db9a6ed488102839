"""Plausible incomes and what the municipality's tax office says of them, by the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from mynaportal.demo.families import Person

FISCAL_YEARS = (2025, 2026)
LEAST_PAY_OF_COVERED_EMPLOYEES = 1_060_000
SPOUSES = ("HUSBAND", "WIFE")


@dataclass(frozen=True, slots=True)
class Income:
    """Local tax of one fiscal year (levied on the income of the calendar year before). All amounts in yen."""

    fiscal_year: int
    salary: int
    pension: int
    total_income: int
    deductions: int
    tax: int
    dependants: int


def incomes(person: Person, *, seed: int, dependants: int = 0, has_post: bool = False) -> list[Income]:
    """The person's income for each fiscal year; none for a child, and pay in any case for who holds a post."""
    if not person.is_adult:
        return []
    chance = random.Random(f"income/{seed}/{person.key}")
    salary, pension = _earnings(chance, person, has_post)
    return [
        _taxed(year, int(salary * growth), pension, dependants)
        for year, growth in zip(FISCAL_YEARS, (1.0, chance.uniform(0.97, 1.06)), strict=True)
    ]


def pension_cover(person: Person, *, seed: int, has_post: bool = False) -> str:
    """Kind of pension cover: "2" an employee, "3" the spouse of one who earns little, "1" who else is 20 to 59."""
    salary = max((income.salary for income in incomes(person, seed=seed, has_post=has_post)), default=0)
    if salary >= LEAST_PAY_OF_COVERED_EMPLOYEES and person.age < 70:
        return "2"
    if not 20 <= person.age < 60:
        return ""
    return "3" if person.relation in SPOUSES else "1"


def _earnings(chance: random.Random, person: Person, has_post: bool) -> tuple[int, int]:
    if person.age >= 65:
        return 0, chance.randrange(700_000, 2_400_000, 100)
    if not has_post and (person.age < 23 or chance.random() < 0.12):
        return chance.randrange(0, 1_000_000, 1000), 0
    # Pay rises with age; a log-normal spread as in the published wage statistics.
    typical = 2_600_000 + 70_000 * (min(person.age, 55) - 20)
    return int(typical * chance.lognormvariate(0, 0.35)) // 1000 * 1000, 0


def _taxed(fiscal_year: int, salary: int, pension: int, dependants: int) -> Income:
    """Simplified: the deductions have the size of the real ones, the rate is local tax's 10 % and a flat 5,000 yen."""
    employment_deduction = min(1_950_000, max(550_000, salary * 3 // 10 + 80_000))
    total = max(0, salary - employment_deduction) + max(0, pension - 1_100_000)
    deductions = 430_000 + 330_000 * dependants + salary * 15 // 100
    taxable = max(0, total - deductions) // 1000 * 1000
    tax = taxable // 10 + 5_000 if taxable else 0
    return Income(fiscal_year, salary, pension, total, deductions, tax, dependants)

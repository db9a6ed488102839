"""Breaks a copy of the house in the ways that matter most, and asserts which test turns red.

    python tools/break_on_purpose.py            all breakages
    python tools/break_on_purpose.py atomic     those whose name contains the word

A guard that stays green when its wall is torn down guards nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def append(text: str) -> Callable[[str], str]:
    return lambda source: f"{source}\n{text}\n"


def replace(pattern: str, by: str) -> Callable[[str], str]:
    return lambda source: re.sub(pattern, by, source, count=1, flags=re.DOTALL)


@dataclass(frozen=True)
class Breakage:
    """What is broken, where, how, and the test that must notice."""

    name: str
    file: str
    edit: Callable[[str], str]
    notices: str


ARCHITECTURE = "tests/house/test_architecture.py"
BREAKAGES = [
    Breakage(
        "a supervisor who looks behind a record unrecorded",
        "crossings/supervise.py",
        replace(r"    looks\.record_all\(\[look\], at=at\)\n", ""),
        "tests/desk/test_supervision.py::test_the_reason_first_and_it_is_on_record_about_the_same_person",
    ),
    Breakage(
        "half of an event deleted after seven years",
        "exchange/retention.py",
        replace(r"~Exists\(younger\), ", ""),
        "tests/exchange/test_retention.py::test_no_half_of_an_event_is_left_alone",
    ),
    Breakage(
        "a protected person's words in the agency's hands",
        "exchange/questions.py",
        replace(r"if all_words or content\[\"for_agency\"\] else \"\"", ""),
        "tests/exchange/test_questions.py::test_words_that_are_not_for_the_agency_wait_for_the_commission",
    ),
    Breakage(
        "an import against the contracts",
        "exchange/inquiry.py",
        append("from numbering import assignment"),
        f"{ARCHITECTURE}::test_imports_keep_the_contracts",
    ),
    Breakage(
        "the vault opened from outside",
        "cards/models.py",
        append("from numbering import vault"),
        f"{ARCHITECTURE}::test_imports_keep_the_contracts",
    ),
    Breakage(
        "a key across databases",
        "notifications/models.py",
        append(
            "class Across(models.Model):\n"
            '    resident = models.ForeignKey("residents.Resident", on_delete=models.CASCADE, related_name="+")'
        ),
        f"{ARCHITECTURE}::test_every_relation_stays_in_its_database_and_points_down",
    ),
    Breakage(
        "a bare atomic",
        "payments/charging.py",
        append("from django.db import transaction as t\n\n\n@t.atomic\ndef bare() -> None:\n    pass"),
        f"{ARCHITECTURE}::test_every_transaction_names_its_database",
    ),
    Breakage(
        "an API view without permissions",
        "api/views/inquiries.py",
        replace(r"\n    permission_classes = [^\n]*", ""),
        f"{ARCHITECTURE}::test_every_api_view_states_its_permissions",
    ),
    Breakage(
        "a door with a table",
        "api/models.py",
        append("from django.db import models\n\n\nclass Table(models.Model):\n    pass"),
        f"{ARCHITECTURE}::test_doors_own_no_models",
    ),
    Breakage(
        "a number within reach of the resident",
        "numbering/models.py",
        replace(r'related_name="\+"', 'related_name="numbers"'),
        f"{ARCHITECTURE}::test_nothing_can_be_reached_backwards_from_a_resident_but_entries",
    ),
    Breakage(
        "a key changed past its record",
        "api/views/token.py",
        append("from agencies.registry import register_code_key"),
        "tests/house/test_trust.py::test_nobody_changes_trust_but_through_its_own_module",
    ),
    Breakage(
        "a record's deletion",
        "exchange/migrations/0002_append_only.py",
        replace(r"BEFORE DELETE ON", "BEFORE UPDATE OF id ON"),
        "tests/exchange/test_ledger.py::test_the_database_refuses_every_change_of_a_record",
    ),
]


def apply(breakage: Breakage, copy: Path) -> None:
    """Break the copy. An edit that changes nothing is an error: the breakage no longer fits the house."""
    path = copy / breakage.file
    before = path.read_text() if path.exists() else ""
    after = breakage.edit(before)
    if after == before:
        raise SystemExit(f"{breakage.name}: {breakage.file} has changed; write the breakage anew.")
    path.write_text(after)


def is_noticed(breakage: Breakage) -> bool:
    """Whether the named test is red on a broken copy."""
    with tempfile.TemporaryDirectory(prefix="broken-") as directory:
        copy = Path(directory) / "house"
        ignored = shutil.ignore_patterns(".venv", "var", ".git", "__pycache__", ".*_cache", "static-collected")
        shutil.copytree(ROOT, copy, ignore=ignored)
        apply(breakage, copy)
        # On SQLite, whatever the guards themselves run on: what is broken is the text that SQLite reads.
        theirs = ("MYNA_", "PYTEST_", "DATABASE_URL", "TEST_DATABASE_URL")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", breakage.notices],
            cwd=copy,
            env={**environment, "MYNA_VAR_DIR": str(Path(directory) / "var"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    # 1: tests ran and failed. Any other code (nothing collected, usage) would be a guard that was never asked.
    noticed = result.returncode == 1
    print(f"{'noticed' if noticed else 'NOT NOTICED'}: {breakage.name} ({breakage.notices})")
    if not noticed:
        print(result.stdout[-2000:], result.stderr[-2000:])
    return noticed


def main(words: list[str]) -> int:
    chosen = [b for b in BREAKAGES if not words or any(word in b.name for word in words)]
    return 0 if False not in [is_noticed(breakage) for breakage in chosen] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

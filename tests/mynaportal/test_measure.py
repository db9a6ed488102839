"""What `make bench` prints and keeps."""

from __future__ import annotations

import json
import re

import pytest

from bench import __main__ as command
from bench.measure import Measure, machine, page, per_second, side_by_side

MEASURE = Measure("assignment", 1234.56, "numbers/s", "bulk_create", 4938.24)


def test_a_line_says_what_how_much_and_beside_what() -> None:
    assert MEASURE.line() == "assignment 1234.6 numbers/s ratio-to bulk_create 0.250"


def test_results_can_be_read_by_a_program() -> None:
    kept = json.loads(json.dumps(MEASURE.as_json()))
    assert kept["ratio"] == 0.25
    assert kept["reference_value"] == 4938.24


def test_the_page_says_on_what_it_was_measured() -> None:
    before = machine()
    text = page([MEASURE], command="make bench", before={**before}, after={**before})
    assert "| assignment | 1,234.6 numbers/s | bulk_create | 4,938.2 numbers/s | 0.250 |" in text
    assert f"{before['cores']} cores" in text
    assert re.search(r"Load average .* before: [0-9.]+, [0-9.]+, [0-9.]+; after:", text)


def test_both_sides_warm_up_and_take_turns() -> None:
    turns: list[str] = []

    def ours() -> int:
        turns.append("ours")
        return 10

    def reference() -> int:
        turns.append("reference")
        return 20

    assert all(rate > 0 for rate in side_by_side(ours, reference, repetitions=2))
    assert turns == ["ours", "reference"] * 3


def test_the_rate_is_a_median_after_a_warm_up() -> None:
    calls: list[int] = []
    assert per_second(lambda: calls.append(1) or 5, repetitions=3) > 0
    assert len(calls) == 4


def test_an_unknown_measurement_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


def test_every_measurement_has_what_is_run() -> None:
    names = {path.stem for path in command.HERE.glob("*.py")} - command.NOT_MEASUREMENTS
    for name in names:
        assert "def run(" in (command.HERE / f"{name}.py").read_text(), name

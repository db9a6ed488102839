"""What a measurement is, and how it is printed and kept."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

REPETITIONS = 3


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure beside the same figure of something known, taken on the same machine in the same minutes."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float

    @property
    def ratio(self) -> float:
        """How much of the reference's figure this one reaches."""
        return self.value / self.reference_value

    def line(self) -> str:
        return f"{self.name} {self.value:.1f} {self.unit} ratio-to {self.reference} {self.ratio:.3f}"

    def as_json(self) -> dict[str, str | float]:
        return {
            "name": self.name,
            "value": round(self.value, 2),
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": round(self.reference_value, 2),
            "ratio": round(self.ratio, 4),
        }


def per_second(work: Callable[[], int], *, repetitions: int = REPETITIONS) -> float:
    """The median rate of `work`, which does something and returns how many times; the first round warms up."""
    work()
    return statistics.median(_rate(work) for _ in range(repetitions))


def side_by_side(
    ours: Callable[[], int], reference: Callable[[], int], *, repetitions: int = REPETITIONS
) -> tuple[float, float]:
    """Both median rates, measured in turns, so that a noisy minute hits both."""
    ours(), reference()
    pairs = [(_rate(ours), _rate(reference)) for _ in range(repetitions)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def machine() -> dict[str, str | int | list[float]]:
    """What the figures were taken on, and how busy it was."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load": [round(load, 2) for load in os.getloadavg()],
        "at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def page(measures: Iterable[Measure], *, command: str, before: dict[str, object], after: dict[str, object]) -> str:
    """docs/bench.md: the figures, how to repeat them, and on what they were taken."""
    rows = "\n".join(
        f"| {measure.name} | {measure.value:,.1f} {measure.unit} | {measure.reference} |"
        f" {measure.reference_value:,.1f} {measure.unit} | {measure.ratio:.3f} |"
        for measure in measures
    )
    return f"""# Measurements

Written by `{command}` on {before["at"]}. Each figure is the median of {REPETITIONS} rounds after one to warm up, taken
in turns with its reference on the same machine; the load generator shares the cores with what it measures. The ratio is
the figure divided by its reference: what the rules, records and sealing leave of a bare machine's speed.

| measure | figure | reference | figure of the reference | ratio |
|---|---:|---|---:|---:|
{rows}

Machine: {before["processor"]}, {before["cores"]} cores, {before["system"]}, Python {before["python"]}.
Load average (1, 5, 15 minutes) before: {_loads(before)}; after: {_loads(after)}.

{(Path(__file__).parent / "goals.md").read_text()}"""


def _rate(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - begun)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _loads(taken: dict[str, object]) -> str:
    return ", ".join(str(load) for load in taken["load"])  # type: ignore[attr-defined]

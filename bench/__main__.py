"""`make bench`: every measurement of this directory, printed, and kept in bench/results.json and docs/bench.md.

A measurement is a module with `run() -> list[Measure]`. It works on databases of its own in a temporary directory, or
on PostgreSQL where TEST_DATABASE_URL names a role that may create databases; it leaves nothing behind.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NOT_MEASUREMENTS = {"__init__", "__main__", "measure", "serving", "serving_urls"}


def main(chosen: list[str]) -> int:
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_MEASUREMENTS)
    unknown = set(chosen) - set(names)
    if unknown:
        print(f"No measurement is called {', '.join(sorted(unknown))}. There are: {', '.join(names)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mynaportal-bench-") as directory:
        # Before Django reads its settings: a run measures on files of its own, never on the small country's.
        os.environ["MYNA_VAR_DIR"] = directory
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")
        os.environ.setdefault("MYNA_LOG_LEVEL", "WARNING")
        return _run(chosen or names, is_whole=not chosen)


def _run(names: list[str], *, is_whole: bool) -> int:
    import django

    from bench.measure import Measure, machine, page

    django.setup()
    before = machine()
    measures: list[Measure] = []
    for name in names:
        for measure in importlib.import_module(f"bench.{name}").run():
            print(measure.line(), flush=True)
            measures.append(measure)
    if not os.environ.get("TEST_DATABASE_URL"):
        print("PostgreSQL was not measured: TEST_DATABASE_URL names no role there that may create databases.")
    after = machine()
    results = {"machine": before, "load_after": after["load"], "measures": [measure.as_json() for measure in measures]}
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    if is_whole:
        docs = HERE.parent / "docs" / "bench.md"
        docs.write_text(page(measures, command="make bench", before=before, after=after))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

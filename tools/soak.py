"""Runs the large tests at their stated size and keeps what they said, with command and seed, in docs/soak.md.

python tools/soak.py            a new seed
python tools/soak.py 12345      the same run again
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^(?P<seconds>[0-9.]+)s call +(?P<test>tests/\S+)", re.MULTILINE)


def main(words: list[str]) -> int:
    seed = words[0] if words else str(secrets.randbelow(1 << 32))
    command = [
        "-m",
        "pytest",
        "-m",
        "soak",
        "-n",
        str(os.cpu_count() or 1),
        "--dist",
        "loadfile",
        "-q",
        "--durations=0",
        "--timeout=7200",
        f"--hypothesis-seed={seed}",
    ]
    environment = {**os.environ, "MYNA_SOAK": "1", "PYTHONHASHSEED": seed}
    began = datetime.now(UTC)
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = ""
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    for line in process.stdout:
        print(line, end="", flush=True)
        output += line
    code = process.wait()
    engines = "SQLite and PostgreSQL" if os.environ.get("TEST_DATABASE_URL") else "SQLite"
    rows = "\n".join(f"| `{found['test']}` | {float(found['seconds']):,.0f} |" for found in LINE.finditer(output))
    closing = [line for line in output.splitlines() if line.strip()][-1].strip("= ")
    (ROOT / "docs" / "soak.md").write_text(
        "# The large tests at their full size\n\n"
        f"Written by `make soak SEED={seed}` on {began:%Y-%m-%d %H:%M} UTC, on {engines}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores.\n\n"
        f"Closing line: **{closing}**\n\n| test | seconds |\n|---|---:|\n{rows}\n"
    )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

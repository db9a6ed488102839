"""Other people's programs that do the same, for the benches alone, in a temporary environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

DJANGO_CA = ("django-ca==3.2.0", "gunicorn==23.0.0")
_MOST_SECONDS = 240


@cache
def django_ca() -> Path | None:
    """A Python that has django-ca, which wants another Django than we do; None where it cannot be installed."""
    directory = Path(os.environ["MYNA_VAR_DIR"]) / "django-ca"
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *DJANGO_CA]
    try:
        done = subprocess.run(install, capture_output=True, text=True, timeout=_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"django-ca was not measured: installing it took more than {_MOST_SECONDS} seconds.", file=sys.stderr)
        return None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"django-ca was not measured, for it could not be installed: {last}", file=sys.stderr)
        return None
    return python

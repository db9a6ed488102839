"""Other people's programs that do the same, for the benches alone, in a temporary environment of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

# Under the server and with the driver that we have ourselves.
DJANGO_CA = ("django-ca==3.2.0", *(f"{name}=={version(name)}" for name in ("gunicorn", "psycopg2-binary")))
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


@contextmanager
def environment(directory: Path, engine: str) -> Iterator[dict[str, str]]:
    """Where django_ca_project.py finds its files and, on PostgreSQL, an empty database that is dropped afterwards."""
    from tests import committed

    own = ("MYNA_", "DJANGO_", "DATABASE_URL", "TEST_DATABASE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    env |= {"DIRECTORY": str(directory), "PYTHONPATH": str(Path(__file__).parent)}
    if engine == "sqlite":
        yield env
        return
    with committed.empty_database(f"peer_{secrets.token_hex(4)}") as url:
        yield env | {"DATABASE_URL": url}

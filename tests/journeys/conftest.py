"""The small country, filled and served by the one command, and a citizen's browser in front of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings

from tests.browser.conftest import chromium, free_port

__all__ = ["chromium"]

ROOT = Path(settings.BASE_DIR)


@dataclass
class Country:
    """A running demo: where it answers, where its files lie, and every address that was asked for."""

    url: str
    reader: str
    var: Path
    env: dict[str, str]
    server: subprocess.Popen[str]
    printed: str
    urls: list[str] = field(default_factory=list)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program of an outsider, with the running country's address in BASE_URL."""
        env = {**self.env, "BASE_URL": self.url, "MYNA_AGENCIES_DIR": str(self.var / "agencies")}
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
        )

    def manage(self, *command: str) -> str:
        """A command of the operator; its standard output."""
        result = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == 0, result.stderr[-2000:]
        return result.stdout


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    """`manage.py demo` on free ports with files of its own."""
    var = tmp_path_factory.mktemp("country")
    port, reader_port = free_port(), free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("MYNA_") and key != "DATABASE_URL"}
    env |= {"MYNA_VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "mynaportal.settings", "PYTHONUNBUFFERED": "1"}
    subprocess.run([sys.executable, "manage.py", "compile_catalogues"], cwd=ROOT, env=env, check=True)
    server = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port), "--reader-port", str(reader_port)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = _until_running(server)
    yield Country(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{reader_port}", var, env, server, printed)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=30) in (0, -signal.SIGTERM)


def _until_running(server: subprocess.Popen[str]) -> str:
    printed = ""
    assert server.stdout is not None
    for line in server.stdout:
        printed += line
        if re.search(r"Ctrl-C", line):
            return printed
    raise RuntimeError(f"The country did not start:\n{printed[-3000:]}")

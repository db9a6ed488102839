"""The environment of docker-compose.yml, outside of a container: no deployment check has anything to say about it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from databases import ALIASES
from mynaportal.catalogues import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
NOT_MISSED = ("admin.E408", "admin.E409", "admin.E410", "security.W003")
CHECK = """
import json, django
django.setup()
from django.core.checks import run_checks
from django.conf import settings
print(json.dumps({
    "found": [str(check) for check in run_checks(include_deployment_checks=True) if not check.is_silenced()],
    "silenced": settings.SILENCED_SYSTEM_CHECKS,
    "roles": [settings.DATABASES[alias]["USER"] for alias in settings.DATABASES],
    "names": [settings.DATABASES[alias]["NAME"] for alias in settings.DATABASES],
    "is_eager": settings.CELERY_TASK_ALWAYS_EAGER,
}))
"""


def secrets_in(directory: Path) -> Path:
    """Make the secrets as on a server, but under this directory."""
    (directory / "docker").mkdir(exist_ok=True)
    (directory / "docker" / "make-secrets.sh").write_text((BASE_DIR / "docker" / "make-secrets.sh").read_text())
    subprocess.run(["sh", "docker/make-secrets.sh"], cwd=directory, check=True, capture_output=True)
    return directory / "docker" / "secrets"


def places(directory: Path) -> dict[str, str]:
    return {"MYNA_KEYS_DIR": str(directory / "keys"), "MYNA_PKI_DIR": str(directory / "keys" / "pki")}


def environment(service: str, directory: Path) -> dict[str, str]:
    """The service's own environment with Compose's defaults, its secrets as files, and nothing of the tests'."""
    secrets = secrets_in(directory)
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "mynaportal.settings"}
    for name, value in COMPOSE["services"][service]["environment"].items():
        env[name] = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value).replace("/run/secrets", str(secrets))
    return {**env, "MYNA_VAR_DIR": str(directory / "var"), **places(directory)}


@pytest.mark.parametrize("service", ["web", "desk", "status", "worker", "registry-worker", "beat"])
def test_no_deployment_check_has_anything_to_say(service: str, tmp_path: Path) -> None:
    env = environment(service, tmp_path)
    made = subprocess.run(
        [sys.executable, "manage.py", "make_keys"], cwd=BASE_DIR, env=env, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    run = subprocess.run([sys.executable, "-c", CHECK], cwd=BASE_DIR, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["found"] == []
    # Without sessions and forms, what they want is not missed; nowhere else is a check silenced.
    assert told["silenced"] == ([*NOT_MISSED] if service == "status" else [])
    assert told["is_eager"] is False
    assert sorted(told["names"]) == ["exchange", "holdings", "portal", "registry"]
    assert len(set(told["roles"])) == len(ALIASES)


def test_secrets_are_made_once_and_out_of_others_reach(tmp_path: Path) -> None:
    first = {path.name: path.read_text() for path in secrets_in(tmp_path).iterdir()}
    second = {path.name: path.read_text() for path in secrets_in(tmp_path).iterdir()}
    assert first == second
    assert set(first) == set(COMPOSE["secrets"])
    assert len(set(first.values())) == len(first)
    assert len(first["secret_key"]) == 64
    assert (tmp_path / "docker" / "secrets").stat().st_mode & 0o077 == 0


def test_the_init_script_finds_each_roles_password(tmp_path: Path) -> None:
    secrets = secrets_in(tmp_path)
    script = (BASE_DIR / "docker" / "postgres-init.sh").read_text().replace("/run/secrets", str(secrets))
    (tmp_path / "init.sh").write_text(script)
    # A psql that writes down how it was called.
    (tmp_path / "psql").write_text('#!/bin/sh\necho "$@" >> "$CALLS"\ncat > /dev/null\n')
    (tmp_path / "psql").chmod(0o755)
    calls = tmp_path / "calls"
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "POSTGRES_USER": "postgres", "CALLS": str(calls)}
    subprocess.run(["sh", str(tmp_path / "init.sh")], env=env, check=True)
    for line, alias in zip(calls.read_text().splitlines(), ALIASES, strict=True):
        name = "portal" if alias == "default" else alias
        password = (secrets / f"{alias}_database_url").read_text().partition("@")[0].rpartition(":")[2]
        assert f"--set=role=myna_{name} --set=database={name} --set=password={password}" in line

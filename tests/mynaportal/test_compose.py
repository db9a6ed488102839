"""docker-compose.yml is read here as Compose would read it: it cannot be run everywhere, but it must not drift."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from databases import ALIASES
from mynaportal import doors
from mynaportal.catalogues import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "mynaportal"}
SETTINGS = (BASE_DIR / "mynaportal" / "settings.py").read_text()
INIT = (BASE_DIR / "docker" / "postgres-init.sh").read_text()
SECRETS = (BASE_DIR / "docker" / "make-secrets.sh").read_text()


def test_the_services_of_the_design_are_there() -> None:
    assert set(OURS) == {"keys", "migrate", "web", "desk", "status", "worker", "registry-worker", "beat"}
    assert set(SERVICES) - set(OURS) == {"postgres", "redis"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_one_that_settings_read(name: str) -> None:
    read = set(re.findall(r'env(?:_list|_bool)?\("([A-Z_]+)"', SETTINGS))
    read |= {f"{alias.upper()}_DATABASE_URL" for alias in ALIASES}
    for variable in OURS[name]["environment"]:
        assert variable.removesuffix("_FILE") in read, variable


def test_every_secret_is_made_mounted_and_read() -> None:
    made = {"secret_key", "postgres_password", *(f"{alias}_database_url" for alias in ALIASES)}
    assert set(COMPOSE["secrets"]) == made
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"docker/secrets/{name}"
        assert name in SECRETS or "${alias}_database_url" in SECRETS
    for service in OURS.values():
        files = {value for key, value in service["environment"].items() if key.endswith("_FILE")}
        assert files == {f"/run/secrets/{name}" for name in service["secrets"]}


def test_four_databases_and_four_roles_are_made() -> None:
    loop = re.search(r"for alias in ([a-z ]+); do", INIT)
    assert loop is not None
    assert set(loop[1].split()) == set(ALIASES)
    for statement in ("CREATE ROLE", "CREATE DATABASE", "REVOKE ALL ON DATABASE"):
        assert statement in INIT
    assert "NOSUPERUSER NOCREATEDB NOCREATEROLE" in INIT
    # One secret per role: the URL that the init script takes the password from is the one that Django gets.
    assert "postgres://myna_$name:$(random)@postgres:5432/$name" in SECRETS


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_process_that_strangers_reach_holds_the_vault(name: str) -> None:
    service = OURS[name]
    opened = service["environment"]["MYNA_DOORS"].split(",")
    keys = [volume.split(":")[0] for volume in service["volumes"] if volume.startswith("keys_")]
    if name == "keys":
        return
    if set(opened) & {"portal", "api"}:
        assert not doors.purposes_of(opened) & doors.VAULT
        assert keys == ["keys_web"]
    elif opened == ["status"]:
        assert doors.purposes_of(opened) == {"ocsp-signature", "status-token"}
        assert keys == ["keys_status"]
    else:
        assert keys == ["keys_desk"]
    assert all(volume.endswith(":ro") for volume in service["volumes"] if volume.startswith("keys_"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_process_is_confined(name: str) -> None:
    service = OURS[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["environment"]["MYNA_PRODUCTION"] == "1"
    assert (service.get("user") == "root") == (name == "keys")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_server_tells_how_it_feels(name: str) -> None:
    service = SERVICES[name]
    if service.get("restart") == "no":
        assert service["healthcheck"] == {"disable": True}
    elif name in {"web", "desk", "status"}:
        assert "HEALTHCHECK" in (BASE_DIR / "Dockerfile").read_text()
    else:
        assert service["healthcheck"]["test"]


def test_nothing_is_published_beyond_this_machine() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_image_does_not_run_as_root() -> None:
    lines = (BASE_DIR / "Dockerfile").read_text().splitlines()
    assert "USER mynaportal" in lines
    assert [line for line in lines if line.startswith("USER")][-1] == "USER mynaportal"


def test_every_file_that_is_named_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (BASE_DIR / source).exists()
    for script in re.findall(r"docker/[a-z-]+\.(?:sh|py)", (BASE_DIR / "docker-compose.yml").read_text()):
        assert (BASE_DIR / script).exists()
    assert (BASE_DIR / "docker" / "healthy.py").exists()


def test_tasks_for_the_registrys_worker_have_one() -> None:
    from mynaportal.celery import app

    queues = {route["queue"] for route in app.conf.task_routes.values()} | {"celery"}
    served = set()
    for service in OURS.values():
        command = service.get("command", [])
        if "--queues" in command:
            served |= set(command[command.index("--queues") + 1].split(","))
    assert served == queues

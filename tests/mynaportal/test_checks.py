"""Every stand-in of development is named by its own check, and a production environment has none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from databases import ALIASES
from keys import custody
from mynaportal import checks, doors, migrating
from tests.support import DATABASES

DEPLOYMENT_CHECKS = (
    checks.databases_are_servers,
    checks.secrets_are_real,
    checks.keys_are_behind_their_doors,
    checks.keys_are_there,
    checks.addresses_are_real,
    checks.services_are_real,
)


pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")


def found() -> list[str]:
    messages: list[CheckMessage] = [message for check in DEPLOYMENT_CHECKS for message in check(None)]
    for message in messages:
        assert message.hint, f"{message.id} does not say what to do"
    return sorted(str(message.id) for message in messages)


@pytest.fixture
def production(settings: Any, tmp_path: Path) -> Any:
    """Settings as a production's public server has them."""
    settings.DATABASES = {
        alias: {"ENGINE": "django.db.backends.postgresql", "USER": f"myna_{alias}", "NAME": alias} for alias in ALIASES
    }
    settings.SECRET_KEY = "k" * 60
    settings.DEBUG = False
    settings.PRODUCTION = True
    settings.KEYS_DIR = tmp_path / "keys"
    settings.PKI_DIR = tmp_path / "pki"
    settings.MYNA_DOORS = ["portal"]
    settings.KEY_PURPOSES = doors.purposes_of(["portal"])
    settings.KEYS_CREATE_MISSING = True
    for purpose in settings.KEY_PURPOSES:
        custody.create(purpose)
    settings.KEYS_CREATE_MISSING = False
    settings.PORTAL_ORIGIN = "https://portal.example"
    settings.ALLOWED_HOSTS = ["portal.example", "127.0.0.1"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SANDBOX_BANK = False
    settings.PKI_STATUS_OPEN = False
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://x"}}
    return settings


def test_production_has_no_stand_in(production: Any) -> None:
    assert found() == []


def test_one_sqlite_file_among_the_databases(production: Any) -> None:
    production.DATABASES["holdings"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}
    assert found() == ["myna.E001"]


def test_one_role_for_two_databases(production: Any) -> None:
    production.DATABASES["holdings"]["USER"] = "myna_registry"
    assert found() == ["myna.E002"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "development-only-secret-key-never-used-in-production", "myna.E003"),
        ("KEYS_CREATE_MISSING", True, "myna.E004"),
        ("PORTAL_ORIGIN", "http://portal.example", "myna.E010"),
        ("ALLOWED_HOSTS", ["*"], "myna.E011"),
        ("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], "myna.E011"),
        ("DEBUG", True, "myna.E012"),
        ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "myna.E013"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "myna.E013"),
        ("SANDBOX_BANK", True, "myna.E014"),
        ("CELERY_TASK_ALWAYS_EAGER", True, "myna.E015"),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "myna.E016"),
        ("PKI_STATUS_OPEN", True, "myna.E018"),
        ("PKI_SUITE", "MD5", "myna.E019"),
    ],
)
def test_each_stand_in_has_its_check(production: Any, name: str, value: object, expected: str) -> None:
    setattr(production, name, value)
    assert found() == [expected]


def test_a_key_that_the_group_can_read(production: Any) -> None:
    next(production.KEYS_DIR.glob("*.key")).chmod(0o640)
    assert found() == ["myna.E005"]


def test_a_key_directory_that_everyone_can_list(production: Any) -> None:
    production.KEYS_DIR.chmod(0o755)
    assert found() == ["myna.E005"]


def test_every_door_in_one_process(production: Any) -> None:
    production.MYNA_DOORS = ["portal", "api", "desk"]
    production.KEY_PURPOSES = doors.purposes_of(["portal", "api", "desk"])
    assert "myna.E006" in found()


@pytest.mark.parametrize("public", ["portal", "api"])
def test_the_vault_where_strangers_come(production: Any, public: str) -> None:
    production.MYNA_DOORS = [public, "desk"]
    production.KEY_PURPOSES = doors.purposes_of([public, "desk"])
    assert "myna.E007" in found()
    assert "myna.E006" not in found()


def test_the_keys_of_another_door(production: Any) -> None:
    (production.KEYS_DIR / "number-seal.1.key").write_bytes(bytes(32))
    (production.KEYS_DIR / "number-seal.1.key").chmod(0o600)
    assert found() == ["myna.E008"]


def test_the_authorities_keys_where_no_cards_are_made(production: Any) -> None:
    production.PKI_DIR.mkdir(mode=0o700)
    (production.PKI_DIR / "signature.1.cer").touch(mode=0o644)
    assert found() == []
    (production.PKI_DIR / "signature.1.key").touch(mode=0o600)
    assert found() == ["myna.E017"]
    (production.PKI_DIR / "signature.1.key").chmod(0o644)
    assert found() == ["myna.E005", "myna.E017"]


@pytest.mark.parametrize("damage", ["absent", "short"])
def test_a_key_that_is_not_there(production: Any, damage: str) -> None:
    path = production.KEYS_DIR / "record-seal.1.key"
    if damage == "absent":
        path.unlink()
    else:
        path.write_bytes(b"short")
        custody._load.cache_clear()
    assert found() == ["myna.E009"]


def test_a_server_refuses_to_start_with_a_stand_in(production: Any) -> None:
    production.DEBUG = True
    with pytest.raises(ImproperlyConfigured, match=r"myna\.E012 .*MYNA_DEBUG"):
        checks.refuse_stand_ins()


def test_a_development_server_starts_with_all_of_them(settings: Any) -> None:
    settings.PRODUCTION = False
    checks.refuse_stand_ins()


@pytest.mark.parametrize("entry", ["mynaportal.wsgi", "mynaportal.asgi"])
def test_both_entry_points_refuse(entry: str, tmp_path: Path) -> None:
    environment = {**os.environ, "MYNA_PRODUCTION": "1", "MYNA_VAR_DIR": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "mynaportal.settings"
    environment.pop("DATABASE_URL", None)
    run = subprocess.run([sys.executable, "-c", f"import {entry}"], env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert "ImproperlyConfigured" in run.stderr
    for number in (1, 3, 4, 6, 7, 10, 11, 13, 14, 15, 16):
        assert f"myna.E{number:03}" in run.stderr


@DATABASES
def test_migrated_databases_pass() -> None:
    assert checks.databases_are_migrated(None) == []


@DATABASES
def test_a_database_behind_its_migrations_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "missing", lambda alias: ["x.0001"] if alias == "holdings" else [])
    assert [message.id for message in checks.databases_are_migrated(None)] == ["myna.E101"]


def test_a_database_that_does_not_answer_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(alias: str) -> list[str]:
        raise OperationalError

    monkeypatch.setattr(migrating, "missing", unreachable)
    assert [message.id for message in checks.databases_are_migrated(None)] == ["myna.E100"] * 4

"""System checks: what stands in for the real thing on a laptop must not go into production.

`manage.py check --deploy` names every stand-in with what to do about it, and `MYNA_PRODUCTION=1` makes a server refuse
to start while there is one. `manage.py check` alone asks whether all databases are migrated; the rooms add checks of
their own (exchange: the permission table).
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import DatabaseError

from cards.pki.profiles import SUITES
from databases import ALIASES
from keys import custody
from mynaportal import doors, migrating

# The doors to which strangers come; the vault's keys belong to the clerks' door alone.
PUBLIC_DOORS = {"portal", "api", "status"}
_MAIL_STAND_INS = ("filebased", "console", "locmem", "dummy")


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"myna.E{number:03}")


@register(Tags.security, deploy=True)
def databases_are_servers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: SQLite. E002: one role for several databases, so that a thief of one password has them all."""
    found: list[CheckMessage] = []
    on_file = [alias for alias in ALIASES if settings.DATABASES[alias]["ENGINE"].endswith("sqlite3")]
    if on_file:
        hint = "Name a PostgreSQL database for each, in DATABASE_URL or <ALIAS>_DATABASE_URL."
        found.append(_error(1, f"These databases are SQLite files: {', '.join(on_file)}.", hint))
    users = [settings.DATABASES[alias].get("USER") for alias in ALIASES if alias not in on_file]
    if len(set(users)) < len(users):
        hint = "Give each of the four databases a role of its own, in <ALIAS>_DATABASE_URL."
        found.append(_error(2, "Several databases are opened by the same role.", hint))
    return found


@register(Tags.security, deploy=True)
def secrets_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E003: the published secret key. E004: keys made on the fly. E005: keys that others on the machine can read."""
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == settings.DEVELOPMENT_SECRET_KEY:
        hint = "Set MYNA_SECRET_KEY or MYNA_SECRET_KEY_FILE to 50 or more random characters."
        found.append(_error(3, "SECRET_KEY is the published one of development.", hint))
    if settings.KEYS_CREATE_MISSING:
        hint = "Set MYNA_KEYS_CREATE_MISSING=0 and make the keys once with manage.py make_keys."
        found.append(_error(4, "A missing key would be made silently, and what it should open be lost.", hint))
    directories = [settings.KEYS_DIR, Path(settings.PKI_DIR)]
    if any(_others_may_read(path) for directory in directories for path in [directory, *directory.glob("*.key")]):
        hint = f"Let only the server's own user read them: chmod -R go= {settings.KEYS_DIR} {settings.PKI_DIR}"
        found.append(_error(5, "Other users of this machine can read the key files.", hint))
    return found


@register(Tags.security, deploy=True)
def keys_are_behind_their_doors(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E006: every door in one process. E007: the vault's keys where strangers come. E008, E017: others' keys here."""
    found: list[CheckMessage] = []
    opened = set(settings.MYNA_DOORS)
    if opened >= {"portal", "api", "desk"}:
        hint = "Set MYNA_DOORS for each process: portal and api in some, desk in others."
        found.append(_error(6, "One process opens every door.", hint))
    if opened & PUBLIC_DOORS and (settings.KEY_PURPOSES & doors.VAULT):
        hint = "Open the desk in a process of its own (MYNA_DOORS=desk), on the clerks' network."
        found.append(_error(7, "A process that strangers reach holds the keys of the Individual Numbers.", hint))
    foreign = {path.name.rsplit(".", 2)[0] for path in settings.KEYS_DIR.glob("*.*.key")} - settings.KEY_PURPOSES
    if foreign:
        hint = f"Take these out of {settings.KEYS_DIR}: {', '.join(sorted(foreign))}."
        found.append(_error(8, "The key directory holds keys that belong behind other doors.", hint))
    if doors.ISSUING_DOOR not in opened and any(Path(settings.PKI_DIR).glob("*.key")):
        hint = f"Leave only the certificates (*.cer) in {settings.PKI_DIR}."
        found.append(_error(17, "A process that issues no cards holds the private keys of the authorities.", hint))
    return found


@register(Tags.security, deploy=True)
def keys_are_there(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E009: a key that this process needs is missing or damaged (only where it would not be made silently)."""
    missing = []
    for purpose in sorted(settings.KEY_PURPOSES):
        try:
            if not settings.KEYS_CREATE_MISSING:
                custody.current(purpose)
        except custody.KeyNotHere:
            missing.append(purpose)
    if not missing:
        return []
    return [
        _error(9, f"Keys are missing or damaged: {', '.join(missing)}.", "Run manage.py make_keys, or restore them.")
    ]


@register(Tags.security, deploy=True)
def addresses_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E010: the portal without TLS. E011: any or only loopback host names."""
    found: list[CheckMessage] = []
    if not settings.PORTAL_ORIGIN.startswith("https://"):
        hint = "Set MYNA_PORTAL_ORIGIN to the https:// address under which citizens reach it."
        found.append(_error(10, "The portal's address is not https: cookies and cards' answers travel openly.", hint))
    public = [host for host in settings.ALLOWED_HOSTS if host != "*" and not _is_loopback(host)]
    if "*" in settings.ALLOWED_HOSTS or not public:
        hint = "Set MYNA_ALLOWED_HOSTS to the names under which this process is reached."
        found.append(_error(11, "The process answers to every host name, or to this machine alone.", hint))
    return found


@register(Tags.security, deploy=True)
def services_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E012 debug pages, E013 mail into files, E014 the sandbox bank, E015 inline tasks, E016 a cache per process.

    E018 the status of certificates for everyone, E019 a suite of algorithms that there is not.
    """
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(_error(12, "DEBUG is on: error pages would show what they must not.", "Unset MYNA_DEBUG."))
    if any(kind in settings.EMAIL_BACKEND for kind in _MAIL_STAND_INS):
        hint = "Set MYNA_EMAIL_BACKEND=django.core.mail.backends.smtp.EmailBackend and MYNA_EMAIL_HOST."
        found.append(_error(13, "Mail is not sent.", hint))
    if settings.SANDBOX_BANK or "bank" in settings.MYNA_DOORS:
        hint = "Set MYNA_SANDBOX_BANK=0 and leave bank out of MYNA_DOORS."
        found.append(_error(14, "The sandbox bank takes payments that nobody makes.", hint))
    if settings.CELERY_TASK_ALWAYS_EAGER:
        hint = "Set REDIS_URL and run a worker and the beat."
        found.append(_error(15, "Background work runs inside the requests.", hint))
    if "locmem" in settings.CACHES["default"]["BACKEND"] or "dummy" in settings.CACHES["default"]["BACKEND"]:
        hint = "Set REDIS_URL, so that all processes share one cache."
        found.append(_error(16, "Each process counts attempts for itself, so the limits do not hold.", hint))
    if settings.PKI_STATUS_OPEN:
        hint = "Set MYNA_PKI_STATUS_OPEN=0 and register verifiers with manage.py register_verifier."
        found.append(_error(18, "Anyone may ask about the status of certificates (JPKI Act, articles 18, 37).", hint))
    if settings.PKI_SUITE not in SUITES:
        hint = f"Set MYNA_PKI_SUITE to one of these: {', '.join(SUITES)}."
        found.append(_error(19, "The suite of algorithms for new authorities is unknown.", hint))
    return found


def databases_are_migrated(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E100: a database does not answer. E101: one is behind its migrations.

    Registered by the check command alone: `migrate` runs the other checks first, and must not be refused by this one.
    """
    found: list[CheckMessage] = []
    for alias in ALIASES:
        try:
            behind = migrating.missing(alias)
        except DatabaseError:
            found.append(_error(100, f"The database {alias} does not answer.", "Start it, or correct its URL."))
            continue
        if behind:
            hint = "Run manage.py migrate_all."
            found.append(_error(101, f"The database {alias} is {len(behind)} migrations behind.", hint))
    return found


def refuse_stand_ins() -> None:
    """Called by every server as it starts. Raises ImproperlyConfigured in production while one stand-in is left."""
    if not settings.PRODUCTION:
        return
    found = [check for check in run_checks(include_deployment_checks=True) if (check.id or "").startswith("myna.E")]
    if found:
        lines = [f"{check.id} {check.msg} {check.hint}" for check in found]
        raise ImproperlyConfigured("Not fit for production:\n" + "\n".join(lines))


def _others_may_read(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(f"//{host}").hostname or "").is_loopback
    except ValueError:
        return host == "localhost"

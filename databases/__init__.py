"""Four databases, one per trust domain, and the router that keeps every room in its own.

A thief of one of them learns what that domain knows and nothing else (docs/threats.md), so no foreign key and no
transaction ever spans two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dj_database_url

REGISTRY = "registry"
EXCHANGE = "exchange"
HOLDINGS = "holdings"
PORTAL = "default"

ALIASES = (REGISTRY, EXCHANGE, HOLDINGS, PORTAL)

ALIAS_OF_ROOM = {
    "residents": REGISTRY,
    "numbering": REGISTRY,
    "cards": REGISTRY,
    "agencies": EXCHANGE,
    "exchange": EXCHANGE,
    "holdings": HOLDINGS,
}

# WAL lets readers go on while one writes; IMMEDIATE takes the write lock at the start, so that two writers queue
# instead of failing; secure_delete overwrites what is deleted, so that a removed row is not left in free pages.
_SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"


class Router:
    """Sends every model to the database of its room; rooms not named above belong to the portal."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return ALIAS_OF_ROOM.get(model._meta.app_label, PORTAL)

    db_for_write = db_for_read

    def allow_relation(self, left: Any, right: Any, **hints: Any) -> bool:
        return self.db_for_read(type(left)) == self.db_for_read(type(right))

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return ALIAS_OF_ROOM.get(app_label, PORTAL) == db


def _database_name(alias: str) -> str:
    return "portal" if alias == PORTAL else alias


def configure(*, url: str, own_urls: dict[str, str], directory: Path) -> dict[str, dict[str, Any]]:
    """DATABASES from one `DATABASE_URL` (its name is the prefix of four), one URL each, or SQLite files in `directory`.

    `own_urls` maps an alias to its own URL and wins over `url`.
    """
    databases = {}
    for alias in ALIASES:
        own = own_urls.get(alias) or (_derive(url, _database_name(alias)) if url else "")
        if own:
            databases[alias] = {
                **dj_database_url.parse(own),
                "CONN_MAX_AGE": 60,
                "CONN_HEALTH_CHECKS": True,
                "ATOMIC_REQUESTS": False,
            }
        else:
            databases[alias] = {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": directory / f"{_database_name(alias)}.sqlite3",
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60, "init_command": _SQLITE_PRAGMAS},
                "CONN_MAX_AGE": 60,  # opening a file and setting its pragmas takes longer than most requests
                "ATOMIC_REQUESTS": False,
            }
    return databases


def _derive(url: str, name: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}.sqlite3"))
    return urlunsplit(parts._replace(path=f"{parts.path}_{name}"))

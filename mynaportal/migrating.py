"""Which of the four databases is behind its migrations, and bringing them up to date."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from databases import ALIASES


def missing(alias: str) -> list[str]:
    """The migrations that this database has not had yet, as "room.0001_initial". Raises DatabaseError."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def migrate(alias: str) -> int:
    """Apply what is missing and return how many migrations that were; changes nothing when there are none."""
    names = missing(alias)
    if names:
        call_command("migrate", database=alias, interactive=False, verbosity=0)
    return len(names)


def create_if_absent(alias: str) -> bool:
    """Make a PostgreSQL database that is not there yet, where the role may. SQLite makes its files itself."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return False
    try:
        connection.ensure_connection()
    except OperationalError:
        with connection._nodb_cursor() as cursor:
            name = str(connection.settings_dict["NAME"])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone():
                raise
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)}")
        return True
    return False


def migrate_all() -> dict[str, int]:
    """All four databases, each on its own: how many migrations each had."""
    return {alias: migrate(alias) for alias in ALIASES}

"""Whether a database could not be reached: then the service is away for the moment, and nobody did anything wrong."""

from __future__ import annotations

import sqlite3

from django.db import InterfaceError, OperationalError

RETRY_AFTER_SECONDS = 10
# What PostgreSQL says itself: the line broke (class 08), it takes no more, is being shut down, has crashed, or starts.
_STATES = ("08", "53300", "57P01", "57P02", "57P03")


def is_away(error: BaseException | None) -> bool:
    """Whether there was no connection, or it broke. Any other failure is one of a statement, and ours: a lock, a value,
    a statement that took too long."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if cause is None or isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_CANTOPEN
    # Where there was no line, nobody could give it a state (psycopg2 and 3 name it differently).
    state = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_STATES)

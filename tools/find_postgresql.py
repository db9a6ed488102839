"""Print the URL of a PostgreSQL server on this machine whose role may create databases, or nothing."""

from __future__ import annotations

import getpass

import psycopg2


def usable(url: str) -> bool:
    """Whether the server answers within two seconds and the role may create databases."""
    try:
        connection = psycopg2.connect(url, connect_timeout=2)
    except psycopg2.Error:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


if __name__ == "__main__":
    names = dict.fromkeys((getpass.getuser(), "root", "postgres"))
    candidates = [f"postgres://{name}@127.0.0.1:5432/{base}" for name in names for base in ("test", "postgres")]
    print(next((url for url in candidates if usable(url)), ""))

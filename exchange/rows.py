"""Rows into tables without a model object for each, in one trip to the database: the log writes at every use of a code.

Values go through the fields' own preparation, so that they lie in the table as the models read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Model

Rows = Sequence[tuple[Any, ...]]


def insert(database: str, *tables: tuple[type[Model], Rows]) -> None:
    """Insert each table's rows, whose values stand in the order of the model's fields; one that counts itself is left
    out. The caller holds the transaction."""
    connection = connections[database]
    many = [(_statement(model, database), _prepared(model, rows, connection)) for model, rows in tables if rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            texts = [f"{text} {', '.join([places] * len(rows))}" for (text, places), rows in many]
            cursor.execute("; ".join(texts), [value for _, rows in many for row in rows for value in row])
        else:
            for (text, places), rows in many:
                cursor.executemany(f"{text} {places}", rows)


def _prepared(model: type[Model], rows: Rows, connection: Any) -> list[list[Any]]:
    prepare = [field.get_db_prep_save for field in fields(model)]
    return [[each(value, connection) for each, value in zip(prepare, row, strict=True)] for row in rows]


@cache
def _statement(model: type[Model], database: str) -> tuple[str, str]:
    quote, own = connections[database].ops.quote_name, fields(model)
    columns = ", ".join(quote(field.column) for field in own)
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES", f"({', '.join(['%s'] * len(own))})"


@cache
def fields(model: type[Model]) -> list[Any]:
    """The fields whose values a row states, in its order."""
    return [field for field in model._meta.concrete_fields if not field.db_returning]

"""All columns of codes, found by their type, and the one way to rewrite them when an agency enters a new epoch.

A column says by its name whose codes it holds: `portal_code` and `staff_code` those of the portal and of the staff
directory, `code` those of the agency that the column `agency` beside it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, router, transaction
from django.db.models import QuerySet

from codes.fields import CodeField
from codes.rist1 import Code

OWN_COLUMNS = frozenset({"portal_code", "staff_code"})
OF_AGENCY = "code"


class TwoRowsForOnePerson(Exception):
    """A row of the former epoch and one of the new are about one person, where only one can be."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of codes, and which of its rows are meant."""

    model: type[models.Model]
    name: str
    where: tuple[tuple[str, str], ...] = ()

    def rows(self, epoch: int) -> QuerySet[models.Model]:
        """The rows whose code is of that epoch."""
        found = self.model._base_manager.using(router.db_for_write(self.model))
        return found.filter(**dict(self.where), **{f"{self.name}__startswith": f"a{epoch}-"})


def every_column() -> Iterator[tuple[type[models.Model], CodeField]]:
    """Each column of codes in the house."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, CodeField):
                yield model, field


def columns_of(agency: str, own_column: str = "") -> list[Column]:
    """The columns that hold the codes of this agency; `own_column` where it is one of ours."""
    found = []
    for model, field in every_column():
        if field.name == OF_AGENCY:
            found.append(Column(model, field.name, (("agency", agency),)))
        elif field.name == own_column:
            found.append(Column(model, field.name))
    return found


def rewrite(column: Column, *, epoch: int, change: Callable[[Code], Code], after: Any, batch: int) -> list[Any]:
    """Change the codes of one batch of rows behind the key `after`, in one transaction; returns their keys.

    `change` gives the same person's code of another epoch, so a row is rewritten once, however often this is run. Where
    the model says LATER_ROW_WINS, a row that has been written anew under the new code replaces the former one.
    Raises TwoRowsForOnePerson.
    """
    database = router.db_for_write(column.model)
    with transaction.atomic(using=database, durable=True):
        found = column.rows(epoch).order_by("pk").select_for_update()
        rows = list((found if after is None else found.filter(pk__gt=after))[:batch])
        for row in rows:
            setattr(row, column.name, change(getattr(row, column.name)))
        try:
            with transaction.atomic(using=database):
                column.model._base_manager.using(database).bulk_update(rows, [column.name])
        except IntegrityError:
            for row in rows:
                _rewrite_one(column, row, database)
    return [row.pk for row in rows]


def _rewrite_one(column: Column, row: models.Model, database: str) -> None:
    same = column.model._base_manager.using(database).filter(pk=row.pk)
    try:
        with transaction.atomic(using=database):
            same.update(**{column.name: getattr(row, column.name)})
    except IntegrityError:
        if not getattr(column.model, "LATER_ROW_WINS", False):
            # Not the database's own message: it repeats the row with its code.
            raise TwoRowsForOnePerson(column.model._meta.label) from None
        same.delete()

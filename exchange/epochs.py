"""An agency enters a new epoch: new codes for all its persons, and in the end the former ones are worth nothing.

Begin: a new scalar. From SETTLE seconds on every process makes codes of the new epoch, takes those of both, and looks
for rows under both. Bring: the rows of all our databases are rewritten in batches, each a transaction. Close: codes of
the former epoch are refused, the last rows are brought, and the scalar is destroyed; who stole codes of that epoch can
then neither use them nor match them with any others.

A run that was stopped is started again and goes on where it was: what it has still to do is read from the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from django.db import transaction

from agencies.models import Agency
from codes import columns, rist1
from codes.columns import Column
from codes.rist1 import Code
from databases import EXCHANGE
from exchange import scalars
from exchange.models import CodeIssue

Progress = Callable[[int, int], None]
OWN_COLUMN = {Agency.Kind.PORTAL: "portal_code", Agency.Kind.STAFF_DIRECTORY: "staff_code"}


class NothingToClose(Exception):
    """Only one epoch of the agency stands."""


def former(agency: Agency) -> list[int]:
    """The epochs before the present one that are not destroyed."""
    return [scalar.epoch for scalar in scalars.not_destroyed(agency)[1:]]


def begin(agency: Agency, *, settle: float = scalars.SETTLE) -> int:
    """Begin the next epoch, unless one has begun and the former still stands; returns the present one.

    When this returns, every process knows it.
    """
    scalars.forget()
    present = scalars.current(agency).epoch
    if not former(agency):
        present = scalars.begin(agency, present + 1).epoch
    time.sleep(settle)
    return present


def bring(agency: Agency, *, batch: int = 500, progress: Progress | None = None) -> int:
    """Rewrite all rows that bear a code of a former epoch; returns how many this run wrote."""
    scalars.forget()
    epochs, done = former(agency), 0
    total = remaining(agency)
    for column, epoch in ((column, epoch) for column in _columns(agency) for epoch in epochs):
        for written in _passes(column, epoch, changer(agency, epoch), batch):
            done += written
            if progress:
                progress(done, max(total, done))
    return done + _bring_issues(agency, epochs)


def close(
    agency: Agency,
    *,
    batch: int = 500,
    progress: Progress | None = None,
    settle: float = scalars.SETTLE,
    before_the_end: Callable[[], object] = lambda: None,
) -> list[int]:
    """Refuse the codes of every former epoch and destroy its scalar; returns the epochs. Raises NothingToClose.

    `before_the_end` brings what lies outside these databases' columns, as `bring` does.
    """
    scalars.forget()
    epochs = former(agency)
    if not epochs:
        scalars.scrub()  # a run may have been stopped before this
        raise NothingToClose
    for epoch in epochs:
        scalars.mark_closing(agency, epoch)
    time.sleep(settle)
    while bring(agency, batch=batch, progress=progress):
        pass
    before_the_end()
    for epoch in epochs:
        scalars.destroy(agency, epoch)
    scalars.scrub()
    return epochs


def remaining(agency: Agency) -> int:
    """How many rows still bear a code of a former epoch."""
    return sum(column.rows(epoch).count() for column in _columns(agency) for epoch in former(agency))


def changer(agency: Agency, epoch: int) -> Callable[[Code], Code]:
    """What turns the agency's code of that epoch into the same person's present one. Raises MalformedCode."""
    present = scalars.current(agency)
    factor = rist1.conversion_factor(scalars.of(agency, epoch, even_closing=True).value, present.value)
    return lambda code: Code(rist1.multiply(code.value, factor), present.epoch)


def _columns(agency: Agency) -> list[Column]:
    return columns.columns_of(agency.local_code, OWN_COLUMN.get(Agency.Kind(agency.kind), ""))


def _passes(column: Column, epoch: int, change: Callable[[Code], Code], batch: int) -> Iterable[int]:
    """Batch after batch to the end of the column, and from its beginning again until no row is left."""
    after = None
    while column.rows(epoch).exists():
        written = columns.rewrite(column, epoch=epoch, change=change, after=after, batch=batch)
        after = written[-1] if written else None
        if written:
            yield len(written)


def _bring_issues(agency: Agency, epochs: Iterable[int]) -> int:
    """Codes that wait for the agency are brought unseen: the factor goes through the encryption."""
    written = 0
    with transaction.atomic(using=EXCHANGE, durable=True):
        for epoch in epochs:
            present = scalars.current(agency)
            factor = rist1.conversion_factor(scalars.of(agency, epoch, even_closing=True).value, present.value)
            for waiting in CodeIssue.objects.select_for_update().filter(agency=agency, epoch=epoch):
                waiting.ephemeral = rist1.multiply(bytes(waiting.ephemeral), factor)
                waiting.body = rist1.multiply(bytes(waiting.body), factor)
                waiting.epoch = present.epoch
                waiting.save(update_fields=["ephemeral", "body", "epoch"])
                written += 1
    return written

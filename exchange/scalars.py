"""The exchange's secret scalars, one for each agency and epoch: `code = scalar · person`. Only conversion uses them.

A process reads the table at most once in LEASE seconds and opens each scalar once, so that an inquiry asks for none. A
row never changes but for its end, and what changes is known everywhere after SETTLE seconds: who begins or closes an
epoch waits that long before relying on it. When the table is read again, a scalar that is gone from it is forgotten.

An epoch stands from its beginning until it is closing: then its codes are refused, while rows that still bear them can
be brought to the present (exchange.epochs). Then its row is destroyed. The state is sealed together with the scalar:
no one reopens an epoch by an edit in the table.

Epoch 0 of the portal is not of codes: its scalar makes the points by which records are found, and is never renewed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connections, transaction

from agencies.models import Agency
from codes import rist1
from codes.rist1 import MalformedCode
from databases import EXCHANGE
from exchange.models import CodeScalar
from keys.sealing import open_sealed, seal

RECORDS_EPOCH = 0
FIRST_EPOCH = 1
LAST_EPOCH = 9999
LEASE = 5.0
SETTLE = 2 * LEASE
_PURPOSE = "code-scalar"
_CLOSING = b"closing"
_SCALAR_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Scalar:
    """One opened row."""

    epoch: int
    value: bytes
    is_closing: bool

    def __repr__(self) -> str:
        return "<Scalar>"


@dataclass(frozen=True, slots=True, repr=False)
class _Row:
    agency_id: int
    local_code: str
    epoch: int
    sealed: bytes


@dataclass(slots=True, repr=False)
class _Table:
    """The rows as they were read, the newest epoch of each agency first, and what was opened of them."""

    rows: dict[int, list[_Row]]
    read_at: float
    # Whose epoch 0 there is: the portal's, known without asking for the portal.
    portal_id: int | None
    opened: dict[_Row, Scalar] = field(default_factory=dict)

    def of(self, agency_id: int) -> list[Scalar]:
        return [self.open(row) for row in self.rows.get(agency_id, ())]

    def open(self, row: _Row) -> Scalar:
        found = self.opened.get(row)
        if found is None:
            found = self.opened[row] = _open(row)
        return found


_kept: _Table | None = None


def current(agency: Agency) -> Scalar:
    """The scalar of the codes that are made now. The agency's first epoch begins here."""
    standing = [scalar for scalar in _of(agency) if not scalar.is_closing]
    return standing[0] if standing else begin(agency, FIRST_EPOCH)


def not_destroyed(agency: Agency) -> list[Scalar]:
    """The scalars of all epochs under which the agency's rows may lie, the current one first."""
    newest = current(agency)
    return [newest, *(scalar for scalar in _of(agency) if scalar.epoch != newest.epoch)]


def of(agency: Agency, epoch: int, *, even_closing: bool = False) -> Scalar:
    """The scalar of that epoch. Raises MalformedCode: a code of an epoch that does not stand is no code."""
    scalar = _find(_of(agency), epoch)
    if scalar is None and CodeScalar.objects.filter(agency=agency, epoch=epoch).exists():
        forget()  # another process has begun it since
        scalar = _find(_of(agency), epoch)
    if epoch < FIRST_EPOCH or scalar is None or (scalar.is_closing and not even_closing):
        raise MalformedCode("Not a code of today: it belongs to another epoch.")
    return scalar


def of_portal(epoch: int) -> Scalar:
    """As `of`, for the portal, which is not asked for where the table says who it is."""
    table = _table()
    found = None if table.portal_id is None else _find(table.of(table.portal_id), epoch)
    if found is not None and not found.is_closing and epoch >= FIRST_EPOCH:
        return found
    return of(Agency.objects.portal(), epoch)


def of_records() -> Scalar:
    """The scalar of records; it begins here."""
    table = _table()
    if table.portal_id is not None:
        return table.open(table.rows[table.portal_id][-1])
    return begin(Agency.objects.portal(), RECORDS_EPOCH)


def begin(agency: Agency, epoch: int) -> Scalar:
    """A new epoch with a new scalar. Two at once get one: the agency and epoch are unique."""
    if epoch > LAST_EPOCH:
        raise ValueError("An epoch has four digits.")
    with transaction.atomic(using=EXCHANGE):
        row = CodeScalar.objects.get_or_create(
            agency=agency, epoch=epoch, defaults={"sealed": _seal(agency, epoch, rist1.new_scalar())}
        )[0]
    forget()
    return _open(_Row(agency.pk, agency.local_code, epoch, bytes(row.sealed)))


def mark_closing(agency: Agency, epoch: int) -> None:
    """From SETTLE seconds on no process takes a code of that epoch. Again changes nothing. Raises MalformedCode."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        row = CodeScalar.objects.select_for_update().filter(agency=agency, epoch=epoch).first()
        if row is None:
            raise MalformedCode("Not an epoch of today.")
        opened = _open(_Row(agency.pk, agency.local_code, epoch, bytes(row.sealed)))
        row.sealed = _seal(agency, epoch, opened.value, _CLOSING)
        row.save(update_fields=["sealed"])
    forget()


def destroy(agency: Agency, epoch: int) -> None:
    """Delete a closing epoch's scalar. Again changes nothing. `scrub` belongs to it."""
    with transaction.atomic(using=EXCHANGE, durable=True):
        row = CodeScalar.objects.select_for_update().filter(agency=agency, epoch=epoch).first()
        if row is not None:
            if not _open(_Row(agency.pk, agency.local_code, epoch, bytes(row.sealed))).is_closing:
                raise ValueError("Only a closing epoch is destroyed.")
            row.delete()
    forget()


def scrub() -> None:
    """Take away what the database keeps of deleted rows.

    SQLite overwrites them (secure_delete) and its write-ahead log is emptied here; PostgreSQL's table is vacuumed.
    Backups, PostgreSQL's own log and a process that has been idle since keep theirs (docs/threats.md).
    """
    connection = connections[EXCHANGE]
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"VACUUM {connection.ops.quote_name(CodeScalar._meta.db_table)}")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def forget() -> None:
    """Read the table anew at the next need."""
    global _kept
    _kept = None


def _of(agency: Agency) -> list[Scalar]:
    """The agency's scalars of codes, the newest first."""
    return [scalar for scalar in _table(agency).of(agency.pk) if scalar.epoch >= FIRST_EPOCH]


def _find(scalars: Iterable[Scalar], epoch: int) -> Scalar | None:
    return next((scalar for scalar in scalars if scalar.epoch == epoch), None)


def _table(agency: Agency | None = None) -> _Table:
    global _kept
    if connections[EXCHANGE].in_atomic_block:
        # What is read inside a transaction may never be committed: it is not kept.
        return _read(agency)
    kept = _kept
    if kept is None or time.monotonic() - kept.read_at >= LEASE:
        read = _read()
        if kept is not None:
            still_there = {row for rows in read.rows.values() for row in rows}
            read.opened = {row: scalar for row, scalar in list(kept.opened.items()) if row in still_there}
        kept = _kept = read
    return kept


def _read(agency: Agency | None = None) -> _Table:
    read_at = time.monotonic()
    found = CodeScalar.objects.order_by("agency", "-epoch")
    if agency is not None:
        found = found.filter(agency=agency)
    rows: dict[int, list[_Row]] = {}
    for agency_id, local_code, epoch, sealed in found.values_list("agency_id", "agency__local_code", "epoch", "sealed"):
        rows.setdefault(agency_id, []).append(_Row(agency_id, local_code, epoch, bytes(sealed)))
    return _Table(rows, read_at, next((found for found in rows if rows[found][-1].epoch == RECORDS_EPOCH), None))


def _open(row: _Row) -> Scalar:
    content = open_sealed(_PURPOSE, row.sealed, context=_context(row.local_code, row.epoch))
    return Scalar(row.epoch, content[:_SCALAR_BYTES], content[_SCALAR_BYTES:] == _CLOSING)


def _seal(agency: Agency, epoch: int, scalar: bytes, state: bytes = b"") -> bytes:
    return seal(_PURPOSE, scalar + state, context=_context(agency.local_code, epoch))


def _context(local_code: str, epoch: int) -> str:
    return f"exchange.CodeScalar.sealed:{local_code}:{epoch}"

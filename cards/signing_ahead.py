"""Answers signed ahead, as files that a web server serves without asking us (RFC 5019).

One for each certificate and each of the two hashes, under the name that a client's GET ends with: the request in
base64, percent-encoded, so that no `/` in it means a directory. Who sends a nonce or spells it otherwise asks live.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from django.db.models import QuerySet

from cards import authorities, delegates, places, status
from cards.models import Certificate
from cards.pki import ocsp

# Signed every night, with room for one that fails. Who is revoked meanwhile is re-signed at once by `--changed`.
LIFETIME = dt.timedelta(hours=36)
HASHES = (ocsp.SHA1, ocsp.SHA256)
_BATCH = 500

Progress = Callable[[int, int], None]


def sign_all(*, at: dt.datetime, progress: Progress | None = None) -> int:
    """Sign for every unexpired certificate, take away what is of no use any more, and return how many files there are.

    Raises delegates.NoResponder.
    """
    at = at.replace(microsecond=0)
    rows = Certificate.objects.filter(not_after__gte=at)
    written = _sign(rows.count(), _each(rows.order_by("pk")), at=at, progress=progress)
    for path in places.signed_ahead().glob("*"):
        if path.name not in written:
            path.unlink(missing_ok=True)
    return len(written)


def sign_changed(*, since: dt.datetime, at: dt.datetime) -> int:
    """Sign anew for what was revoked since then: until that is done, the old files still say good."""
    rows = Certificate.objects.filter(revoked_at__gte=since, not_after__gte=at).order_by("pk")
    return len(_sign(rows.count(), _each(rows), at=at.replace(microsecond=0), progress=None))


def name_of(request: bytes) -> str:
    """The file's name: the last part of the address that a client asks at."""
    return quote(b64encode(request).decode(), safe="")


def _each(rows: QuerySet[Certificate]) -> Iterator[tuple[str, str, int]]:
    yield from rows.values_list("serial", "purpose", "generation").iterator(_BATCH)


def _sign(total: int, rows: Iterator[tuple[str, str, int]], *, at: dt.datetime, progress: Progress | None) -> set[str]:
    written: set[str] = set()
    directory = places.signed_ahead()
    batch: list[tuple[str, str, int]] = []
    done = 0
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            done += len(batch)
            written |= _batch(batch, directory, at=at)
            batch.clear()
            if progress is not None:
                progress(done, total)
    written |= _batch(batch, directory, at=at)
    if progress is not None:
        progress(total, total)
    return written


def _batch(rows: list[tuple[str, str, int]], directory: Path, *, at: dt.datetime) -> set[str]:
    written = set()
    for purpose, generation in {(purpose, generation) for _, purpose, generation in rows}:
        responder = delegates.responder(purpose, generation, at=at)
        anchor = authorities.anchor(purpose, generation)
        mine = [int(serial, 16) for serial, *of in rows if of == [purpose, generation]]
        for serial, found in status.statuses(purpose, generation, serials=mine, at=at).items():
            for algorithm in HASHES:
                request = ocsp.plain_request(anchor, serial=serial, algorithm=algorithm)
                (certificate,) = ocsp.parse(request).certificates
                body = ocsp.answer(responder, answers=[(certificate, found)], at=at, next_update=at + LIFETIME)
                name = name_of(request)
                places.write(directory / name, body, durable=False)  # lost ones are asked live
                written.add(name)
    return written

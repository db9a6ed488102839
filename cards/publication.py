"""Publishing for verifiers (JPKI Act, articles 18 and 37): revocation lists, certificates of authorities, responders.

Each run rebuilds only the lists that have something else to tell or grow old, and then asks whether the shards that lie
there hold exactly all unexpired revoked certificates. One run at a time; the numbers of lists only rise.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.conf import settings

from cards import authorities, delegates, places, revocation
from cards.models import Certificate
from cards.pki import crl
from cards.pki.addresses import COMPLETE
from cards.pki.profiles import PROFILES

# A list is good for a day and replaced after half of it, so that one failed night does not leave verifiers without.
LIFETIME = dt.timedelta(days=1)
_RENEWED_BEFORE = LIFETIME / 2
# How often the beat publishes, and so for how long a copy of a list is as good as a new one.
INTERVAL = dt.timedelta(minutes=5)
_ATTEMPTS = 3
_IN_DEVELOPMENT = 10.0

Progress = Callable[[int, int], None]


class NotCovered(Exception):
    """The shards do not hold exactly the unexpired revoked certificates. What lies there must not be relied on."""


def publish(*, at: dt.datetime, progress: Progress | None = None) -> list[Path]:
    """Bring all that is published up to date and return what was rewritten. Raises NotCovered, NoAuthority."""
    at = at.replace(microsecond=0)
    changed: list[Path] = []
    with _alone():
        every = _every()
        for number, (purpose, generation) in enumerate(every, 1):
            changed += _publish(purpose, generation, at=at)
            if progress is not None:
                progress(number, len(every))
        _stamp().touch()
    return changed


def find(file_stem: str, generation: int, name: str, *, at: dt.datetime) -> Path | None:
    """The file that is published under this name. In development it is made at the first need."""
    purpose = next((p for p, profile in PROFILES.items() if profile.file_stem == file_stem), None)
    if purpose is None:
        return None
    keep_up_in_development(at=at)
    path = places.directory(purpose, generation) / name
    return path if path.is_file() else None


def keep_up_in_development(*, at: dt.datetime) -> None:
    """Without a beat, publish when something is asked for; in production this does nothing."""
    if not settings.KEYS_CREATE_MISSING or delegates.KEY_PURPOSE not in settings.KEY_PURPOSES:
        return
    is_old = not _stamp().exists() or time.time() - _stamp().stat().st_mtime > _IN_DEVELOPMENT
    if is_old or not all(places.responder_certificate(*each).exists() for each in _every()):
        publish(at=at)


def _every() -> list[tuple[str, int]]:
    return [(purpose, generation) for purpose in PROFILES for generation in authorities.generations(purpose)]


def _publish(purpose: str, generation: int, *, at: dt.datetime) -> list[Path]:
    changed = []
    anchor = authorities.anchor(purpose, generation).public_bytes(serialization.Encoding.DER)
    path = places.authority_certificate(purpose, generation)
    if not path.exists() or path.read_bytes() != anchor:
        places.write(path, anchor)
        changed.append(path)
    if delegates.renew(purpose, generation, at=at):
        changed.append(places.responder_certificate(purpose, generation))
    for _ in range(_ATTEMPTS):
        changed += _lists(purpose, generation, at=at)
        if is_covered(purpose, generation, at=at):
            return changed
        # A certificate was revoked between the reading and the check, or something is wrong: the next round tells.
    raise NotCovered(f"The lists of generation {generation} of {PROFILES[purpose].file_stem} are not complete.")


def shards_in_use(purpose: str, generation: int, *, at: dt.datetime) -> list[str]:
    """The shards that unexpired certificates name, also those of which nothing is revoked: verifiers ask for each."""
    rows = Certificate.objects.filter(purpose=purpose, generation=generation, not_after__gte=at)
    return sorted(set(rows.values_list("shard", flat=True)))


def is_published(purpose: str, generation: int) -> bool:
    """Whether the generation has been published at all."""
    return places.revocation_list(purpose, generation, COMPLETE).exists()


def is_covered(purpose: str, generation: int, *, at: dt.datetime) -> bool:
    """Whether the shards that lie there, and the complete list too, hold what they must and nothing else."""
    shards = [path for path in places.directory(purpose, generation).glob("*.crl") if path.stem != COMPLETE]
    complete = [places.revocation_list(purpose, generation, COMPLETE)]
    return all(
        revocation.coverage(purpose, [_read(path) for path in paths], generation=generation, at=at)
        for paths in (shards, complete)
    )


def _lists(purpose: str, generation: int, *, at: dt.datetime) -> list[Path]:
    shards, changed = shards_in_use(purpose, generation, at=at), []
    for shard in [*shards, COMPLETE]:
        path = places.revocation_list(purpose, generation, shard)
        if _refresh(path, purpose, generation, shard=None if shard == COMPLETE else shard, at=at):
            changed.append(path)
    for path in places.directory(purpose, generation).glob("*.crl"):
        if path.stem not in {*shards, COMPLETE}:  # its last certificate has expired
            path.unlink()
            changed.append(path)
    return changed


def _refresh(path: Path, purpose: str, generation: int, *, shard: str | None, at: dt.datetime) -> bool:
    number = int(at.timestamp())  # so that numbers go on rising where the files were lost
    if path.exists():
        present = _read(path)
        wanted = b"".join(revocation.encoded(purpose, generation=generation, shard=shard, at=at))
        if crl.revoked_of(present) == wanted and crl.next_update(present) - at > _RENEWED_BEFORE:
            return False
        number = max(number, crl.number_of(present) + 1)
    made = revocation.revocation_list(
        purpose,
        generation=generation,
        number=number,
        at=at,
        lifetime=LIFETIME,
        shard=shard,
        address=authorities.addresses(purpose, generation).revocation_list(shard or COMPLETE),
    )
    places.write(path, made)
    return True


def _read(path: Path) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(path.read_bytes())


def _stamp() -> Path:
    return places.root() / ".published"


@contextmanager
def _alone() -> Iterator[None]:
    places.root().mkdir(parents=True, exist_ok=True)
    with (places.root() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

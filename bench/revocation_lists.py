"""Revocation lists from the table to the signed file, beside `openssl ca -gencrl` from its index, in turns.

Complete lists of 100,000 and of 1,000,000 entries, and what is rebuilt when one more certificate is revoked: one of the
64 shards. Time, and the peak memory of a process that does nothing else. On SQLite; openssl's index is a text file.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import REPETITIONS, Measure

SIZES = {100_000: REPETITIONS, 1_000_000: 1}
SHARDS = 64
_CONFIGURATION = """
[ca]
default_ca = own
[own]
database = {directory}/index.txt
crlnumber = {directory}/crlnumber
default_md = sha256
default_crl_days = 1
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid
"""


def run() -> list[Measure]:
    from tests.committed import migrated_var
    from tests.committed import run as run_script

    openssl, measures = shutil.which("openssl"), []
    if openssl is None:
        print("Revocation lists were not measured: there is no openssl here.", file=sys.stderr)
        return []
    for size, repetitions in SIZES.items():
        with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), "sqlite") as env:
            theirs = Path(env["MYNA_VAR_DIR"]) / "openssl"
            theirs.mkdir()
            run_script(env, f"from bench.revocation_lists import fill; fill({size})")
            rounds = [(_ours(env), _ours(env, shard="007"), _openssl(openssl, theirs)) for _ in range(repetitions)]
        (seconds, memory), (shard, _), (reference, reference_memory) = (
            tuple(statistics.median(values) for values in zip(*each, strict=True)) for each in zip(*rounds, strict=True)
        )
        name = f"revocation-list-{size}"
        measures += [
            Measure(name, size / seconds, "entries/s", "openssl-ca-gencrl", size / reference),
            Measure(f"{name}-memory", memory, "MB", "openssl-ca-gencrl", reference_memory),
            Measure(f"{name}-one-dirty-shard", 1 / shard, "lists/s", "openssl-ca-gencrl", 1 / reference),
        ]
    return measures


def fill(size: int) -> None:
    """So many revoked certificates of the user authentication authority, as rows and as openssl's index."""
    import datetime as dt

    from cryptography.hazmat.primitives import serialization
    from django.conf import settings
    from django.db import connections
    from django.utils import timezone

    from cards.models import Card
    from databases import REGISTRY
    from tests.cards.certificates import generation, somebody

    at = timezone.now().replace(microsecond=0)
    authority = generation(1, at=at - dt.timedelta(days=30))
    card = Card.objects.create(
        resident=somebody(),
        state=Card.State.ABOLISHED,
        chip_slug="all",
        issued_on=at.date(),
        expires_on=at.date(),
        portal_code_sealed=b"nothing",
    )
    directory = Path(settings.VAR_DIR) / "openssl"
    until, reason = at + dt.timedelta(days=1000), "cessationOfOperation"
    # Rows in the order of their key, and without waiting for the disk: there are a million, and none is measured.
    # openssl's index is in the order of issue, which is none.
    serials = sorted(f"{secrets.randbits(158) | 1 << 158:x}" for _ in range(size))
    lines = []
    with connections[REGISTRY].cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")
        for start in range(0, size, 10_000):
            rows = []
            for number, serial in enumerate(serials[start : start + 10_000], start):
                revoked = at - dt.timedelta(seconds=number)
                rows.append((serial, card.pk.hex, f"{number % SHARDS:03}", at, until, revoked, reason))
                lines.append(
                    f"R\t{until:%y%m%d%H%M%SZ}\t{revoked:%y%m%d%H%M%SZ},{reason}\t{serial.upper()}\tunknown\t"
                    f"/C=JP/CN={serial}\n"
                )
            cursor.executemany(
                "INSERT INTO cards_certificate (serial, card_id, purpose, generation, shard, not_before, not_after, "
                "state, revoked_at, reason, der) VALUES (%s, %s, 'USER_AUTHENTICATION', 1, %s, %s, %s, 'REVOKED', "
                "%s, %s, x'00')",
                [(*row[:3], *(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in row[3:6]), row[6]) for row in rows],
            )
    secrets.SystemRandom().shuffle(lines)
    (directory / "index.txt").write_text("".join(lines))
    (directory / "index.txt.attr").write_text("unique_subject = no\n")
    (directory / "crlnumber").write_text("01\n")
    (directory / "own.cnf").write_text(_CONFIGURATION.format(directory=directory))
    (directory / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    key = authority.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "ca.key").write_bytes(key)


def make(shard: str | None) -> None:
    """In a process of its own: one list, and print seconds and the peak of memory (MB) as JSON."""
    import datetime as dt

    from django.conf import settings
    from django.utils import timezone

    from cards import authorities, revocation
    from cards.pki.profiles import USER_AUTHENTICATION

    at = timezone.now().replace(microsecond=0)
    authorities.of_generation(USER_AUTHENTICATION, 1)
    begun = time.perf_counter()
    made = revocation.revocation_list(
        USER_AUTHENTICATION, number=1, at=at, lifetime=dt.timedelta(days=1), shard=shard, address="http://pki.example/l"
    )
    (Path(settings.VAR_DIR) / "made.crl").write_bytes(made)
    seconds = time.perf_counter() - begun
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def _ours(env: dict[str, str], shard: str | None = None) -> list[float]:
    from tests.committed import run as run_script

    return json.loads(run_script(env, f"from bench.revocation_lists import make; make({shard!r})"))


def _openssl(openssl: str, directory: Path) -> tuple[float, float]:
    """Seconds and the peak of memory (MB) of one run."""
    command = [openssl, "ca", "-gencrl", "-config", str(directory / "own.cnf"), "-cert", str(directory / "ca.pem")]
    command += ["-keyfile", str(directory / "ca.key"), "-out", str(directory / "made.crl")]
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return seconds, usage.ru_maxrss / 1024

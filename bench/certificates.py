"""Certificates issued per second, stored and on record, one card at a time and in bulk.

One by one is `certification.issue`: both certificates of a card and the line in its history, in a transaction of their
own. In bulk is `certification.put_into_use`, which also moves the cards' states and links the certificates. Beside them
the bare limit (the same profiles built and signed by the library in a loop, nothing stored) and django-ca, all in
turns: a P-256 authority too, on the same engine, waiting for the disk as ours does, at each certificate. The holders'
keys are there beforehand: making them is measured in bench/personalisation.py.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import peers
from bench.measure import REPETITIONS, Measure

if TYPE_CHECKING:
    from cards.certification import Made

CARDS_ONE_BY_ONE, CARDS_IN_BULK, BATCH = 200, 1200, 400
LOOP, THEIRS = 2400, 200


def run() -> list[Measure]:
    os.environ.setdefault("TEST_DATABASE_URL", os.environ.get("BENCH_DATABASE_URL", ""))
    from tests.committed import ENGINES, migrated_var
    from tests.committed import run as run_script

    python, measures = peers.django_ca(), []
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), engine) as env:
            env |= {"BENCH_DJANGO_CA": str(python or ""), "BENCH_ENGINE": engine}
            env["TEST_DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
            rates = json.loads(run_script(env, "from bench.certificates import measure; measure()"))
        for ours in ("one-by-one", "in-bulk"):
            for reference in ("builder-loop", "django-ca"):
                if reference in rates:
                    name = f"certificates-{ours}-{engine}"
                    measures.append(Measure(name, rates[ours], "certificates/s", reference, rates[reference]))
    return measures


def measure() -> None:
    """In a process of its own on fresh databases: print the median rates as JSON."""
    works: dict[str, Callable[[], float]] = {"one-by-one": one_by_one, "in-bulk": in_bulk, "builder-loop": loop()}
    with (
        tempfile.TemporaryDirectory() as directory,
        peers.environment(Path(directory), os.environ["BENCH_ENGINE"]) as env,
    ):
        peer = _django_ca(env)
        if peer is not None:
            works["django-ca"] = lambda: _ask(peer)
        rounds = [{name: work() for name, work in works.items()} for _ in range(1 + REPETITIONS)][1:]  # one warms up
        if peer is not None:
            peer.communicate("")
    print(json.dumps({name: statistics.median(each[name] for each in rounds) for name in works}))


def one_by_one() -> float:
    """A transaction for each card, as at the counter."""
    from cards import certification
    from cards.models import CardEvent

    issue = partial(certification.issue, what=CardEvent.What.CERTIFICATES_RENEWED)
    return _rate(issue, CARDS_ONE_BY_ONE, batch=1)


def in_bulk() -> float:
    from cards import certification

    return _rate(certification.put_into_use, CARDS_IN_BULK, batch=BATCH)


def _rate(act: Callable[..., object], count: int, *, batch: int) -> float:
    from django.db import transaction
    from django.utils import timezone

    from databases import REGISTRY

    made, at = _made(count), timezone.now()
    begun = time.perf_counter()
    for start in range(0, count, batch):
        with transaction.atomic(using=REGISTRY, durable=True):
            act(made[start : start + batch], at=at, by="measurement")
    return 2 * count / (time.perf_counter() - begun)


def _made(count: int) -> list[Made]:
    """Cards on their way, each of another person, whose chips have made keys."""
    from django.utils import timezone

    from bench.assignment import people
    from cards.certification import PURPOSES, Made
    from cards.models import Card
    from tests.cards import chips
    from tests.cards.certificates import somebody

    keys = {PURPOSES[name]: public for name, public in chips.public_keys().items()}
    entry, today = somebody().current, timezone.now().date()
    cards = Card.objects.bulk_create(
        Card(
            resident=resident,
            state=Card.State.IN_PRODUCTION,
            chip_slug=secrets.token_hex(8),
            issued_on=today,
            expires_on=today.replace(year=today.year + 9),
            portal_code_sealed=b"nothing",
        )
        for resident in people(count)
    )
    return [Made(card, entry, keys) for card in cards]


def loop() -> Callable[[], float]:
    """The bare limit: what anyone gets who calls the library's builder for these profiles and keeps nothing."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID
    from django.db import transaction
    from django.utils import timezone

    from cards import authorities, certification
    from cards.models import Certificate
    from databases import REGISTRY
    from tests.cards.certificates import parsed

    made, at = _made(1), timezone.now()
    with transaction.atomic(using=REGISTRY, durable=True):
        certification.put_into_use(made, at=at, by="")
    rows = Certificate.objects.filter(card=made[0].card)
    samples = [(authorities.issuing(row.purpose, at=at).key, parsed(row), parsed(row).public_key()) for row in rows]

    def work() -> float:
        begun = time.perf_counter()
        for number in range(LOOP):
            key, sample, public_key = samples[number % len(samples)]
            name = x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(12))
            builder = (
                x509.CertificateBuilder()
                .serial_number(x509.random_serial_number())
                .issuer_name(sample.issuer)
                .subject_name(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), name]))
                .public_key(public_key)
                .not_valid_before(at)
                .not_valid_after(at + dt.timedelta(days=1800))
            )
            for extension in sample.extensions:
                value = _of_this_holder(extension.value, public_key)
                builder = builder.add_extension(value, critical=extension.critical)
            builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        return LOOP / (time.perf_counter() - begun)

    return work


def _of_this_holder(value: Any, public_key: Any) -> Any:
    """The extension, made for one certificate where it is another in each: key identifier, attributes, list."""
    from cryptography import x509

    if isinstance(value, x509.SubjectKeyIdentifier):
        return x509.SubjectKeyIdentifier.from_public_key(public_key)
    if isinstance(value, x509.SubjectAlternativeName):
        return x509.SubjectAlternativeName([x509.OtherName(each.type_id, each.value) for each in value])
    if isinstance(value, x509.CRLDistributionPoints):
        address = x509.UniformResourceIdentifier(value[0].full_name[0].value)
        return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])
    return value


def _django_ca(env: dict[str, str]) -> subprocess.Popen[str] | None:
    """django-ca, waiting to be told how many certificates to issue; None where it could not be installed."""
    if not os.environ["BENCH_DJANGO_CA"]:
        return None
    project = Path(peers.__file__).with_name("django_ca_project.py")
    command = [os.environ["BENCH_DJANGO_CA"], project, "issue"]
    peer = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert peer.stdout is not None
    assert peer.stdout.readline() == "ready\n"
    return peer


def _ask(peer: subprocess.Popen[str]) -> float:
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write(f"{THEIRS}\n")
    peer.stdin.flush()
    return THEIRS / float(peer.stdout.readline())

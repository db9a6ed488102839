"""Certificates and their rows without a chip, so that a test can have many: of any generation, state and time."""

from __future__ import annotations

import datetime as dt
import secrets
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings

from cards import authorities
from cards.models import Card, Certificate
from cards.pki import keyfiles
from cards.pki.attributes import Attributes
from cards.pki.authority import Authority, HolderKey
from cards.pki.profiles import PROFILES, USER_AUTHENTICATION, with_suite
from residents.models import Resident
from tests.residents.people import HANAKO, settle

MITAKA = "132047"
ATTRIBUTES = Attributes(name="山田　花子", birth_date="1990-04-15", sex="2", address="東京都調布市小島町２－３５－１")


@cache
def _keys(suite: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if suite == "P-384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def publishing(places: Path, settings: Any) -> Path:
    """A directory of this test alone for what is published."""
    settings.PKI_PUBLIC_DIR = places / "pki-public"
    return places / "pki-public"


def holder_key(suite: str = "RSA-2048") -> HolderKey:
    return _keys(suite).public_key()


def generation(
    number: int, *, at: dt.datetime, purpose: str = USER_AUTHENTICATION, suite: str = "RSA-2048"
) -> Authority:
    """One generation of an authority of this test's."""
    return keyfiles.create(Path(settings.PKI_DIR), with_suite(PROFILES[purpose], suite), generation=number, at=at)


def somebody() -> Resident:
    return settle(HANAKO, on="2015-01-10").resident


def certify(
    authority: Authority,
    *,
    at: dt.datetime,
    until: dt.datetime | None = None,
    revoked_at: dt.datetime | None = None,
    reason: str = "",
    municipality: str = MITAKA,
    resident: Resident | None = None,
) -> Certificate:
    """The row of a new certificate; revoked where a time is given."""
    until = until or at + dt.timedelta(days=5 * 365)
    purpose = authority.profile.purpose
    certificate = authority.issue(
        public_key=holder_key(authority.profile.suite.name),
        not_before=at,
        not_after=until,
        attributes=ATTRIBUTES if authority.profile.with_attributes else None,
        publication=authorities.publication(authority, local_government_code=municipality),
    )
    card = Card.objects.create(
        resident=resident or somebody(),
        state=Card.State.ABOLISHED,
        chip_slug=secrets.token_hex(8),
        issued_on=at.date(),
        expires_on=until.date(),
        portal_code_sealed=b"nothing",
    )
    return Certificate.objects.create(
        serial=f"{certificate.serial_number:x}",
        card=card,
        purpose=purpose,
        generation=authority.generation,
        shard=authorities.shard(purpose, serial=certificate.serial_number, local_government_code=municipality),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        state=Certificate.State.REVOKED if revoked_at else Certificate.State.VALID,
        revoked_at=revoked_at,
        reason=(reason or "cessationOfOperation") if revoked_at else "",
        der=certificate.public_bytes(serialization.Encoding.DER),
    )


def parsed(row: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(bytes(row.der))


def serial(row: Certificate) -> int:
    return int(row.serial, 16)

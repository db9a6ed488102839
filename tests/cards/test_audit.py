"""What was issued is looked at again: quiet about what is right, and each seeded defect is found."""

from __future__ import annotations

import dataclasses
import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.management import CommandError, call_command
from django.utils import timezone

from cards import audit, authorities, publication, tasks
from cards import places as published
from cards.models import Certificate
from cards.pki.authority import Authority
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION
from tests.cards.certificates import certify, generation, parsed
from tests.cards.people import in_use
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return timezone.now().replace(microsecond=0)


def rules() -> set[str]:
    return {finding.rule for finding in audit.check(at=now())}


@pytest.fixture
def row() -> Certificate:
    made = certify(generation(1, at=now() - DAY), at=now() - DAY)
    publication.publish(at=now())
    return made


def put(row: Certificate, certificate: x509.Certificate) -> None:
    """Another certificate in the row's place, as if it had been issued so."""
    content = certificate.public_bytes(serialization.Encoding.DER)
    Certificate.objects.filter(pk=row.pk).update(
        serial=f"{certificate.serial_number:x}",
        der=content,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def test_nothing_is_found_where_all_is_right() -> None:
    """A card as the desk issues it."""
    card = in_use(at=now() - DAY)
    assert card.certificates.count() == 2
    publication.publish(at=now())
    seen: list[tuple[int, int]] = []
    assert audit.check(at=now(), progress=lambda done, total: seen.append((done, total))) == []
    assert seen == [(1, 2), (2, 2)]
    out = StringIO()
    call_command("cert_check", stdout=out)
    assert out.getvalue() == "2 certificates, no finding.\n"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"shard": "099"}, "value:cRLDistributionPoints"),
        ({"generation": 2}, "unreadable"),
        ({"purpose": SIGNATURE}, "unreadable"),
        ({"der": b"junk"}, "unreadable"),
        ({"not_after": now() + DAY}, "row:validity"),
        ({"state": "REVOKED", "revoked_at": now() - 9 * DAY, "reason": "superseded"}, "row:revoked-before-issue"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_does_not_fit(row: Certificate, change: dict[str, Any], rule: str) -> None:
    Certificate.objects.filter(pk=row.pk).update(**change)
    assert rule in rules()


def test_a_serial_that_is_not_the_certificates(row: Certificate) -> None:
    Certificate.objects.filter(pk=row.pk).update(serial="1234567890abcdef1234")
    assert rules() == {"row:serial"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"policy": PROFILES[SIGNATURE].policy}, "value:certificatePolicies"),
        ({"content_commitment": True}, "value:keyUsage"),
        ({"extended_key_usage": ()}, "extensions"),
        ({"with_attributes": True}, "extensions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_certificate_of_another_profile(row: Certificate, change: dict[str, Any], rule: str) -> None:
    issuer = generation(1, at=now())
    wrong = Authority(dataclasses.replace(issuer.profile, **change), 1, issuer.key, issuer.certificate)
    certify(wrong, at=now() - DAY)
    assert rule in rules()


def test_a_certificate_without_addresses_or_of_too_long_a_life(row: Certificate) -> None:
    issuer = generation(1, at=now())
    key = parsed(row).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    until = now() + 7 * 365 * DAY
    put(row, issuer.issue(public_key=key, not_before=now() - DAY, not_after=until, attributes=None))
    assert rules() == {"extensions", "validity"}


def test_a_certificate_by_a_foreign_key_of_the_same_name(row: Certificate, settings: Any, tmp_path: Path) -> None:
    settings.PKI_DIR = tmp_path / "theirs"
    theirs = generation(1, at=now() - DAY)
    key = parsed(row).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    publication_of = authorities.publication(theirs, local_government_code="132047")
    forged = theirs.issue(
        public_key=key, not_before=row.not_before, not_after=row.not_after, attributes=None, publication=publication_of
    )
    settings.PKI_DIR = tmp_path / "pki"
    put(row, forged)
    assert {"signature", "key-identifier"} <= rules()


def test_one_key_in_two_certificates(row: Certificate) -> None:
    second = certify(generation(1, at=now()), at=now() - DAY)
    publication.publish(at=now())
    found = audit.check(at=now())
    assert [finding.rule for finding in found] == ["key-in-two-certificates"]
    assert found[0].where in {row.serial, second.serial}


def test_lists_and_responders_are_part_of_it(row: Certificate) -> None:
    Certificate.objects.filter(pk=row.pk).update(state="REVOKED", revoked_at=now(), reason="superseded")
    assert rules() == {"coverage"}
    published.responder_certificate(USER_AUTHENTICATION, 1).unlink()
    published.revocation_list(USER_AUTHENTICATION, 1, "complete").unlink()
    assert rules() == {"not-published", "responder"}


def test_the_command_names_rule_and_serial_and_the_task_only_counts(row: Certificate, caplog: Any) -> None:
    Certificate.objects.filter(pk=row.pk).update(der=b"junk")
    out = StringIO()
    with pytest.raises(CommandError, match="1 findings"):
        call_command("cert_check", stdout=out)
    assert out.getvalue() == f"unreadable {row.serial}\n"
    tasks.check_certificates()
    assert "1 findings among the certificates (unreadable)" in caplog.text
    assert row.serial not in caplog.text

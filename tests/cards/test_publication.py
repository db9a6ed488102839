"""What lies there for verifiers: only changed lists are rebuilt, numbers rise, and nothing revoked is missing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from cards import places as published
from cards import publication, revocation
from cards.models import Certificate
from cards.pki import crl, der, keyfiles
from cards.pki.profiles import SIGNATURE, USER_AUTHENTICATION
from tests.cards.certificates import MITAKA, certify, generation, parsed, serial
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("publishing")]
NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
CHOFU = "132080"


def lists(purpose: str = SIGNATURE, number: int = 1) -> dict[str, x509.CertificateRevocationList]:
    found = published.directory(purpose, number).glob("*.crl")
    return {path.stem: x509.load_der_x509_crl(path.read_bytes()) for path in found}


def serials(each: x509.CertificateRevocationList) -> set[int]:
    return {entry.serial for entry in crl.entries_of(each)}


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


def test_the_first_run_publishes_everything_and_the_second_nothing() -> None:
    issuer = generation(1, at=NOW, purpose=SIGNATURE)
    good, gone = certify(issuer, at=NOW), certify(issuer, at=NOW, revoked_at=NOW, municipality=CHOFU)
    seen: list[tuple[int, int]] = []
    changed = publication.publish(at=NOW, progress=lambda done, total: seen.append((done, total)))
    assert names(changed) == {"ca.cer", "ocsp.cer", "complete.crl", f"{MITAKA}.crl", f"{CHOFU}.crl"}
    assert seen == [(1, 1)]
    found = lists()
    assert serials(found[CHOFU]) == serials(found["complete"]) == {serial(gone)}
    assert serials(found[MITAKA]) == set()  # nothing to tell, but certificates name it
    assert all(each.is_signature_valid(issuer.certificate.public_key()) for each in found.values())
    anchor = published.authority_certificate(SIGNATURE, 1).read_bytes()
    assert anchor == issuer.certificate.public_bytes(serialization.Encoding.DER)
    assert publication.publish(at=NOW + MINUTE) == []
    assert good.shard == MITAKA


def test_only_the_shard_that_changed_is_rebuilt_and_its_number_rises() -> None:
    issuer = generation(1, at=NOW, purpose=SIGNATURE)
    row, _ = certify(issuer, at=NOW), certify(issuer, at=NOW, municipality=CHOFU)
    publication.publish(at=NOW)
    before = lists()
    later = NOW  # within the same second
    Certificate.objects.filter(pk=row.pk).update(state="REVOKED", revoked_at=later, reason="superseded")
    assert names(publication.publish(at=later)) == {f"{MITAKA}.crl", "complete.crl"}
    after = lists()
    assert crl.number_of(after[MITAKA]) == crl.number_of(before[MITAKA]) + 1
    assert serials(after[MITAKA]) == {serial(row)}


def test_the_number_goes_on_rising_where_the_files_were_lost() -> None:
    certify(generation(1, at=NOW, purpose=SIGNATURE), at=NOW)
    publication.publish(at=NOW)
    before = crl.number_of(lists()[MITAKA])
    published.revocation_list(SIGNATURE, 1, MITAKA).unlink()
    publication.publish(at=NOW + MINUTE)
    assert crl.number_of(lists()[MITAKA]) > before


def test_a_list_is_renewed_before_it_ends() -> None:
    certify(generation(1, at=NOW, purpose=SIGNATURE), at=NOW)
    publication.publish(at=NOW)
    assert publication.publish(at=NOW + publication.LIFETIME / 2 - MINUTE) == []
    at = NOW + publication.LIFETIME / 2
    assert names(publication.publish(at=at)) == {f"{MITAKA}.crl", "complete.crl"}
    assert crl.next_update(lists()[MITAKA]) == at + publication.LIFETIME


def test_what_expired_leaves_the_lists_and_an_empty_shard_goes() -> None:
    issuer = generation(1, at=NOW, purpose=SIGNATURE)
    certify(issuer, at=NOW, until=NOW + DAY, revoked_at=NOW, municipality=CHOFU)
    certify(issuer, at=NOW, until=NOW + 9 * DAY, revoked_at=NOW)
    publication.publish(at=NOW)
    assert len(serials(lists()["complete"])) == 2
    changed = publication.publish(at=NOW + DAY + MINUTE)
    assert f"{CHOFU}.crl" in names(changed)
    assert set(lists()) == {MITAKA, "complete"}
    assert len(serials(lists()["complete"])) == 1


def test_each_generation_has_its_own_lists() -> None:
    rows = {n: certify(generation(n, at=NOW), at=NOW, revoked_at=NOW) for n in (1, 2)}
    publication.publish(at=NOW)
    for number, row in rows.items():
        found = lists(USER_AUTHENTICATION, number)
        assert serials(found["complete"]) == serials(found[row.shard]) == {serial(row)}


def test_certificates_name_the_list_that_is_published() -> None:
    row = certify(generation(2, at=NOW), at=NOW, revoked_at=NOW)
    publication.publish(at=NOW)
    (point,) = parsed(row).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    found = lists(USER_AUTHENTICATION, 2)[row.shard]
    issuing = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    assert issuing.full_name == point.full_name
    assert point.full_name[0].value.endswith(f"/pki/user-authentication/2/{row.shard}.crl")


@pytest.mark.parametrize("name", [MITAKA, "complete"])
def test_a_list_that_misses_one_fails_the_run(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    issuer = generation(1, at=NOW, purpose=SIGNATURE)
    for _ in range(3):
        certify(issuer, at=NOW, revoked_at=NOW)
    right = revocation.encoded

    def one_too_few(purpose: str, *, shard: str | None = None, **options: Any) -> Any:
        found = list(right(purpose, shard=shard, **options))
        return found[1:] if (shard or "complete") == name else found

    monkeypatch.setattr(revocation, "encoded", one_too_few)
    with pytest.raises(publication.NotCovered):
        publication.publish(at=NOW)


def test_one_revoked_between_reading_and_checking_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = generation(1, at=NOW, purpose=SIGNATURE)
    late = certify(issuer, at=NOW)
    check, done = publication.is_covered, []

    def revoke_first(*args: Any, **options: Any) -> bool:
        if not done:
            done.append(True)
            Certificate.objects.filter(pk=late.pk).update(state="REVOKED", revoked_at=NOW, reason="superseded")
        return check(*args, **options)

    monkeypatch.setattr(publication, "is_covered", revoke_first)
    publication.publish(at=NOW)
    assert serials(lists()["complete"]) == {serial(late)}


def test_an_authority_without_its_key_publishes_nothing_new(settings: Any) -> None:
    generation(1, at=NOW, purpose=SIGNATURE)
    (settings.PKI_DIR / "signature.1.key").unlink()
    keyfiles._load.cache_clear()
    with pytest.raises(keyfiles.NoAuthority):
        publication.publish(at=NOW)


@pytest.mark.parametrize("count", [0, 1, 300])
@pytest.mark.parametrize("suite", ["RSA-2048", "P-384"])
def test_the_list_is_the_librarys_byte_for_byte(count: int, suite: str) -> None:
    issuer = generation(1, at=NOW, suite=suite)
    reasons = ["unspecified", "superseded", "certificateHold"]
    years = (0, 365 * 30)  # past 2049 the other form of time begins
    entries = [
        crl.Revoked(2**158 - n, NOW + dt.timedelta(days=years[n % 2]), reasons[n % len(reasons)]) for n in range(count)
    ]
    ours = x509.load_der_x509_crl(
        crl.sign(
            issuer, entries=[entry.encoded() for entry in entries], number=128, this_update=NOW, next_update=NOW + DAY
        )
    )
    builder = (
        x509.CertificateRevocationListBuilder(
            issuer_name=issuer.certificate.subject,
            last_update=NOW,
            next_update=NOW + DAY,
            revoked_certificates=[library_entry(entry) for entry in entries],
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
        .add_extension(x509.CRLNumber(128), False)
    )
    theirs = builder.sign(issuer.key, hashes.SHA384() if suite == "P-384" else hashes.SHA256())
    assert ours.tbs_certlist_bytes == theirs.tbs_certlist_bytes
    assert crl.entries_of(ours) == set(entries)
    assert crl.revoked_of(ours) == b"".join(entry.encoded() for entry in entries)


@pytest.mark.parametrize("serial", ["1", "7f", "80", "ff", "100", "7" + "f" * 39, "8" + "0" * 38])
def test_serials_of_any_length_are_strict_der(serial: str) -> None:
    content = der.whole(crl.encoded(serial, "20260601030000Z", "superseded"))
    assert content.integer() == int(serial, 16)


def test_what_the_database_says_is_what_stands_on_the_list() -> None:
    issuer, at = generation(1, at=NOW, purpose=SIGNATURE), NOW - dt.timedelta(microseconds=1)
    rows = [
        certify(issuer, at=NOW, revoked_at=at.replace(microsecond=0), reason="certificateHold"),
        certify(issuer, at=NOW, revoked_at=NOW + 30 * 365 * DAY, reason="superseded", municipality="132080"),
    ]
    certify(issuer, at=NOW)
    wanted = {crl.Revoked(serial(row), row.revoked_at, row.reason) for row in rows}
    made = revocation.revocation_list(SIGNATURE, number=1, at=NOW, lifetime=DAY)
    assert crl.entries_of(x509.load_der_x509_crl(made)) == wanted


def library_entry(entry: crl.Revoked) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at)
    if entry.reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), False)
    return builder.build()

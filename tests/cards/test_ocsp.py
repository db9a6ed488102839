"""Requests and answers of the status protocol: read and written by hand, judged by the library."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as library
from hypothesis import given
from hypothesis import strategies as st

from cards.pki import der, keyfiles, ocsp
from cards.pki.authority import Authority
from cards.pki.profiles import PROFILES, SIGNATURE, with_suite

NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=10)
SERIAL = 0x40B0C0D0E0F0
SHA_1 = hashes.SHA1()  # noqa: S303 - what most clients ask by
NONCE_OID = "1.3.6.1.5.5.7.48.1.2"


@cache
def authority(suite: str = "RSA-2048") -> Authority:
    with TemporaryDirectory() as directory:
        return keyfiles.create(Path(directory), with_suite(PROFILES[SIGNATURE], suite), generation=1, at=NOW)


@cache
def responder(suite: str = "RSA-2048") -> ocsp.Responder:
    issuer = authority(suite)
    key = ec.generate_private_key(issuer.profile.authority_curve)
    certificate = issuer.delegate(key.public_key(), not_before=NOW, not_after=NOW + dt.timedelta(days=14))
    return ocsp.Responder.of(key=key, certificate=certificate, hash=issuer.profile.authority_hash)


def request(
    *, algorithm: hashes.HashAlgorithm | None = None, nonce: bytes | None = None, serial: int = SERIAL
) -> bytes:
    algorithm = algorithm or SHA_1
    dotted = ocsp.SHA1 if algorithm.name == "sha1" else ocsp.SHA256
    builder = library.OCSPRequestBuilder().add_certificate_by_hash(
        *ocsp.issuer_hashes(authority().certificate, dotted), serial, algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def answered(data: bytes, *statuses: ocsp.Status, suite: str = "RSA-2048") -> bytes:
    asked = ocsp.parse(data)
    answers = list(zip(asked.certificates, statuses, strict=True))
    return ocsp.answer(responder(suite), answers=answers, at=NOW, next_update=LATER, nonce=asked.nonce)


@pytest.mark.parametrize("algorithm", [SHA_1, hashes.SHA256()], ids=["sha1", "sha256"])
def test_a_plain_request_is_the_librarys_byte_for_byte(algorithm: hashes.HashAlgorithm) -> None:
    dotted = ocsp.SHA1 if algorithm.name == "sha1" else ocsp.SHA256
    for serial in (1, 127, 128, 2**158 + 5):
        ours = ocsp.plain_request(authority().certificate, serial=serial, algorithm=dotted)
        assert ours == request(algorithm=algorithm, serial=serial)


@pytest.mark.parametrize("algorithm", [SHA_1, hashes.SHA256()], ids=["sha1", "sha256"])
def test_an_answer_is_in_the_hash_that_asked(algorithm: hashes.HashAlgorithm) -> None:
    found = library.load_der_ocsp_response(answered(request(algorithm=algorithm), ocsp.Status()))
    assert found.hash_algorithm.name == algorithm.name
    assert (found.serial_number, found.certificate_status) == (SERIAL, library.OCSPCertStatus.GOOD)
    asked = library.load_der_ocsp_request(request(algorithm=algorithm))
    assert (found.issuer_key_hash, found.issuer_name_hash) == (asked.issuer_key_hash, asked.issuer_name_hash)


@pytest.mark.parametrize("suite", ["RSA-2048", "P-384"])
def test_the_answer_is_signed_by_the_delegate(suite: str) -> None:
    found = library.load_der_ocsp_response(answered(request(), ocsp.Status(), suite=suite))
    (certificate,) = found.certificates
    certificate.verify_directly_issued_by(authority(suite).certificate)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(found.signature_hash_algorithm))
    assert found.responder_key_hash == ocsp.key_hash(certificate, "sha1")
    assert (found.produced_at_utc, found.this_update_utc, found.next_update_utc) == (NOW, NOW, LATER)
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose._name for purpose in usage] == ["OCSPSigning"]


def test_every_reason_is_told_as_the_list_tells_it() -> None:
    for reason in ocsp.REASONS:
        found = library.load_der_ocsp_response(answered(request(), ocsp.Status(revoked_at=NOW, reason=reason)))
        assert found.certificate_status == library.OCSPCertStatus.REVOKED
        assert found.revocation_time_utc == NOW
        expected = None if reason == "unspecified" else x509.ReasonFlags(reason)
        assert found.revocation_reason == expected


def test_never_issued_is_unknown_and_ended_has_a_cutoff() -> None:
    found = library.load_der_ocsp_response(answered(request(), ocsp.Status(unknown=True)))
    assert found.certificate_status == library.OCSPCertStatus.UNKNOWN
    found = library.load_der_ocsp_response(answered(request(), ocsp.Status(archive_cutoff=NOW)))
    (extension,) = found.single_extensions
    assert extension.oid.dotted_string == "1.3.6.1.5.5.7.48.1.6"


@pytest.mark.parametrize("length", [1, 8, 32, 128])
def test_a_nonce_comes_back(length: int) -> None:
    nonce = bytes(range(length))
    found = library.load_der_ocsp_response(answered(request(nonce=nonce), ocsp.Status()))
    assert found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce


@pytest.mark.parametrize("length", [0, 129, 5000])
def test_a_nonce_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(ocsp.Malformed):
        ocsp.parse(request(nonce=bytes(length)))


def test_several_certificates_are_answered_in_their_order() -> None:
    entries = [ocsp.parse(request(serial=serial)).certificates[0].raw for serial in (1, 2, 3)]
    asked = der.sequence(der.sequence(der.sequence(*[der.sequence(entry) for entry in entries])))
    statuses = [ocsp.Status(), ocsp.Status(unknown=True), ocsp.Status(revoked_at=NOW, reason="superseded")]
    found = library.load_der_ocsp_response(answered(asked, *statuses))
    singles = [(single.serial_number, single.certificate_status.name) for single in found.responses]
    assert singles == [(1, "GOOD"), (2, "UNKNOWN"), (3, "REVOKED")]


def test_a_signed_request_with_a_name_is_read() -> None:
    entry = der.sequence(ocsp.parse(request()).certificates[0].raw)
    name = der.explicit(1, der.tlv(0x82, b"verifier.example"))
    content = der.sequence(der.explicit(0, der.integer(0)), name, der.sequence(entry))
    signature = der.explicit(0, der.sequence(der.sequence(der.oid("1.2.840.10045.4.3.2")), der.bit_string(b"x")))
    assert ocsp.parse(der.sequence(content, signature)).certificates[0].serial == SERIAL


def extended(dotted: str, *, critical: bool, value: bytes = der.NULL_VALUE) -> bytes:
    entry = der.sequence(ocsp.parse(request()).certificates[0].raw)
    extension = der.extension(dotted, value, critical=critical)
    return der.sequence(der.sequence(der.sequence(entry), der.explicit(2, der.sequence(extension))))


def test_a_critical_extension_that_we_do_not_know_is_refused() -> None:
    assert ocsp.parse(extended("1.2.3.4", critical=False)).nonce == b""
    with pytest.raises(ocsp.Malformed):
        ocsp.parse(extended("1.2.3.4", critical=True))
    nonce = der.tlv(der.OCTET_STRING, b"n")
    assert ocsp.parse(extended(NONCE_OID, critical=True, value=nonce)).nonce == b"n"
    for value in (b"n", nonce + b"\x00", b""):  # not an OCTET STRING in the OCTET STRING, or more than one
        with pytest.raises(ocsp.Malformed):
            ocsp.parse(extended(NONCE_OID, critical=False, value=value))


def test_too_many_and_none_are_refused() -> None:
    entry = der.sequence(ocsp.parse(request()).certificates[0].raw)
    for count, right in ((0, False), (1, True), (ocsp.MAXIMUM_CERTIFICATES, True), (33, False)):
        data = der.sequence(der.sequence(der.sequence(*[entry] * count)))
        if right:
            assert len(ocsp.parse(data).certificates) == count
        else:
            with pytest.raises(ocsp.Malformed):
                ocsp.parse(data)


@given(st.binary(max_size=300))
def test_junk_is_malformed(junk: bytes) -> None:
    with pytest.raises(ocsp.Malformed):
        ocsp.parse(junk)


@given(st.integers(0, 200), st.integers(0, 255), st.booleans())
def test_a_changed_request_is_malformed_or_means_something(position: int, byte: int, cut: bool) -> None:
    """Whatever one byte becomes, there is no other outcome, and what is read back names what it says."""
    data = bytearray(request(nonce=b"0123456789abcdef"))
    position %= len(data)
    if cut:
        del data[position:]
    else:
        data[position] = byte
    try:
        asked = ocsp.parse(bytes(data))
    except ocsp.Malformed:
        return
    assert all(certificate.raw in data for certificate in asked.certificates)


def test_the_request_is_one_whole_value() -> None:
    with pytest.raises(ocsp.Malformed):
        ocsp.parse(request() + b"\x00")
    with pytest.raises(ocsp.Malformed):
        ocsp.parse(b"\x30" + bytes(ocsp.MAXIMUM_BYTES))


def test_a_responder_has_the_key_of_its_certificate() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ValueError, match="belong together"):
        ocsp.Responder.of(key=other, certificate=responder().certificate, hash=hashes.SHA256())


def test_failures_are_not_signed() -> None:
    for failure in ocsp.Failure:
        found = library.load_der_ocsp_response(ocsp.failure(failure))
        assert found.response_status.value == failure

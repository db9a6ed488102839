"""Who answers for an authority: a responder per generation, with a key of its own and a short-lived certificate.

RFC 6960, section 4.2.2.2. The key comes from this process's custody and is made once per process; the authority signs
its public half only, where cards are made. No process that strangers reach needs an authority's own key.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from cards import authorities, places
from cards.pki import profiles
from cards.pki.ocsp import Responder
from cards.pki.profiles import PROFILES
from keys import custody

KEY_PURPOSE = "ocsp-signature"
# Nobody asks whether a responder's certificate is revoked, so it must end soon; it is renewed at half of its time.
LIFETIME = dt.timedelta(days=14)
_RENEWED_BEFORE = LIFETIME / 2
# Clocks of verifiers differ a little.
_SKEW = dt.timedelta(minutes=5)


class NoResponder(Exception):
    """This generation has no responder here: no certificate, an ended one, or one of a key that is not ours."""


def responder(purpose: str, generation: int, *, at: dt.datetime) -> Responder:
    """The generation's responder, ready to sign. Raises NoResponder."""
    path = places.responder_certificate(purpose, generation)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise NoResponder from None
    found = _load(path, changed, purpose, generation, settings.KEYS_DIR)
    if not found.certificate.not_valid_before_utc <= at < found.certificate.not_valid_after_utc:
        raise NoResponder
    return found


def renew(purpose: str, generation: int, *, at: dt.datetime) -> bool:
    """Sign a new certificate where there is none, an old one, or one of an older key. Returns whether it did.

    Raises cards.pki.keyfiles.NoAuthority where the authority's key is not.
    """
    path = places.responder_certificate(purpose, generation)
    public = _key(purpose, generation, custody.current(KEY_PURPOSE).material).public_key()
    if path.exists():
        present = x509.load_der_x509_certificate(path.read_bytes())
        issued = present.public_key() == public and _is_issued_by(present, authorities.anchor(purpose, generation))
        if issued and present.not_valid_after_utc - at > _RENEWED_BEFORE:
            return False
    authority = authorities.of_generation(purpose, generation)
    until = min(at + LIFETIME, authority.certificate.not_valid_after_utc)
    start = max(at - _SKEW, authority.certificate.not_valid_before_utc)
    certificate = authority.delegate(public, not_before=start, not_after=until)
    places.write(path, certificate.public_bytes(serialization.Encoding.DER))
    return True


@lru_cache(maxsize=32)
def _load(path: Path, changed: int, purpose: str, generation: int, keys: Path) -> Responder:
    certificate = x509.load_der_x509_certificate(path.read_bytes())
    for held in custody.every(KEY_PURPOSE):
        key = _key(purpose, generation, held.material)
        if key.public_key() == certificate.public_key():
            # By the authority's certificate and not by its key, which this process does not have.
            suite = profiles.of_anchor(PROFILES[purpose], authorities.anchor(purpose, generation)).suite
            return Responder.of(key=key, certificate=certificate, hash=suite.authority_hash)
    raise NoResponder


def _key(purpose: str, generation: int, material: bytes) -> ec.EllipticCurvePrivateKey:
    """This generation's own key, from the secret in custody: none is used for two authorities."""
    curve = profiles.of_anchor(PROFILES[purpose], authorities.anchor(purpose, generation)).authority_curve
    info = f"mynaportal/{KEY_PURPOSE}/{purpose}/{generation}/{curve.name}".encode()
    # Sixteen bytes more than the curve's order, so that the remainder is as good as evenly spread (FIPS 186-5, A.2.1).
    wide = HKDF(hashes.SHA512(), length=curve.key_size // 8 + 16, salt=None, info=info).derive(material)
    return ec.derive_private_key(int.from_bytes(wide, "big") % (_ORDERS[curve.name] - 1) + 1, curve)


def _is_issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(anchor)
    except Exception:  # whatever is wrong with it, a new one is made
        return False
    return True


# The orders of the groups (SEC 2, sections 2.4.2 and 2.5.1).
_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}

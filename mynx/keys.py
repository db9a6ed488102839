"""Keys as JWKs (RFC 7517, 7518, 8037): EC P-256 and Ed25519; signing, verifying, thumbprints, JWTs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

Jwk = Mapping[str, Any]
_SHA256 = ec.ECDSA(hashes.SHA256())
_PUBLIC = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


def to_text(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_ed25519(jwk: Jwk) -> bool:
    """Whether it is an Ed25519 key; else EC P-256. Raises ValueError on every other kind."""
    kind = (jwk.get("kty"), jwk.get("crv"))
    if kind not in {("OKP", "Ed25519"), ("EC", "P-256")}:
        raise ValueError("The key is neither Ed25519 nor P-256.")
    return kind[0] == "OKP"


def public(jwk: Jwk) -> dict[str, Any]:
    return {name: jwk[name] for name in _PUBLIC[jwk["kty"]]}


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638."""
    return to_text(hashlib.sha256(json.dumps(public(jwk), separators=(",", ":"), sort_keys=True).encode()).digest())


def sign(jwk: Jwk, message: bytes) -> bytes:
    """64 bytes: Ed25519, or ECDSA as r and s (RFC 7518 section 3.4, RFC 9421 section 3.3.4)."""
    if is_ed25519(jwk):
        return ed25519.Ed25519PrivateKey.from_private_bytes(to_bytes(jwk["d"])).sign(message)
    key = ec.derive_private_key(int.from_bytes(to_bytes(jwk["d"]), "big"), ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, _SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verifies(jwk: Jwk, signature: bytes, message: bytes) -> bool:
    try:
        if is_ed25519(jwk):
            ed25519.Ed25519PublicKey.from_public_bytes(to_bytes(jwk["x"])).verify(signature, message)
            return True
        x, y = (int.from_bytes(to_bytes(jwk[name]), "big") for name in ("x", "y"))
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        key.verify(encode_dss_signature(r, s), message, _SHA256)
        return len(signature) == 64
    except (InvalidSignature, ValueError):
        return False


def statement(claims: Mapping[str, Any], jwk: Jwk, *, kind: str = "JWT") -> str:
    """A JWT (RFC 7519) signed with the private key."""
    header = {"alg": "Ed25519" if is_ed25519(jwk) else "ES256", "typ": kind}  # RFC 9864
    text = ".".join(to_text(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{text}.{to_text(sign(jwk, text.encode()))}"

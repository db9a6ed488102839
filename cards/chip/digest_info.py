"""DigestInfo (RFC 8017, section 9.2, note 1), strict DER only.

A real card pads whatever it is given. Ours signs only the exact encoding that every strict verifier rebuilds: with the
NULL parameters, in definite and shortest lengths, of a hash that the law's rule still allows (no SHA-1).
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.hazmat.primitives import hashes


class DigestInfo(NamedTuple):
    algorithm: hashes.HashAlgorithm
    digest: bytes


_PREFIXES: tuple[tuple[bytes, hashes.HashAlgorithm], ...] = (
    (bytes.fromhex("3031300d060960864801650304020105000420"), hashes.SHA256()),
    (bytes.fromhex("3041300d060960864801650304020205000430"), hashes.SHA384()),
    (bytes.fromhex("3051300d060960864801650304020305000440"), hashes.SHA512()),
)


def encode_sha256(digest: bytes) -> bytes:
    """The DigestInfo of a SHA-256 digest (32 bytes)."""
    return _PREFIXES[0][0] + digest


def parse(data: bytes) -> DigestInfo | None:
    """The hash and digest, or None when the bytes are not one of the exact encodings."""
    for prefix, algorithm in _PREFIXES:
        if data.startswith(prefix) and len(data) == len(prefix) + algorithm.digest_size:
            return DigestInfo(algorithm, data[len(prefix) :])
    return None

"""The two authorities of this installation: which keys and certificates lie under `settings.PKI_DIR`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from django.conf import settings

from cards.pki import keyfiles
from cards.pki.authority import Authority
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION

# How many lists the revoked certificates of the user-authentication authority are spread over.
_SHARDS = 64


def issuing(purpose: str, *, at: dt.datetime) -> Authority:
    """The authority that signs today. Where keys may make themselves, the first generation is made at first use.

    Raises cards.pki.keyfiles.NoAuthority.
    """
    directory, profile = Path(settings.PKI_DIR), PROFILES[purpose]
    try:
        return keyfiles.current(directory, profile)
    except keyfiles.NoAuthority:
        if not settings.KEYS_CREATE_MISSING:
            raise
        return keyfiles.create(directory, profile, generation=1, at=at)


def of_generation(purpose: str, generation: int) -> Authority:
    """The authority by one of its keys. Raises cards.pki.keyfiles.NoAuthority."""
    return keyfiles.of_generation(Path(settings.PKI_DIR), PROFILES[purpose], generation)


def anchors(purpose: str) -> list[x509.Certificate]:
    """The certificates to verify by, of every generation. They need no private key."""
    return keyfiles.anchors(Path(settings.PKI_DIR), PROFILES[purpose])


def anchor(purpose: str, generation: int) -> x509.Certificate:
    """The certificate of the generation that signed a leaf."""
    return keyfiles.anchor(Path(settings.PKI_DIR), PROFILES[purpose], generation)


def shard(purpose: str, *, serial: int, local_government_code: str) -> str:
    """The revocation list of a certificate, fixed at issue.

    By municipality for signatures, as in JPKI (their certificates hold the address anyway); by serial for user
    authentication, so that the list tells nothing of where the holder lives.
    """
    if purpose == SIGNATURE:
        return local_government_code
    assert purpose == USER_AUTHENTICATION  # noqa: S101 - there are two
    return f"{serial % _SHARDS:03}"

"""The two authorities of this installation: which keys and certificates lie under `settings.PKI_DIR`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from django.conf import settings

from cards.pki import keyfiles
from cards.pki.addresses import Addresses
from cards.pki.authority import Authority, Publication
from cards.pki.keystore import KeyFiles, KeyStore
from cards.pki.profiles import PROFILES, SIGNATURE, USER_AUTHENTICATION, Profile, with_suite
from cards.pki.token import TokenKeys

# How many lists the revoked certificates of the user-authentication authority are spread over.
_SHARDS = 64


def issuing(purpose: str, *, at: dt.datetime) -> Authority:
    """The authority that signs today. Where keys may make themselves, the first generation is made at first use.

    Raises cards.pki.keyfiles.NoAuthority.
    """
    directory = settings.PKI_DIR
    try:
        return keyfiles.current(directory, PROFILES[purpose], keys())
    except keyfiles.NoAuthority:
        if not settings.KEYS_CREATE_MISSING:
            raise
        return make(purpose, generation=1, at=at)


def make(purpose: str, *, generation: int, at: dt.datetime) -> Authority:
    """Make a generation's key and its certificate; the newest is the one that issues."""
    return keyfiles.create(settings.PKI_DIR, next_profile(purpose), generation=generation, at=at, keys=keys())


def keys() -> KeyStore:
    """Where the authorities' private keys are: in the token that the settings name, or in files beside."""
    if settings.PKI_TOKEN_MODULE:
        return TokenKeys(settings.PKI_TOKEN_MODULE, settings.PKI_TOKEN_LABEL, Path(settings.PKI_TOKEN_PIN_FILE))
    return KeyFiles(settings.PKI_DIR)


def next_profile(purpose: str) -> Profile:
    """The profile of generations that are yet to be made, by the suite that this installation has chosen."""
    return with_suite(PROFILES[purpose], settings.PKI_SUITE)


def generations(purpose: str) -> list[int]:
    """The generations whose certificates are here, the oldest first."""
    return keyfiles.generations(settings.PKI_DIR, PROFILES[purpose])


def of_generation(purpose: str, generation: int) -> Authority:
    """The authority by one of its keys. Raises cards.pki.keyfiles.NoAuthority."""
    return keyfiles.of_generation(settings.PKI_DIR, PROFILES[purpose], generation, keys())


def anchors(purpose: str) -> list[x509.Certificate]:
    """The certificates to verify by, of every generation. They need no private key."""
    return keyfiles.anchors(settings.PKI_DIR, PROFILES[purpose])


def anchor(purpose: str, generation: int) -> x509.Certificate:
    """The certificate of the generation that signed a leaf."""
    return keyfiles.anchor(settings.PKI_DIR, PROFILES[purpose], generation)


def shard(purpose: str, *, serial: int, local_government_code: str) -> str:
    """The revocation list of a certificate, fixed at issue.

    By municipality for signatures, as in JPKI (their certificates hold the address anyway); by serial for user
    authentication, so that the list tells nothing of where the holder lives.
    """
    if purpose == SIGNATURE:
        return local_government_code
    assert purpose == USER_AUTHENTICATION  # noqa: S101 - there are two
    return f"{serial % _SHARDS:03}"


def addresses(purpose: str, generation: int) -> Addresses:
    """Where this generation publishes, below the public origin."""
    return Addresses(settings.PKI_ORIGIN, PROFILES[purpose].file_stem, generation)


def publication(authority: Authority, *, local_government_code: str) -> Publication:
    """What a certificate of this authority says about where its status is to be found."""
    purpose = authority.profile.purpose

    def shard_of(serial: int) -> str:
        return shard(purpose, serial=serial, local_government_code=local_government_code)

    return Publication(addresses(purpose, authority.generation), shard_of)

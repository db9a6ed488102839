"""The authorities by their certificates, `<stem>.<generation>.cer` (PEM); their keys are in a store of their own.

The rest of the house only sees `Authority`. A private key is loaded once per process. A process without the keys can
still verify: it reads the certificates alone.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cards.pki.authority import Authority, self_signed
from cards.pki.keystore import KeyFiles, KeyStore, NoKey, put
from cards.pki.profiles import Profile, of_anchor


class NoAuthority(Exception):
    """There is no authority of this kind here: its key has not been made."""


def generations(directory: Path, profile: Profile) -> list[int]:
    """The generations that have a certificate here, the oldest first."""
    try:
        names = [path.name for path in directory.iterdir()]  # a third of what glob takes, and asked for each card
    except FileNotFoundError:
        return []
    stem, ending = f"{profile.file_stem}.", ".cer"
    return sorted(int(name.split(".")[1]) for name in names if name.startswith(stem) and name.endswith(ending))


def current(directory: Path, profile: Profile, keys: KeyStore | None = None) -> Authority:
    """The newest generation, which issues. Raises NoAuthority."""
    found = generations(directory, profile)
    if not found:
        raise NoAuthority(f"No authority for {profile.file_stem}.")
    return _load(directory, profile, found[-1], keys or KeyFiles(directory))


def of_generation(directory: Path, profile: Profile, generation: int, keys: KeyStore | None = None) -> Authority:
    """One generation, which goes on signing its revocation lists until its last certificate expires.

    Raises NoAuthority.
    """
    if generation not in generations(directory, profile):
        raise NoAuthority(f"No generation {generation} of {profile.file_stem}.")
    return _load(directory, profile, generation, keys or KeyFiles(directory))


def anchors(directory: Path, profile: Profile) -> list[x509.Certificate]:
    """The certificates of all generations, which verifiers trust for this purpose and no other."""
    return [anchor(directory, profile, generation) for generation in generations(directory, profile)]


def anchor(directory: Path, profile: Profile, generation: int) -> x509.Certificate:
    """The certificate of one generation."""
    return _certificate(directory, profile, generation)


def create(
    directory: Path, profile: Profile, *, generation: int, at: dt.datetime, keys: KeyStore | None = None
) -> Authority:
    """Make this generation; two processes at once end up with one and the same."""
    keys = keys or KeyFiles(directory)
    name = key_name(profile, generation)
    keys.make(name, profile.authority_curve)
    certificate = self_signed(profile, keys.load(name), at=at)
    put(_path(directory, profile, generation), certificate.public_bytes(serialization.Encoding.PEM))
    return _load(directory, profile, generation, keys)


def key_name(profile: Profile, generation: int) -> str:
    """What a generation's key is called in its store."""
    return f"{profile.file_stem}.{generation}"


def _path(directory: Path, profile: Profile, generation: int) -> Path:
    return directory / f"{key_name(profile, generation)}.cer"


@lru_cache(maxsize=32)
def _certificate(directory: Path, profile: Profile, generation: int) -> x509.Certificate:
    return x509.load_pem_x509_certificate(_path(directory, profile, generation).read_bytes())


@lru_cache(maxsize=32)
def _load(directory: Path, profile: Profile, generation: int, keys: KeyStore) -> Authority:
    certificate = _certificate(directory, profile, generation)
    try:
        key = keys.load(key_name(profile, generation))
    except NoKey as error:
        raise NoAuthority(str(error)) from None
    if key.public_key() != certificate.public_key():
        raise NoAuthority("The authority's key and certificate do not belong together.")
    return Authority(of_anchor(profile, certificate), generation, key, certificate)

"""The authorities' keys as files: `<stem>.<generation>.key` (PKCS #8, mode 0600) and `.cer` (PEM), for development.

Production keeps the keys in a token; the rest of the house only sees `Authority`. A private key is parsed once per
process. A process without the key files can still verify: it reads the certificates alone.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cards.pki.authority import Authority, new_key, self_signed
from cards.pki.profiles import Profile, of_anchor


class NoAuthority(Exception):
    """There is no authority of this kind here: its key has not been made."""


def generations(directory: Path, profile: Profile) -> list[int]:
    """The generations that have a certificate here, the oldest first."""
    return sorted(int(path.name.split(".")[1]) for path in directory.glob(f"{profile.file_stem}.*.cer"))


def current(directory: Path, profile: Profile) -> Authority:
    """The newest generation, which issues. Raises NoAuthority."""
    found = generations(directory, profile)
    if not found:
        raise NoAuthority(f"No authority for {profile.file_stem}.")
    return _load(directory, profile, found[-1])


def of_generation(directory: Path, profile: Profile, generation: int) -> Authority:
    """One generation, which goes on signing its revocation lists until its last certificate expires.

    Raises NoAuthority.
    """
    if generation not in generations(directory, profile):
        raise NoAuthority(f"No generation {generation} of {profile.file_stem}.")
    return _load(directory, profile, generation)


def anchors(directory: Path, profile: Profile) -> list[x509.Certificate]:
    """The certificates of all generations, which verifiers trust for this purpose and no other."""
    return [anchor(directory, profile, generation) for generation in generations(directory, profile)]


def anchor(directory: Path, profile: Profile, generation: int) -> x509.Certificate:
    """The certificate of one generation."""
    return _certificate(directory, profile, generation)


def create(directory: Path, profile: Profile, *, generation: int, at: dt.datetime) -> Authority:
    """Make this generation; two processes at once end up with one and the same."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = new_key(profile)
    _put(
        _path(directory, profile, generation, "key"),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    certificate = self_signed(profile, _key(directory, profile, generation), at=at)
    _put(_path(directory, profile, generation, "cer"), certificate.public_bytes(serialization.Encoding.PEM))
    return _load(directory, profile, generation)


def _path(directory: Path, profile: Profile, generation: int, kind: str) -> Path:
    return directory / f"{profile.file_stem}.{generation}.{kind}"


def _put(path: Path, content: bytes) -> None:
    """Write whole or not at all, and never over what another process has just put there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _key(directory: Path, profile: Profile, generation: int) -> ec.EllipticCurvePrivateKey:
    try:
        data = _path(directory, profile, generation, "key").read_bytes()
    except FileNotFoundError:
        raise NoAuthority(f"No key of generation {generation} for {profile.file_stem}.") from None
    key = serialization.load_pem_private_key(data, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NoAuthority("The authority's key is of another kind than its profile.")
    return key


@lru_cache(maxsize=32)
def _certificate(directory: Path, profile: Profile, generation: int) -> x509.Certificate:
    return x509.load_pem_x509_certificate(_path(directory, profile, generation, "cer").read_bytes())


@lru_cache(maxsize=32)
def _load(directory: Path, profile: Profile, generation: int) -> Authority:
    key, certificate = _key(directory, profile, generation), _certificate(directory, profile, generation)
    if key.public_key() != certificate.public_key():
        raise NoAuthority("The authority's key and certificate do not belong together.")
    return Authority(of_anchor(profile, certificate), generation, key, certificate)

"""Where what the authorities publish lies as files: a web server may serve the directory as it is.

`<authority>/<generation>/ca.cer`, `complete.crl`, `<shard>.crl` and `ocsp.cer`, and `ocsp/` for answers signed ahead.
"""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from cards.pki.profiles import PROFILES


def directory(purpose: str, generation: int) -> Path:
    return root() / PROFILES[purpose].file_stem / str(generation)


def root() -> Path:
    place: Path = settings.PKI_PUBLIC_DIR
    return place


def authority_certificate(purpose: str, generation: int) -> Path:
    return directory(purpose, generation) / "ca.cer"


def responder_certificate(purpose: str, generation: int) -> Path:
    return _responder_certificate(root(), PROFILES[purpose].file_stem, generation)


@lru_cache(maxsize=32)
def _responder_certificate(root: Path, file_stem: str, generation: int) -> Path:
    """Put together once, for it is looked at for each answer."""
    return root / file_stem / str(generation) / "ocsp.cer"


def revocation_list(purpose: str, generation: int, shard: str) -> Path:
    return directory(purpose, generation) / f"{shard}.crl"


def signed_ahead() -> Path:
    return root() / "ocsp"


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Whole or not at all: who reads meanwhile gets the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{secrets.token_hex(8)}.draft"
    with draft.open("wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)

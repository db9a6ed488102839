"""The making of an authority's key: two people, a rehearsal with a throwaway key, and minutes that the key signs.

Nothing is signed by the real key before the same certificate, made by a key that is forgotten at once, has been found
faultless. What is there already is never made again or written over.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from cards import authorities
from cards.pki import lint
from cards.pki.authority import self_signed
from cards.pki.keystore import NoKey
from cards.pki.profiles import Profile

OPERATORS = 2
# What the key signs here can never be taken for a certificate, a list or an answer: those begin with 30 (SEQUENCE).
_DOMAIN = b"mynaportal/ceremony/1\n"


class Refused(Exception):
    """The ceremony does not go on, and says why."""


def perform(
    purpose: str,
    *,
    operators: Sequence[str],
    confirm: Callable[[str, str], bool],
    minutes: Path,
    at: dt.datetime,
) -> dict[str, Any]:
    """Make the next generation of this authority and return the minutes, which are also written. Raises Refused.

    `confirm(operator, text)` asks one of the operators whether what the rehearsal showed is what they want.
    """
    generation = max(authorities.generations(purpose), default=0) + 1
    profile = authorities.next_profile(purpose)
    at = at.replace(microsecond=0)
    _check(profile, generation, operators, minutes)
    linters = rehearse(profile, at=at)
    for operator in operators:
        if not confirm(operator, f"{profile.authority_unit}, generation {generation}, {profile.suite.name}"):
            raise Refused(f"{operator} did not confirm; nothing was made.")
    authority = authorities.make(purpose, generation=generation, at=at)
    certificate = authority.certificate
    if lint.authority(certificate, profile=profile):
        raise Refused("The certificate is not what the rehearsal made. Do not use this generation.")
    record = {
        "at": at.isoformat(),
        "authority": profile.authority_unit,
        "generation": generation,
        "suite": profile.suite.name,
        "operators": list(operators),
        "key_store": type(authorities.keys()).__name__,
        "linters": linters,
        "certificate_sha256": fingerprint(certificate),
        "key_sha256": key_fingerprint(certificate),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }
    signature = authority.key.sign(_DOMAIN + _canonical(record), ec.ECDSA(profile.authority_hash))
    signed = {"minutes": record, "signature": base64.b64encode(signature).decode()}
    _write_new(minutes, json.dumps(signed, indent=2, ensure_ascii=False) + "\n")
    return signed


def rehearse(profile: Profile, *, at: dt.datetime) -> dict[str, str]:
    """Sign the same certificate with a key that nobody keeps, and let every linter judge it. Raises Refused."""
    throwaway = self_signed(profile, ec.generate_private_key(profile.authority_curve), at=at)
    found = lint.authority(throwaway, profile=profile)
    if found:
        raise Refused(f"The rehearsal broke these rules: {', '.join(found)}. Nothing was signed.")
    return {"profile": "no finding", "pkilint": _pkilint(throwaway)}


def minutes_are_genuine(signed: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether this authority's key signed these minutes, and they are about this certificate."""
    record, key = signed["minutes"], certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or record["certificate_sha256"] != fingerprint(certificate):
        return False
    algorithm = certificate.signature_hash_algorithm
    assert algorithm is not None  # noqa: S101 - our authorities sign with ECDSA
    try:
        key.verify(base64.b64decode(signed["signature"]), _DOMAIN + _canonical(record), ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def key_fingerprint(certificate: x509.Certificate) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return digest.finalize().hex()


def _check(profile: Profile, generation: int, operators: Sequence[str], minutes: Path) -> None:
    names = {" ".join(operator.split()).casefold() for operator in operators}
    if len(operators) != OPERATORS or len(names) != OPERATORS or "" in names:
        raise Refused("A ceremony needs two operators, and two different ones.")
    if minutes.exists():
        raise Refused("There are minutes under this name already.")
    name = f"{profile.file_stem}.{generation}"
    if (Path(settings.PKI_DIR) / f"{name}.cer").exists() or _has_key(name):
        raise Refused(f"There is something of {name} already: it is never made again.")
    if not minutes.parent.is_dir():
        raise Refused("The directory for the minutes is not there.")


def _has_key(name: str) -> bool:
    try:
        authorities.keys().load(name)
    except NoKey:
        return False
    return True


def _pkilint(certificate: x509.Certificate) -> str:
    """What pkilint says, where it is installed: it is no part of a server, but a ceremony's machine may have it."""
    tool = shutil.which("lint_pkix_cert") or shutil.which("lint_pkix_cert", path=str(Path(sys.executable).parent))
    if tool is None:
        return "not installed"
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rehearsal.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        done = subprocess.run([tool, "lint", "-s", "WARNING", str(path)], capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"pkilint found in the rehearsal:\n{done.stdout}\nNothing was signed.")
    return "no finding"


def _canonical(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)

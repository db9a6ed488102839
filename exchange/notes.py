"""Signed statements about the log, in the text formats of C2SP. Pure: keys come in, text goes out.

A checkpoint (tlog-checkpoint) says how large the tree is and what its root is; it is a signed note: three lines, an
empty one, and one line for each signature. A witness adds a cosignature (tlog-cosignature). A proof (tlog-proof) is a
file that stands alone: index, hashes and checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG = 0x01  # an Ed25519 signature over the note's text
WITNESS = 0x04  # an Ed25519 cosignature with its time
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_ID_BYTES = 4
_TIME_BYTES = 8


class NotANote(ValueError):
    """The text is not what it should be."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who may sign: a name, a public key, and as what."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """The text form (vkey): `<name>+<id in hex>+<base64 of kind and key>`."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        try:
            name, id_, key = text.strip().split("+", 2)
            content = base64.b64decode(key, validate=True)
            verifier = cls(name, content[0], content[1:])
        except (ValueError, IndexError) as error:
            raise NotANote("Not a verifier key.") from error
        if not name or verifier.id.hex() != id_ or len(verifier.public) != 32 or verifier.kind not in (LOG, WITNESS):
            raise NotANote("Not a verifier key.")
        return verifier


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log says of itself: so many leaves, this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, note: str) -> Checkpoint:
        """The statement of a note, whoever signed it. Raises NotANote."""
        lines = _parts(note)[0].split("\n")
        try:
            origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        except (ValueError, IndexError) as error:
            raise NotANote("Not a checkpoint.") from error
        if not origin or str(size) != lines[1] or size < 0 or len(root) != 32:
            raise NotANote("Not a checkpoint.")
        return cls(origin, size, root)


def verifier_of(name: str, key: Ed25519PrivateKey, kind: int = LOG) -> Verifier:
    return Verifier(name, kind, key.public_key().public_bytes_raw())


def sign(checkpoint: Checkpoint, *, name: str, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a note with the log's signature."""
    text = checkpoint.text()
    return f"{text}\n{_line(verifier_of(name, key), key.sign(text.encode()))}"


def cosign(note: str, *, name: str, key: Ed25519PrivateKey, time: int) -> str:
    """A witness's line for this note."""
    signature = time.to_bytes(_TIME_BYTES, "big") + key.sign(_cosigned(_parts(note)[0], time))
    return _line(verifier_of(name, key, WITNESS), signature)


def signers(note: str, verifiers: Iterable[Verifier]) -> list[Verifier]:
    """Which of these keys signed the note. Lines of unknown keys say nothing. Raises NotANote."""
    text, lines = _parts(note)
    found = {(name, signature[:_ID_BYTES]): signature[_ID_BYTES:] for name, signature in map(_signature, lines)}
    return [each for each in verifiers if _is_by(each, text, found.get((each.name, each.id), b""))]


def with_lines(note: str, lines: Iterable[str]) -> str:
    """The note with more signature lines under it."""
    return note + "".join(lines)


def proof_file(*, index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """A proof of inclusion that stands alone (tlog-proof)."""
    hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in proof)
    return f"{PROOF_HEADER}\nindex {index}\n{hashes}\n{checkpoint}"


def _is_by(verifier: Verifier, text: str, signature: bytes) -> bool:
    message = text.encode()
    if verifier.kind == WITNESS:
        signature, time = signature[_TIME_BYTES:], int.from_bytes(signature[:_TIME_BYTES], "big")
        message = _cosigned(text, time)
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"— {verifier.name} {base64.b64encode(verifier.id + signature).decode()}\n"


def _parts(note: str) -> tuple[str, list[str]]:
    """A note's text with its last newline, and its signature lines."""
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines()
    if not gap or not lines or not note.endswith("\n"):
        raise NotANote("Not a signed note.")
    return f"{text}\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    try:
        dash, name, signature = line.split(" ")
        decoded = base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotANote("Not a signature line.") from error
    if dash != "—" or len(decoded) <= _ID_BYTES:
        raise NotANote("Not a signature line.")
    return name, decoded

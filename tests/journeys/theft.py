"""A thief's tools: every value of a stolen database, in every encoding that a value may hide in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

# Names of tables that say nothing of anybody: Django's own bookkeeping.
BOOKKEEPING = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}
TIME = re.compile(rb"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?)?|\d\d:\d\d:\d\d|\d{4}-\d\d")
WORD = re.compile(r"[A-Za-z0-9_]+")
SHORTEST = 5  # bytes: 40 bits

Value = str | bytes | int | float | None


def rows(database: Path) -> Iterator[tuple[str, dict[str, Value]]]:
    """Every row of every table that could be about somebody."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        if name not in BOOKKEEPING:
            for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608
                yield name, dict(row)
    connection.close()


def raw(directory: Path, *, without: Iterable[str] = ()) -> dict[Path, bytes]:
    """Every file below a directory: databases, write-ahead logs, mail, media."""
    return {
        path: path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.relative_to(directory).parts[0] not in set(without)
    }


def tokens(value: Value) -> Iterator[bytes]:
    """What a value may mean: itself, its parts, and what it decodes to, each at least 40 bits long."""
    if value is None or isinstance(value, float):
        return
    if isinstance(value, int):
        # A counter or an amount is no join by itself; a number of 40 bits or more may be an identifier.
        if value >= 1 << 40:
            yield value.to_bytes((value.bit_length() + 7) // 8, "big")
            yield str(value).encode()
        return
    if isinstance(value, bytes):
        if len(value) >= SHORTEST:
            yield value
        return
    yield from text_tokens(value)


def text_tokens(text: str) -> Iterator[bytes]:
    if text[:1] in "[{":
        try:
            for leaf in json_leaves(json.loads(text)):
                yield from tokens(leaf)
        except ValueError:
            pass
    for part in {text, *re.split(r"[\s\"'{}\[\](),:;/|]+", text), *re.split(r"[^A-Za-z0-9+=_-]+", text)}:
        if len(part.encode()) >= SHORTEST:
            yield part.encode()
            yield from decoded(part)


def json_leaves(value: object) -> Iterator[Value]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from json_leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from json_leaves(inner)
    elif isinstance(value, str | int | float):
        yield value


def decoded(part: str) -> Iterator[bytes]:
    """The bytes that a text stands for, if it is hexadecimal, a UUID, base32 or base64."""
    plain = part.replace("-", "")
    if re.fullmatch(r"([0-9a-fA-F]{2}){5,}", plain):
        yield bytes.fromhex(plain)
    body = part.rsplit("-", 1)[-1]
    if re.fullmatch(r"[a-z2-7]{16,}|[A-Z2-7]{16,}", body):
        yield from attempt(base64.b32decode, body.upper() + "=" * (-len(body) % 8))
    if re.fullmatch(r"[A-Za-z0-9+/_-]{12,}={0,2}", part):
        padded = part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4)
        yield from attempt(base64.urlsafe_b64decode, padded.replace("+", "-").replace("/", "_"))


def attempt(decode: object, text: str) -> Iterator[bytes]:
    try:
        value = decode(text)  # type: ignore[operator]
    except (ValueError, binascii.Error):
        return
    if len(value) >= SHORTEST:
        yield value


def meanings(database: Path) -> set[bytes]:
    """Everything in a database that could be compared with something in another."""
    return {token for _, row in rows(database) for value in row.values() for token in tokens(value)}


def vocabulary(root: Path) -> set[bytes]:
    """Words that are about nobody: what stands in the project's own sources and reference files."""
    known: set[str] = set()
    for pattern in ("*.py", "*.csv", "*.html", "*.po"):
        for path in root.rglob(pattern):
            if not {".venv", "var", "tests"} & set(path.relative_to(root).parts):
                text = path.read_text()
                known.update(WORD.findall(text))
                known.update(cell.strip() for line in text.splitlines() for cell in re.split(r"[,\s\"']", line))
    return {token for word in known for token in text_tokens(word)}


def published_keys(exchange: Path) -> set[bytes]:
    """The agencies' public keys for codes, which `/api/v1/keys/codes` tells to every agency."""
    keys = [row["code_public_key"] for table, row in rows(exchange) if table == "agencies_agency"]
    return {bytes(key) for key in keys if key}


def encodings(number: str) -> set[bytes]:
    """An Individual Number in every form in which it might be kept: written, packed, encoded, plainly hashed."""
    grouped = [number[:4], number[4:8], number[8:]]
    texts = {number, number[:11], " ".join(grouped), "-".join(grouped)}
    found: set[bytes] = set()
    for text in texts:
        plain = text.encode()
        found |= {plain, text.encode("utf-16-le"), text.encode("utf-16-be"), plain.hex().encode()}
        found |= {base64.b32encode(plain).rstrip(b"="), *base64_anywhere(plain)}
        found.add(text.translate({ord("0") + d: ord("０") + d for d in range(10)}).encode())
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
            digest = hashlib.new(name, plain, usedforsecurity=False).digest()
            found |= {digest, digest.hex().encode(), digest.hex().upper().encode(), *base64_anywhere(digest)}
    found.add(bytes.fromhex(number))  # packed decimal
    for body in (number, number[:11]):
        value = int(body)
        found |= {value.to_bytes(6, "big"), value.to_bytes(6, "little"), value.to_bytes(8, "big")}
    return found


def base64_anywhere(content: bytes) -> set[bytes]:
    """The base64 of `content` as it looks inside a longer base64 text, at each of the three alignments."""
    found = set()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + content)
        start = (shift * 8 + 5) // 6
        end = len(whole.rstrip(b"=")) - (1 if (shift + len(content)) % 3 else 0)
        piece = whole[start:end]
        found |= {piece, piece.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def forms(value: bytes | str) -> set[bytes]:
    """One identifier as it may stand in another database's files."""
    if isinstance(value, str):
        plain = value.replace("-", "")
        if re.fullmatch(r"[0-9a-f]{32}", plain):
            return forms(bytes.fromhex(plain)) | {str(uuid.UUID(plain)).encode()}
        return {value.encode()} | {form for inner in decoded(value) for form in forms(inner)}
    return {value, value.hex().encode(), base64.b32encode(value).rstrip(b"=").lower(), *base64_anywhere(value)}


def rank_correlation(left: list[float], right: list[float]) -> float:
    """Spearman's rho of two orders of the same persons."""

    def ranks(values: list[float]) -> list[float]:
        order = sorted(range(len(values)), key=values.__getitem__)
        found = [0.0] * len(values)
        for rank, position in enumerate(order):
            found[position] = rank
        return found

    a, b = ranks(left), ranks(right)
    middle = (len(a) - 1) / 2
    spread = sum((x - middle) ** 2 for x in a)
    return sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True)) / spread

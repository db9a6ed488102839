#!/usr/bin/env python3
"""A witness of the log of records: it signs a checkpoint only if it continues the last one that it signed.

    python witness.py --name supervisor.example/witness --log 'name+id+key' --directory /var/witness --port 8010

One file; needs only `cryptography`. Whoever runs it should not be who runs the log. It keeps its own key and what it
has seen in its directory, and speaks C2SP tlog-witness: `POST /add-checkpoint` with the old size, the hashes of the
consistency proof, an empty line and the checkpoint. It prints its own verifier key when it starts; `GET /key` shows it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG, WITNESS = 0x01, 0x04
LONGEST_REQUEST = 16_384
MOST_HASHES = 63


class Refused(Exception):
    """Why nothing is signed: an HTTP status and, for a log that has gone astray, what the witness knows."""

    def __init__(self, status: int, body: str = "", content_type: str = "text/plain; charset=utf-8") -> None:
        super().__init__(status)
        self.status, self.body, self.content_type = status, body, content_type


class Witness:
    """What it knows of each log, and its own key. One request at a time; the state is on disk before it answers."""

    def __init__(self, *, directory: Path, name: str, logs: list[str], now: Callable[[], float] = time.time) -> None:
        self._directory, self._name, self._now = directory, name, now
        self._logs: dict[str, list[tuple[bytes, bytes]]] = {}
        for text in logs:
            log_name, id_, public = verifier(text)
            self._logs.setdefault(log_name, []).append((id_, public))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = _own_key(directory / "witness.key")
        self._lock = threading.Lock()

    @property
    def verifier(self) -> str:
        public = self._key.public_key().public_bytes_raw()
        return f"{self._name}+{key_id(self._name, WITNESS, public).hex()}+{_text(bytes([WITNESS]) + public)}"

    def add_checkpoint(self, body: bytes) -> str:
        """The cosignature line for a checkpoint that continues the last one. Raises Refused."""
        old, proof, note = _request(body)
        text, origin, size, root = _checkpoint(note)
        if origin not in self._logs:
            raise Refused(404)
        if not any(_signed(note, text, origin, id_, public) for id_, public in self._logs[origin]):
            raise Refused(403)
        if old > size:
            raise Refused(400)
        with self._lock:
            seen = self._read()
            known = seen.get(origin, {"size": 0, "root": _text(hashlib.sha256(b"").digest())})
            if old != known["size"]:
                raise Refused(409, f"{known['size']}\n", "text/x.tlog.size")
            if old == size and known["root"] != _text(root):
                raise Refused(409, f"{known['size']}\n", "text/x.tlog.size")
            if not is_consistent(old, base64.b64decode(known["root"]), size, root, proof):
                raise Refused(422)
            self._write({**seen, origin: {"size": size, "root": _text(root)}})
        moment = int(self._now())
        signature = self._key.sign(f"cosignature/v1\ntime {moment}\n{text}".encode())
        id_ = key_id(self._name, WITNESS, self._key.public_key().public_bytes_raw())
        return f"— {self._name} {_text(id_ + moment.to_bytes(8, 'big') + signature)}\n"

    def _read(self) -> dict[str, Any]:
        try:
            seen: dict[str, Any] = json.loads((self._directory / "seen.json").read_text())
        except FileNotFoundError:
            return {}
        return seen

    def _write(self, seen: dict[str, Any]) -> None:
        draft = self._directory / "seen.json.draft"
        with draft.open("w") as file:
            json.dump(seen, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._directory / "seen.json")
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def verifier(text: str) -> tuple[str, bytes, bytes]:
    """Name, key id and public key of a log from its text form. Raises ValueError."""
    name, id_, key = text.strip().split("+", 2)
    content = base64.b64decode(key, validate=True)
    if content[0] != LOG or len(content) != 33 or key_id(name, LOG, content[1:]).hex() != id_:
        raise ValueError("Not the key of a log.")
    return name, bytes.fromhex(id_), content[1:]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:4]


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether the new tree begins with the old one (RFC 9162 section 2.1.4.2)."""
    if old in (0, new):
        return not proof and (old_root == new_root or old != new)
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place // 2, last // 2
    of_old = of_new = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            of_old, of_new = _over(beside, of_old), _over(beside, of_new)
            while place and place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            of_new = _over(of_new, beside)
        place, last = place // 2, last // 2
    return last == 0 and of_old == old_root and of_new == new_root


def _over(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _request(body: bytes) -> tuple[int, list[bytes], str]:
    head, gap, note = body.decode("utf-8", "replace").partition("\n\n")
    first, *hashes = head.split("\n")
    if not gap or not re.fullmatch(r"old (0|[1-9][0-9]{0,18})", first) or len(hashes) > MOST_HASHES:
        raise Refused(400)
    return int(first[4:]), [_hash(line) for line in hashes], note


def _checkpoint(note: str) -> tuple[str, str, int, bytes]:
    text, gap, _ = note.rpartition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) < 3 or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise Refused(400)
    return f"{text}\n", lines[0], int(lines[1]), _hash(lines[2])


def _signed(note: str, text: str, name: str, id_: bytes, public: bytes) -> bool:
    for line in note.rpartition("\n\n")[2].splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, signature = rest.partition(" ")
        try:
            content = base64.b64decode(signature, validate=True)
            if (dash, signer, content[:4]) == ("—", name, id_):
                Ed25519PublicKey.from_public_bytes(public).verify(content[4:], text.encode())
                return True
        except (ValueError, InvalidSignature):
            continue
    return False


def _hash(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(400) from None
    if len(content) != 32:
        raise Refused(400)
    return content


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _own_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        seed = os.urandom(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(seed)
            file.flush()
            os.fsync(file.fileno())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def serve(witness: Witness, *, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A server for the witness; the caller runs it."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            found = self.path == "/key"
            self._answer(200 if found else 404, f"{witness.verifier}\n" if found else "")

        def do_POST(self) -> None:
            try:
                length = int(self.headers.get("Content-Length") or 0)
            except ValueError:
                length = -1
            if self.path != "/add-checkpoint" or not 0 <= length <= LONGEST_REQUEST:
                self._answer(404 if self.path != "/add-checkpoint" else 413, "")
                return
            try:
                self._answer(200, witness.add_checkpoint(self.rfile.read(length)))
            except Refused as refused:
                self._answer(refused.status, refused.body, refused.content_type)

        def _answer(self, status: int, body: str, content_type: str = "text/plain; charset=utf-8") -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return ThreadingHTTPServer((host, port), Handler)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Witness a log of records.")
    parser.add_argument("--name", required=True, help="the witness's name, as a host and path without a scheme")
    parser.add_argument("--log", required=True, action="append", help="the verifier key of a log, from /log/key")
    parser.add_argument("--directory", required=True, type=Path, help="where the key and what was seen are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    options = parser.parse_args(arguments)
    witness = Witness(directory=options.directory, name=options.name, logs=options.log)
    server = serve(witness, port=options.port, host=options.host)
    print(f"{witness.verifier}\nWitness on http://{options.host}:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())

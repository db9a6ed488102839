"""Which sites this reader has been paired with.

Any program of this machine can claim to be a site's page; a token cannot be claimed.

A site's token follows from the reader's secret (a file of mode 0600) and the site's origin, so that it serves no other
site, and nothing is kept per site; without the file every site has to be allowed anew. The holder gives a token to a
site by typing six digits that stand only in the reader's own window. Five wrong guesses, and the program has to be
started again.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

_SECRET_BYTES = 32
_DIGITS = 6
_GUESSES = 5
_CONTEXT = "mynaportal/pairing/1"

Show = Callable[[str], object]


class NotTheCode(Exception):
    """These are not the digits that stand in the reader's window."""


class Pairing:
    """The sites of one reader. `show` puts digits where the holder alone sees them; without it no site can be added."""

    def __init__(self, path: Path, show: Show | None = None) -> None:
        self._secret = _secret(path)
        self._show = show
        self._lock = threading.Lock()
        self._code, self._guesses = "", 0
        self._new_code()

    def __repr__(self) -> str:
        return "<Pairing>"

    def token(self, origin: str) -> str:
        """The token under which this site may ask for a card."""
        made = hmac.digest(self._secret, f"{_CONTEXT}\n{origin}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def is_paired(self, origin: str, token: str) -> bool:
        return hmac.compare_digest(self.token(origin).encode(), token.encode())

    @property
    def is_open(self) -> bool:
        """Whether a site can be added."""
        return self._show is not None and self._guesses < _GUESSES

    def allow(self, code: str) -> None:
        """Take the digits that the holder typed; they work once. Raises NotTheCode."""
        with self._lock:
            if not self.is_open or not hmac.compare_digest(self._code.encode(), code.encode()):
                self._guesses += 1
                raise NotTheCode
            self._new_code()

    def _new_code(self) -> None:
        self._code, self._guesses = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}", 0
        if self._show is not None:
            self._show(self._code)


def show_in_terminal(code: str) -> None:
    """Where the program was started: who reads that sits at this computer."""
    digits = f"{code[:3]} {code[3:]}"
    print(
        f"カードリーダーの画面で6桁の数字をたずねられたら: {digits}\n"
        f"When the card reader's page asks for six digits: {digits}",
        flush=True,
    )


def _secret(path: Path) -> bytes:
    """The reader's secret; made at its first start, by one of two that start at once."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_SECRET_BYTES))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    secret = path.read_bytes()
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path} is not a card reader's secret. Remove it, and the reader makes a new one.")
    return secret

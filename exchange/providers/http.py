"""One POST to an agency's own system: to a checked address, by a deadline, with an answer of bounded size.

The deadline is for all of it, also where the other side sends one byte a second. No redirect is followed, no proxy is
asked, the certificate must be that of the host's name, and nothing is sent twice from here.

    response = post(url, body=body, headers=headers, deadline=time.monotonic() + 10)
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from exchange.providers import addresses
from exchange.providers.addresses import Address, AddressNotAllowed, NameUnknown

__all__ = ["AddressNotAllowed", "LineBroken", "OutOfTime", "Response", "Unusable", "post"]

LONGEST = 1024 * 1024
_LONGEST_HEAD = 64 * 1024


class OutOfTime(Exception):
    """The deadline passed."""


class LineBroken(Exception):
    """There was no connection, or it broke off. Whether the other side heard, nobody knows."""


class Unusable(Exception):
    """The other side is not who it should be, or what it sent is no answer of HTTP, or too long."""


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """What came back: the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def post(url: str, *, body: bytes, headers: Mapping[str, str], deadline: float) -> Response:
    """Send it and read the answer, until `deadline` (an instant of `time.monotonic()`).

    Raises AddressNotAllowed, OutOfTime, LineBroken, Unusable.
    """
    try:
        address = addresses.checked(url, deadline=deadline)
        with _connected(address, deadline) as connected:
            return _exchanged(connected, address, body=body, headers=headers, deadline=deadline)
    except ssl.SSLCertVerificationError:
        raise Unusable("Its certificate is not the right one.") from None
    except (NameUnknown, OSError):
        _left(deadline)
        raise LineBroken("There is no connection.") from None
    except http.client.IncompleteRead:
        raise LineBroken("The answer broke off.") from None
    except (http.client.HTTPException, ValueError):
        raise Unusable("The answer is none of HTTP.") from None


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime("The time is over.")
    return left


def _connected(address: Address, deadline: float) -> socket.socket:
    failed: OSError = OSError("The host has no address.")
    for ip in address.ips:
        try:
            line = socket.create_connection((ip, address.port), timeout=_left(deadline))
        except OSError as error:
            failed = error
            continue
        try:
            return line if address.scheme == "http" else _secured(line, address.host, deadline)
        except BaseException:
            line.close()
            raise
    raise failed


def _secured(line: socket.socket, host: str, deadline: float) -> socket.socket:
    context = ssl.create_default_context(cafile=settings.OUTBOUND_CA_FILE or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    line.settimeout(_left(deadline))
    return context.wrap_socket(line, server_hostname=host)


def _exchanged(
    line: socket.socket, address: Address, *, body: bytes, headers: Mapping[str, str], deadline: float
) -> Response:
    connection = http.client.HTTPConnection(address.host, address.port)
    until: Any = _Until(line, deadline)
    connection.sock = until
    connection.putrequest("POST", address.target, skip_host=True, skip_accept_encoding=True)
    own = {"Host": address.authority, "Content-Length": str(len(body)), "Connection": "close"}
    for name, value in {**headers, **own}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read(LONGEST + 1)
    if len(text) > LONGEST:
        raise Unusable("The answer is too long.")
    if answer.length:
        raise LineBroken("The answer broke off.")
    return Response(answer.status, _joined(answer.headers), text)


def _joined(headers: http.client.HTTPMessage) -> dict[str, str]:
    """Fields of one name as one (RFC 9110 section 5.3)."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


class _Until:
    """What http.client needs of a socket. Each step may take what is left of the time."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self.line, self.deadline = line, deadline

    def sendall(self, data: bytes) -> None:
        self.line.settimeout(_left(self.deadline))
        self.line.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.line, self.deadline))

    def close(self) -> None:
        """The connection is closed by who opened it."""


class _Reader(io.RawIOBase):
    """Reads until the deadline and no more than an answer may have."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self.line, self.deadline = line, deadline
        self.left = LONGEST + _LONGEST_HEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.line.settimeout(_left(self.deadline))
        count = self.line.recv_into(buffer)
        self.left -= count
        if self.left < 0:
            raise Unusable("The answer is too long.")
        return count

"""Which addresses we call: an agency names its own, so that none of them may lead into our house.

Only https, only listed ports, and only a host whose every address is public or in a closed network that the settings
name. The host is resolved once, and the connection is made to what was resolved: a name that means something else a
moment later gains nothing. Outside production this machine itself may be called too, in http and on any port.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from django.conf import settings

IPAddress = IPv4Address | IPv6Address
LONGEST = 2000
_SECONDS = 5.0
_DEFAULT_PORTS = {"https": 443, "http": 80}
_CHARACTER = r"(?:[a-z0-9._~!$&'()*+,;=:@/-]|%[0-9a-f]{2})"
# RFC 3986 without user, password and fragment; what it has no letter for does not come in.
_URL = re.compile(
    rf"(https?)://(\[[0-9a-f]*:[0-9a-f:.]*\]|[a-z0-9.-]+)(?::([0-9]{{1,5}}))?((?:/{_CHARACTER}*)?(?:\?(?:{_CHARACTER}|\?)*)?)",
    re.ASCII | re.IGNORECASE,
)
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.ASCII)
# A name that ends so is a number to some resolvers: 127.1, 0x7f.1, 2130706433.
_LIKE_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)

# IANA's registries of special-purpose addresses, and multicast.
_NOT_PUBLIC = [
    ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
]  # fmt: skip
# All of IPv6 that is public; mapped and translated IPv4, local and multicast addresses lie outside.
_PUBLIC_6 = ip_network("2000::/3")


class AddressNotAllowed(Exception):
    """We do not call this address. The sentence names no part of it."""


class NameUnknown(Exception):
    """The host's name leads nowhere just now."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that may be called: as it is signed, and where the connection goes."""

    url: str
    scheme: str
    host: str
    port: int
    authority: str
    target: str
    ips: tuple[str, ...]


def checked(url: str, *, deadline: float | None = None) -> Address:
    """The address, resolved, if it may be called. Raises AddressNotAllowed, NameUnknown.

    `deadline` is an instant of `time.monotonic()`; without one, a name has five seconds to be found.
    """
    match = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if match is None:
        raise AddressNotAllowed("It is not a plain https address.")
    scheme, host, target = match[1].lower(), match[2].lower(), match[4]
    port = int(match[3] or _DEFAULT_PORTS[scheme])
    ips = _addresses_of(host, port, time.monotonic() + _SECONDS if deadline is None else deadline)
    if not all(_is_allowed(ip) for ip in ips):
        raise AddressNotAllowed("It leads into a network that is not called.")
    is_here = not settings.PRODUCTION and all(ip.is_loopback for ip in ips)
    if scheme != "https" and not is_here:
        raise AddressNotAllowed("Only https is called.")
    if not 0 < port < 65536 or not (is_here or port in settings.OUTBOUND_PORTS):
        raise AddressNotAllowed("This port is not called.")
    authority = host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    target = target if target.startswith("/") else f"/{target}"
    return Address(
        f"{scheme}://{authority}{target}", scheme, host.strip("[]"), port, authority, target, tuple(map(str, ips))
    )


def is_public(ip: IPAddress) -> bool:
    """Whether it is an address of one host on the public network."""
    if ip.version == 6 and ip not in _PUBLIC_6:
        return False
    return not any(ip in block for block in _NOT_PUBLIC)


def _is_allowed(ip: IPAddress) -> bool:
    if any(ip in ip_network(block) for block in settings.OUTBOUND_NETWORKS):
        return True
    return is_public(ip) or (ip.is_loopback and not settings.PRODUCTION)


def _addresses_of(host: str, port: int, deadline: float) -> list[IPAddress]:
    try:
        return [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        pass
    if len(host) > 253 or not _NAME.fullmatch(host) or _LIKE_A_NUMBER.fullmatch(host):
        raise AddressNotAllowed("Its host is neither a name nor an address.")
    found = [ipaddress.ip_address(text) for text in dict.fromkeys(_resolved(host, port, deadline))]
    if not found:
        raise NameUnknown("The name of its host is not known.")
    return found


def _resolved(host: str, port: int, deadline: float) -> list[str]:
    """What the name means now. The system's resolver knows no deadline, so it is asked in a thread that may be left."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        return []


def resolve(host: str, port: int) -> list[str]:
    """The system's resolver. Raises OSError."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

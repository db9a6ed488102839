"""What is on the chip, as data: applications, their files, PINs and keys, and which PIN opens what.

Identifiers are those of real cards (as open implementations read them), so that their software finds ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FOUR_DIGITS = re.compile(rb"[0-9]{4}")
SIGNATURE_PASSWORD = re.compile(rb"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,16}")
NUMBER = re.compile(rb"[0-9]{12}")
CODE_B = re.compile(rb"[0-9]{14}")

AUTHENTICATION = "authentication"
SIGNATURE = "signature"
SUPPORT = "support"
CODE_A = "code-a"
CODE_B_NAME = "code-b"


@dataclass(frozen=True)
class File:
    """A transparent file or a file of records. `opened_by`: any one of these PINs; empty means free to read."""

    name: str
    opened_by: tuple[str, ...] = ()
    records: bool = False


@dataclass(frozen=True)
class Pin:
    """A secret that VERIFY compares. `limit` wrong tries block it; a holder may change it only if `changeable`."""

    name: str
    limit: int
    form: re.Pattern[bytes]
    changeable: bool = True


@dataclass(frozen=True)
class Key:
    """A private key that signs after its PIN."""

    name: str
    pin: str


@dataclass(frozen=True)
class Application:
    name: str
    files: dict[int, File | Pin | Key] = field(default_factory=dict)


JPKI = Application(
    "jpki",
    {
        0x0001: File("signature-certificate", (SIGNATURE,)),
        0x0002: File("signature-authority"),
        0x0006: File("token"),
        0x0008: File("availability"),
        0x000A: File("authentication-certificate"),
        0x000B: File("authentication-authority"),
        0x0017: Key(AUTHENTICATION, AUTHENTICATION),
        0x0018: Pin(AUTHENTICATION, 3, FOUR_DIGITS),
        0x001A: Key(SIGNATURE, SIGNATURE),
        0x001B: Pin(SIGNATURE, 5, SIGNATURE_PASSWORD),
    },
)
# Input assist: the number and the four attributes as text, by the holder's PIN or by what is printed on the card.
INPUT_SUPPORT = Application(
    "support",
    {
        0x0001: File("number", (SUPPORT, CODE_A)),
        0x0002: File("attributes", (SUPPORT, CODE_B_NAME)),
        0x0005: File("support-information"),
        0x0011: Pin(SUPPORT, 3, FOUR_DIGITS),
        0x0014: Pin(CODE_A, 10, NUMBER, changeable=False),
        0x0015: Pin(CODE_B_NAME, 10, CODE_B, changeable=False),
    },
)
COMMON = Application("common", {0x0001: File("card-information", records=True)})

APPLICATIONS = {
    bytes.fromhex("D392F000260100000001"): JPKI,
    bytes.fromhex("D3921000310001010408"): INPUT_SUPPORT,
    bytes.fromhex("D3921000310001010100"): COMMON,
}
PINS = {
    entry.name: entry
    for application in APPLICATIONS.values()
    for entry in application.files.values()
    if isinstance(entry, Pin)
}

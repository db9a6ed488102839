"""What is on the chip, as data: applications, their files, PINs and keys, and which PIN opens what.

Identifiers are those of real cards (as open implementations read them), so that their software finds ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SIX_DIGITS = re.compile(rb"[0-9]{6}")
FOUR_DIGITS = re.compile(rb"[0-9]{4}")
SIGNATURE_PASSWORD = re.compile(rb"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,16}")
NUMBER = re.compile(rb"[0-9]{12}")
CODE_B = re.compile(rb"[0-9]{14}")

AUTHENTICATION = "authentication"
SIGNATURE = "signature"
SUPPORT = "support"
CODE_A = "code-a"
CODE_B_NAME = "code-b"
RESIDENT_REGISTRY = "registry"
SURFACE_BIRTH, SURFACE_A, SURFACE_B = "surface-birth", "surface-code-a", "surface-code-b"
SEAL_PIN, STAFF_TERMINAL = "seal-pin", "staff-terminal"


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
class TerminalKey:
    """A secret that a terminal of the application's owner shares with the card, proved by EXTERNAL AUTHENTICATE."""

    name: str


@dataclass(frozen=True)
class Application:
    """`optional`: in the free area, there only on cards on which it was installed.

    `changes_by`: the command with which a holder changes a PIN here (class, instruction, P1).
    """

    name: str
    files: dict[int, File | Pin | Key | TerminalKey] = field(default_factory=dict)
    optional: bool = False
    changes_by: tuple[int, int, int] = (0x00, 0x24, 0x01)


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
# Surface check: what is printed, for whoever holds the card in hand and can read a part of it.
SURFACE = Application(
    "surface",
    {
        0x0001: File("age", (SURFACE_BIRTH, SURFACE_B)),
        0x0002: File("face", (SURFACE_B,)),
        0x0003: File("surface-information"),
        0x0005: File("surface-number", (SURFACE_A,)),
        0x0011: Pin(SURFACE_BIRTH, 10, SIX_DIGITS, changeable=False),
        0x0012: Pin(SURFACE_B, 10, CODE_B, changeable=False),
        0x0013: Pin(SURFACE_A, 10, NUMBER, changeable=False),
    },
)
# Resident registry: for the counters of municipalities. Its PIN is changed by another command than the others.
REGISTRY = Application(
    "registry",
    {0x0002: File("record-code", (RESIDENT_REGISTRY,)), 0x001C: Pin(RESIDENT_REGISTRY, 3, FOUR_DIGITS)},
    changes_by=(0x80, 0x32, 0x00),
)
# The free area (Number Act, article 18): each application with a rule of its own, each on some cards only.
LIBRARY = Application("library", {0x0001: File("library-card")}, optional=True)
SEAL = Application(
    "seal", {0x0001: File("seal-registration", (SEAL_PIN,)), 0x0011: Pin(SEAL_PIN, 3, FOUR_DIGITS)}, optional=True
)
STAFF = Application(
    "staff", {0x0001: File("staff-card", (STAFF_TERMINAL,)), 0x0011: TerminalKey(STAFF_TERMINAL)}, optional=True
)
COMMON = Application("common", {0x0001: File("card-information", records=True)})

APPLICATIONS = {
    bytes.fromhex("D392F000260100000001"): JPKI,
    bytes.fromhex("D3921000310001010408"): INPUT_SUPPORT,
    bytes.fromhex("D3921000310001010402"): SURFACE,
    bytes.fromhex("D3921000310001010401"): REGISTRY,
    bytes.fromhex("D3921000310001010100"): COMMON,
    # Identifiers of this model: no registration stands behind them (proprietary, ISO/IEC 7816-4, 12.2.3.4).
    bytes.fromhex("F04D594E41000001"): LIBRARY,
    bytes.fromhex("F04D594E41000002"): SEAL,
    bytes.fromhex("F04D594E41000003"): STAFF,
}
FREE_AREA = {application.name: application for application in APPLICATIONS.values() if application.optional}
PINS = {
    entry.name: entry
    for application in APPLICATIONS.values()
    for entry in application.files.values()
    if isinstance(entry, Pin)
}

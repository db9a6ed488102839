"""Chips for tests: made as the factory makes them, with PINs that are quick to compare."""

from __future__ import annotations

import hashlib
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from cards.chip import digest_info, personalisation
from cards.chip.card import VirtualCard
from cards.chip.memory import Memory, MemoryStore, Secret

PIN, PASSWORD, NUMBER = "1234", "ABC123", "123456789018"
SURFACE = personalisation.Surface(
    name="山田　花子",
    address="東京都調布市小島町2-35-1",
    birth_date="1990-04-15",
    sex="2",
    expires_on="2036-04-15",
    municipality_code="132080",
    latin_name="YAMADA HANAKO",
    security_code="0042",
)
CODE_B, BIRTH = "02041520360042", "020415"
RECORD_CODE = "24727059608"
TERMINAL = hashlib.sha256(b"the terminals of a city hall").digest()

JPKI = "00A4040C0AD392F000260100000001"
SUPPORT = "00A4040C0AD3921000310001010408"
COMMON = "00A4040C0AD3921000310001010100"
SURFACE_CHECK = "00A4040C0AD3921000310001010402"
REGISTRY = "00A4040C0AD3921000310001010401"
LIBRARY, SEAL, STAFF = (f"00A4040C08F04D594E4100000{n}" for n in (1, 2, 3))


def quick(memory: Memory) -> Memory:
    """The same card with PINs that cost next to nothing to compare."""
    plain = {
        "authentication": PIN, "support": PIN, "registry": PIN, "signature": PASSWORD, "code-a": NUMBER,
        "code-b": CODE_B, "surface-code-a": NUMBER, "surface-code-b": CODE_B, "surface-birth": BIRTH, "seal-pin": PIN,
    }  # fmt: skip
    for name, secret in memory.pins.items():
        memory.pins[name] = Secret.of(plain[name].encode(), limit=secret.limit, cost=2)
    return memory


@cache
def _made() -> tuple[bytes, dict[str, bytes]]:
    store = MemoryStore(personalisation.manufacture(surface=SURFACE, pin=PIN, signature_password=PASSWORD))
    public = personalisation.make_keys(store)
    certificate = b"\x30\x82\x02\x00" + bytes(range(256)) * 2
    personalisation.write_certificates(
        store,
        certificates={"authentication": certificate, "signature": certificate},
        authorities={"authentication": certificate, "signature": certificate},
    )
    personalisation.write_number(store, NUMBER)
    personalisation.write_record_code(store, RECORD_CODE)
    personalisation.install(store, name="library", content=b"L-0042")
    personalisation.install(store, name="seal", content=b"SEAL-0042", secret=PIN.encode())
    personalisation.install(store, name="staff", content=b"STAFF-0042", secret=TERMINAL)
    with store.opened() as memory:
        return quick(memory).to_bytes(), public


def memory() -> Memory:
    """A finished card's memory; every call a copy of the same card."""
    return Memory.from_bytes(_made()[0])


def public_keys() -> dict[str, bytes]:
    return _made()[1]


def card(**options: bytes) -> VirtualCard:
    return VirtualCard(MemoryStore(memory()), **options)


def say(card: VirtualCard, *commands: str) -> str:
    """Send commands (hexadecimal) and return the last answer."""
    answer = b""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
    return answer.hex()


def verify(pin: str, reference: int = 0x80) -> str:
    return (bytes([0x00, 0x20, 0x00, reference, len(pin)]) + pin.encode()).hex()


def sign_command(message: bytes, reference: int = 0x80) -> str:
    data = digest_info.encode_sha256(hashlib.sha256(message).digest())
    return (bytes([0x80, 0x2A, 0x00, reference, len(data)]) + data + b"\x00").hex()


def subject_text(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)

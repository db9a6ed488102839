"""What the factory and the counter do to a chip: surface, PINs, keys, certificates, the number.

These are not commands of the card: on a real card they run under the issuer's transport keys.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cards.chip import records
from cards.chip.applications import AUTHENTICATION, CODE_A, CODE_B_NAME, PINS, SIGNATURE, SUPPORT
from cards.chip.memory import Memory, Secret, Store

_TOKEN_LABEL = b"JPKIAPICCTOKEN2"
_BOTH, _NONE = 0x8F, 0x00


class BadPin(ValueError):
    """The PIN or password has not the form that this card asks for. The message never repeats it."""


@dataclass(frozen=True, repr=False)
class Surface:
    """What is printed on the card. Dates are ISO; `birth_date` may be partial. `sex` as in JIS X 0303."""

    name: str
    address: str
    birth_date: str
    sex: str
    expires_on: str
    municipality_code: str
    latin_name: str = ""
    security_code: str = ""


def manufacture(*, surface: Surface, pin: str, signature_password: str | None) -> Memory:
    """A blank card with its surface and PINs, before it has keys. Raises BadPin.

    The holder's four digits open user authentication and input assist alike. Without a signature password (holders
    under 15) the card has no signature function.
    """
    memory = blank(surface=surface)
    _set_pins(memory, pin=pin, signature_password=signature_password)
    return memory


def blank(*, surface: Surface, photo: bytes | None = None) -> Memory:
    """A card as it leaves the factory: printed and written, without PINs and without keys."""
    surface = replace(surface, security_code=surface.security_code or f"{secrets.randbelow(10_000):04}")
    memory = Memory(serial=f"{secrets.randbelow(10**15):015}", printed=asdict(surface))
    _write_surface(memory, surface, photo=photo)
    return memory


def set_pins(store: Store, *, pin: str | None, signature_password: str | None) -> None:
    """Set PINs on a card at the counter, with all their tries; None leaves one as it is. Raises BadPin."""
    with store.opened() as memory:
        _set_pins(memory, pin=pin, signature_password=signature_password)
        store.write(memory)


def remove_pins(store: Store, *, names: Sequence[str]) -> None:
    """Take PINs off: what they opened can be opened no more. The signature key and its certificate go with theirs."""
    with store.opened() as memory:
        for name in names:
            memory.pins.pop(name, None)
        if SIGNATURE in names:
            memory.keys.pop(SIGNATURE, None)
            memory.files.pop(f"{SIGNATURE}-certificate", None)
        store.write(memory)


def rewrite_surface(store: Store, *, surface: Surface) -> None:
    """New name, address or last day on a card in use; what is printed once (security code, photo) stays."""
    with store.opened() as memory:
        surface = replace(surface, security_code=memory.printed["security_code"])
        memory.printed = asdict(surface)
        _write_surface(memory, surface, photo=None)
        store.write(memory)


def _set_pins(memory: Memory, *, pin: str | None, signature_password: str | None) -> None:
    if pin is not None:
        for name in (AUTHENTICATION, SUPPORT):
            set_pin(memory, name, pin)
    if signature_password is not None:
        set_pin(memory, SIGNATURE, signature_password)


def set_pin(memory: Memory, name: str, value: str) -> None:
    """Set a PIN anew, with all its tries: at hand-over, or unlocking at the counter. Raises BadPin."""
    pin = PINS[name]
    if not pin.form.fullmatch(value.encode()):
        raise BadPin("The PIN must be four digits." if pin.limit == 3 else "The value has not the form required.")
    memory.pins[name] = Secret.of(value.encode(), limit=pin.limit)


def make_keys(store: Store, *, names: Sequence[str] = (AUTHENTICATION, SIGNATURE)) -> dict[str, bytes]:
    """The chip makes its RSA-2048 keys; only the public halves (SubjectPublicKeyInfo, DER) come out.

    A signature key is made only behind a password.
    """
    made = {}
    with store.opened() as memory:
        for name in names:
            if name == SIGNATURE and SIGNATURE not in memory.pins:
                continue
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            memory.keys[name] = key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            made[name] = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        store.write(memory)
    return made


def write_certificates(store: Store, *, certificates: dict[str, bytes], authorities: dict[str, bytes]) -> None:
    """Put the certificates (DER) of the chip's keys, and their authorities', where readers look for them."""
    with store.opened() as memory:
        for name, certificate in certificates.items():
            memory.files[f"{name}-certificate"] = certificate
            memory.files[f"{name}-authority"] = authorities[name]
        memory.files["availability"] = bytes(
            [_BOTH if n in certificates else _NONE for n in (SIGNATURE, AUTHENTICATION)] + [0]
        )
        store.write(memory)


def write_number(store: Store, number: str) -> None:
    """Write the Individual Number, which is also the code that opens its own file when typed from the surface."""
    with store.opened() as memory:
        memory.files["number"] = records.number_file(number)
        memory.pins[CODE_A] = Secret.of(number.encode(), limit=PINS[CODE_A].limit)
        store.write(memory)


def has_keys(memory: Memory) -> bool:
    return bool(memory.keys)


def _write_surface(memory: Memory, surface: Surface, *, photo: bytes | None = None) -> None:
    memory.files["attributes"] = records.attributes_file(
        name=surface.name, address=surface.address, birth_date=surface.birth_date, sex=surface.sex
    )
    memory.files["support-information"] = b"\x02\x00"
    memory.files["token"] = _TOKEN_LABEL.ljust(32) + bytes(128)
    memory.files.setdefault("availability", bytes([_NONE, _NONE, 0]))
    memory.files["card-information"] = records.card_information(
        serial=memory.serial,
        municipality=surface.municipality_code[:5],
        expires_on=dt.date.fromisoformat(surface.expires_on),
    )
    code_b = records.code_b(
        birth_date=surface.birth_date,
        expires_on=dt.date.fromisoformat(surface.expires_on),
        security_code=surface.security_code,
    )
    if code_b is not None:
        memory.pins[CODE_B_NAME] = Secret.of(code_b.encode(), limit=PINS[CODE_B_NAME].limit)

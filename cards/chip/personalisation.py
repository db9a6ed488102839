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
from cards.chip.applications import (
    AUTHENTICATION,
    CODE_A,
    CODE_B_NAME,
    FREE_AREA,
    PINS,
    RESIDENT_REGISTRY,
    SIGNATURE,
    SUPPORT,
    SURFACE_A,
    SURFACE_B,
    SURFACE_BIRTH,
    File,
    Pin,
)
from cards.chip.memory import Memory, Secret, Store

_TOKEN_LABEL = b"JPKIAPICCTOKEN2"
_BOTH, _NONE = 0x8F, 0x00
# The holder may choose different ones; most choose one for all three.
FOUR_DIGIT_PINS = (AUTHENTICATION, SUPPORT, RESIDENT_REGISTRY)
TERMINAL_KEY_BYTES = 32


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
        for name in FOUR_DIGIT_PINS:
            set_pin(memory, name, pin)
    if signature_password is not None:
        set_pin(memory, SIGNATURE, signature_password)


def set_pin(memory: Memory, name: str, value: str) -> None:
    """Set a PIN anew, with all its tries: at hand-over, or unlocking at the counter. Raises BadPin."""
    pin = PINS[name]
    if not pin.form.fullmatch(value.encode()):
        raise BadPin("The PIN must be four digits." if pin.limit == 3 else "The value has not the form required.")
    memory.pins[name] = Secret.of(value.encode(), limit=pin.limit)


def make_keys(
    store: Store, *, names: Sequence[str] = (AUTHENTICATION, SIGNATURE), anew: bool = True
) -> dict[str, bytes]:
    """The chip makes its RSA-2048 keys; only the public halves (SubjectPublicKeyInfo, DER) come out.

    A signature key is made only behind a password. Unless `anew`, a key that is there stays: of two who make a card
    ready at once, neither takes the other's key away.
    """
    made = {}
    with store.opened() as memory:
        for name in names:
            if name == SIGNATURE and SIGNATURE not in memory.pins:
                continue
            if anew or name not in memory.keys:
                memory.keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            key = serialization.load_der_private_key(memory.keys[name], None, unsafe_skip_rsa_key_validation=True)
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
        memory.files["surface-number"] = records.number_file(number)
        for name in (CODE_A, SURFACE_A):
            memory.pins[name] = Secret.of(number.encode(), limit=PINS[name].limit)
        store.write(memory)


def write_record_code(store: Store, code: str) -> None:
    """Write the resident record code, for the counters of municipalities."""
    with store.opened() as memory:
        memory.files["record-code"] = records.record_code_file(code)
        store.write(memory)


def install(store: Store, *, name: str, content: bytes, secret: bytes | None = None) -> None:
    """Put an application of the free area on the card, or write it anew, with its PIN or its terminals' key.

    Raises BadPin, and KeyError for an application that does not exist.
    """
    application = FREE_AREA[name]
    with store.opened() as memory:
        for entry in application.files.values():
            if isinstance(entry, File):
                memory.files[entry.name] = content
            elif isinstance(entry, Pin):
                set_pin(memory, entry.name, (secret or b"").decode())
            elif secret is None or len(secret) != TERMINAL_KEY_BYTES:
                raise BadPin("The terminals' key must have 32 bytes.")
            else:
                memory.keys[entry.name] = secret
        memory.installed.add(name)
        store.write(memory)


def remove(store: Store, *, name: str) -> None:
    """Take an application of the free area off the card, with all that it held."""
    with store.opened() as memory:
        for entry in FREE_AREA[name].files.values():
            for held in (memory.files, memory.pins, memory.keys):
                held.pop(entry.name, None)
        memory.installed.discard(name)
        store.write(memory)


def has_keys(memory: Memory) -> bool:
    return AUTHENTICATION in memory.keys


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
    born = records.era_date(surface.birth_date)
    if code_b is not None and born is not None:
        printed = ((CODE_B_NAME, code_b), (SURFACE_B, code_b), (SURFACE_BIRTH, born))
        for name, value in printed:
            memory.pins[name] = Secret.of(value.encode(), limit=PINS[name].limit)
    if photo is not None:
        memory.photo = photo
    memory.files["age"] = records.age_file(birth_date=surface.birth_date)
    memory.files["surface-information"] = b"\x02\x00"
    memory.files["face"] = records.face_file(
        birth_date=surface.birth_date,
        sex=surface.sex,
        name=surface.name,
        address=surface.address,
        photo=memory.photo,
        expires_on=dt.date.fromisoformat(surface.expires_on),
        security_code=surface.security_code,
    )

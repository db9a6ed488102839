"""The virtual IC card: one command in, one answer out (ISO/IEC 7816-4).

A try is written off before the PIN is compared and given back after a match, so that cutting the power in between never
wins a try. The private keys are made here and never leave; the answers hold no secret that no PIN has opened.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from cards.chip import apdu, digest_info
from cards.chip.apdu import Command
from cards.chip.applications import APPLICATIONS, Application, File, Key, Pin, TerminalKey
from cards.chip.memory import Memory, Secret, Store

# So many attempts on secrets that are already locked are an attack, not a forgetful holder: the keys are destroyed.
ALARM_LIMIT = 64

_Handler = Callable[["VirtualCard", Memory, Command], bytes]


class VirtualCard:
    """A card in a slot: the store's durable memory, and the state that lasts until the power goes off.

    `blocked_status`: what a try on a blocked PIN answers. Real cards say 6984; OpenSC explains 6983 better.
    """

    def __init__(self, store: Store, *, blocked_status: bytes = apdu.REFERENCE_DATA_BLOCKED) -> None:
        self._store = store
        self._blocked_status = blocked_status
        self._private_keys: dict[bytes, rsa.RSAPrivateKey] = {}
        self.power_off()

    def __repr__(self) -> str:
        return "<VirtualCard>"

    def power_off(self) -> None:
        """Forget what was selected and which PINs were right."""
        self._application: Application | None = None
        self._current: int | None = None
        self._verified: dict[str, bytes] = {}
        self._terminals: dict[str, bytes] = {}
        self._challenge = b""

    def transmit(self, command: bytes) -> bytes:
        """Answer one command. Raises only CardRemoved (from the store): bad commands get a status word."""
        try:
            parsed = apdu.parse(command)
        except apdu.WrongLength:
            return apdu.WRONG_LENGTH
        if parsed.cla not in (0x00, 0x80):
            return apdu.UNKNOWN_CLASS
        handler = _HANDLERS.get((parsed.cla, parsed.ins))
        if handler is None:
            return apdu.UNKNOWN_INSTRUCTION
        with self._store.opened() as memory:
            return handler(self, memory, parsed)

    # --- selecting ------------------------------------------------------------------------------------------------

    def _select(self, memory: Memory, command: Command) -> bytes:
        if command.p2 not in (0x00, 0x0C):
            return apdu.WRONG_PARAMETERS
        if command.p1 == 0x04:
            return self._select_application(memory, command.data)
        if command.p1 == 0x02:
            return self._select_file(memory, command.data)
        return apdu.FILE_NOT_FOUND

    def _select_application(self, memory: Memory, identifier: bytes) -> bytes:
        application = APPLICATIONS.get(identifier)
        if application is None or (application.optional and application.name not in memory.installed):
            return apdu.FILE_NOT_FOUND
        if application is not self._application:
            self._verified.clear()  # another application's PINs do not count here
            self._terminals.clear()
            self._challenge = b""
        self._application, self._current = application, None
        return apdu.OK

    def _select_file(self, memory: Memory, identifier: bytes) -> bytes:
        if len(identifier) != 2:
            return apdu.WRONG_LENGTH
        number = int.from_bytes(identifier, "big")
        if not self._exists(memory, number):
            return apdu.FILE_NOT_FOUND
        self._current = number
        return apdu.OK

    def _exists(self, memory: Memory, number: int) -> bool:
        entry = self._application.files.get(number) if self._application else None
        if isinstance(entry, File):
            return entry.name in memory.files
        if isinstance(entry, Pin):
            return entry.name in memory.pins
        return isinstance(entry, Key | TerminalKey) and entry.name in memory.keys

    def _entry(self, memory: Memory, short_identifier: int) -> File | Pin | Key | TerminalKey | None:
        """The entry that a command means: by its short identifier, which also selects it, or the current one."""
        if short_identifier and self._exists(memory, short_identifier):
            self._current = short_identifier
        elif short_identifier:
            return None
        if self._application is None or self._current is None or not self._exists(memory, self._current):
            return None
        return self._application.files[self._current]

    # --- reading --------------------------------------------------------------------------------------------------

    def _may_read(self, memory: Memory, file: File) -> bool:
        return not file.opened_by or any(self._is_verified(memory, name) for name in file.opened_by)

    def _read_binary(self, memory: Memory, command: Command) -> bytes:
        if command.expected is None or command.data:
            return apdu.WRONG_LENGTH
        if command.p1 & 0x80:
            if command.p1 & 0x60 or not command.p1 & 0x1F:
                return apdu.WRONG_PARAMETERS
            entry, offset = self._entry(memory, command.p1 & 0x1F), command.p2
            if entry is None:
                return apdu.FILE_NOT_FOUND
        else:
            entry, offset = self._entry(memory, 0), command.p1 << 8 | command.p2
        if entry is None:
            return apdu.NO_CURRENT_FILE
        if not isinstance(entry, File) or entry.records:
            return apdu.INCOMPATIBLE_FILE
        if not self._may_read(memory, entry):
            return apdu.SECURITY_NOT_SATISFIED
        content = memory.files[entry.name]
        if offset >= len(content):
            return apdu.WRONG_OFFSET
        return content[offset : offset + command.expected] + apdu.OK

    def _read_record(self, memory: Memory, command: Command) -> bytes:
        if command.expected is None or command.data:
            return apdu.WRONG_LENGTH
        if command.p2 & 0x07 != 0x04:
            return apdu.WRONG_PARAMETERS
        entry = self._entry(memory, command.p2 >> 3)
        if entry is None:
            return apdu.FILE_NOT_FOUND if command.p2 >> 3 else apdu.NO_CURRENT_FILE
        if not isinstance(entry, File) or not entry.records:
            return apdu.INCOMPATIBLE_FILE
        if not self._may_read(memory, entry):
            return apdu.SECURITY_NOT_SATISFIED
        if command.p1 != 1:
            return apdu.RECORD_NOT_FOUND
        return memory.files[entry.name][: command.expected] + apdu.OK

    # --- PINs -----------------------------------------------------------------------------------------------------

    def _is_verified(self, memory: Memory, name: str) -> bool:
        """Right in this session, and neither changed nor blocked since by another."""
        if self._terminals.get(name) is not None:
            return self._terminals[name] == memory.keys.get(name)
        pin = memory.pins.get(name)
        return pin is not None and pin.tries_left > 0 and self._verified.get(name) == pin.salt

    def _pin(self, memory: Memory, reference: int) -> Pin | bytes:
        """The PIN that P2 refers to, or the status word that says why there is none."""
        if not reference & 0x80 or reference & 0x60:
            return apdu.WRONG_PARAMETERS
        entry = self._entry(memory, reference & 0x1F)
        if entry is None:
            return apdu.FILE_NOT_FOUND if reference & 0x1F else apdu.NO_CURRENT_FILE
        return entry if isinstance(entry, Pin) else apdu.INCOMPATIBLE_FILE

    def _verify(self, memory: Memory, command: Command) -> bytes:
        if command.p1:
            return apdu.WRONG_PARAMETERS
        pin = self._pin(memory, command.p2)
        if isinstance(pin, bytes):
            return pin
        secret = memory.pins[pin.name]
        if not command.data:
            return apdu.tries_left(secret.tries_left)  # a question, not a try; the same after a right PIN
        self._verified.pop(pin.name, None)
        if secret.tries_left == 0:
            return self._alarm(memory)
        secret.tries_left -= 1
        self._store.write(memory)
        if not secret.matches(command.data):
            return apdu.tries_left(secret.tries_left)
        secret.tries_left = secret.limit
        self._store.write(memory)
        self._verified[pin.name] = secret.salt
        return apdu.OK

    def _alarm(self, memory: Memory) -> bytes:
        memory.alarms += 1
        if memory.alarms >= ALARM_LIMIT and not memory.destroyed:
            memory.keys.clear()
            for file in [f for app in APPLICATIONS.values() for f in app.files.values() if isinstance(f, File)]:
                if file.opened_by:
                    memory.files.pop(file.name, None)
            memory.destroyed = True
        self._store.write(memory)
        return self._blocked_status

    def _change_pin(self, memory: Memory, command: Command) -> bytes:
        changes_by = self._application.changes_by if self._application else (command.cla, command.ins, 0x01)
        if (command.cla, command.ins) != changes_by[:2]:
            return apdu.UNKNOWN_INSTRUCTION
        if command.p1 != changes_by[2]:
            return apdu.WRONG_PARAMETERS
        pin = self._pin(memory, command.p2)
        if isinstance(pin, bytes):
            return pin
        if not self._is_verified(memory, pin.name):
            return apdu.SECURITY_NOT_SATISFIED
        if not pin.changeable:
            return apdu.CONDITIONS_NOT_SATISFIED
        if not pin.form.fullmatch(command.data):
            return apdu.WRONG_DATA
        changed = Secret.of(command.data, limit=pin.limit, cost=memory.pins[pin.name].cost)
        memory.pins[pin.name] = changed
        self._store.write(memory)
        self._verified[pin.name] = changed.salt
        return apdu.OK

    # --- terminals ------------------------------------------------------------------------------------------------

    def _get_challenge(self, memory: Memory, command: Command) -> bytes:
        if command.p1 or command.p2:
            return apdu.WRONG_PARAMETERS
        if command.data or command.expected is None or not 8 <= command.expected <= 256:
            return apdu.WRONG_LENGTH
        self._challenge = secrets.token_bytes(command.expected)
        return self._challenge + apdu.OK

    def _authenticate_terminal(self, memory: Memory, command: Command) -> bytes:
        """HMAC-SHA256 over the challenge, cut to 16 bytes. A challenge serves once, whatever comes of it."""
        challenge, self._challenge = self._challenge, b""
        if command.p1 or not command.p2 & 0x80 or command.p2 & 0x60:
            return apdu.WRONG_PARAMETERS
        entry = self._entry(memory, command.p2 & 0x1F)
        if not isinstance(entry, TerminalKey):
            return apdu.FILE_NOT_FOUND if entry is None else apdu.INCOMPATIBLE_FILE
        if not challenge:
            return apdu.CONDITIONS_NOT_SATISFIED
        key = memory.keys[entry.name]
        self._terminals.pop(entry.name, None)
        if not hmac.compare_digest(hmac.digest(key, challenge, "sha256")[:16], command.data):
            return apdu.NOT_AUTHENTICATED
        self._terminals[entry.name] = key
        return apdu.OK

    # --- signing --------------------------------------------------------------------------------------------------

    def _sign(self, memory: Memory, command: Command) -> bytes:
        if command.p1 or not command.p2 & 0x80 or command.p2 & 0x60:
            return apdu.WRONG_PARAMETERS
        if not command.data or command.expected is None:
            return apdu.WRONG_LENGTH
        entry = self._entry(memory, command.p2 & 0x1F)
        if entry is None:
            return apdu.FILE_NOT_FOUND if command.p2 & 0x1F else apdu.NO_CURRENT_FILE
        if not isinstance(entry, Key):
            return apdu.INCOMPATIBLE_FILE
        if not self._is_verified(memory, entry.pin):
            return apdu.SECURITY_NOT_SATISFIED
        info = digest_info.parse(command.data)
        if info is None:
            return apdu.WRONG_DATA
        key = self._private_key(memory.keys[entry.name])
        if command.expected < key.key_size // 8:
            return apdu.WRONG_LENGTH
        return key.sign(info.digest, padding.PKCS1v15(), utils.Prehashed(info.algorithm)) + apdu.OK

    def _private_key(self, der: bytes) -> rsa.RSAPrivateKey:
        if der not in self._private_keys:
            # The chip made this key itself: checking its primes again at each power-on would only cost time.
            key = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
            assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - for the type checker; the chip makes no other
            self._private_keys = {**self._private_keys, der: key}
        return self._private_keys[der]


_HANDLERS: dict[tuple[int, int], _Handler] = {
    (0x00, 0xA4): VirtualCard._select,
    (0x00, 0xB0): VirtualCard._read_binary,
    (0x00, 0xB2): VirtualCard._read_record,
    (0x00, 0x20): VirtualCard._verify,
    (0x00, 0x24): VirtualCard._change_pin,
    (0x80, 0x32): VirtualCard._change_pin,
    (0x00, 0x84): VirtualCard._get_challenge,
    (0x00, 0x82): VirtualCard._authenticate_terminal,
    (0x80, 0x2A): VirtualCard._sign,
}

"""Authorities' keys in a PKCS#11 token (SoftHSM2, or a real module), through python-pkcs11.

python-pkcs11 is no dependency of ours: only a server that is told of a module needs it, and it is imported there. Keys
are made in the token, never leave it, and are marked sensitive and not extractable. A session belongs to one process
and is not shared over a fork.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from cards.pki.keystore import NoKey

_CURVES: dict[str, ec.EllipticCurve] = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}
_lock = threading.RLock()
_sessions: dict[tuple[int, str, str], Any] = {}


class TokenKeys:
    """The keys of one token. `module` is the path of the PKCS#11 library, `label` the token's name."""

    def __init__(self, module: str, label: str, pin_file: Path) -> None:
        self.module, self.label, self.pin_file = module, label, pin_file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenKeys) and (other.module, other.label) == (self.module, self.label)

    def __hash__(self) -> int:
        return hash((self.module, self.label))

    def __repr__(self) -> str:
        return "<TokenKeys>"

    def make(self, name: str, curve: ec.EllipticCurve) -> None:
        import pkcs11

        with _lock:
            if self._find(name, pkcs11.ObjectClass.PRIVATE_KEY) is not None:
                return
            session = self._session()
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: _parameters(curve)}, local=True
            )
            parameters.generate_keypair(
                store=True,
                label=name,
                private_template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.SIGN: True,
                },
            )

    def load(self, name: str) -> ec.EllipticCurvePrivateKey:
        import pkcs11

        with _lock:
            public = self._find(name, pkcs11.ObjectClass.PUBLIC_KEY)
            if public is None or self._find(name, pkcs11.ObjectClass.PRIVATE_KEY) is None:
                raise NoKey(f"There is no key {name} in the token.")
            return TokenKey(self, name, _public_key(public))

    def sign(self, name: str, digest: bytes) -> bytes:
        """The raw signature, r and s side by side. A session that the token has ended is opened again, once."""
        import pkcs11

        with _lock:
            for is_last in (False, True):
                try:
                    key = self._find(name, pkcs11.ObjectClass.PRIVATE_KEY)
                    if key is None:
                        raise NoKey(f"There is no key {name} in the token.")
                    return bytes(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
                except pkcs11.exceptions.PKCS11Error:
                    if is_last:
                        raise
                    _sessions.pop(self._place(), None)
        raise AssertionError

    def _find(self, name: str, kind: Any) -> Any:
        import pkcs11

        objects = self._session().get_objects({pkcs11.Attribute.LABEL: name, pkcs11.Attribute.CLASS: kind})
        return next(iter(list(objects)), None)

    def _session(self) -> Any:
        import pkcs11

        place = self._place()
        if place not in _sessions:
            try:
                token = pkcs11.lib(self.module).get_token(token_label=self.label)
                _sessions[place] = token.open(rw=True, user_pin=self.pin_file.read_text().strip())
            except (pkcs11.exceptions.PKCS11Error, OSError, RuntimeError) as error:
                raise NoKey(f"The token does not open: {type(error).__name__}.") from None
        return _sessions[place]

    def _place(self) -> tuple[int, str, str]:
        return os.getpid(), self.module, self.label


class TokenKey(ec.EllipticCurvePrivateKey):
    """A key that stays in the token, in the library's shape: what signs certificates, lists and answers takes it."""

    def __init__(self, store: TokenKeys, name: str, public: ec.EllipticCurvePublicKey) -> None:
        self._store, self._name, self._public = store, name, public

    def __repr__(self) -> str:
        return "<TokenKey>"

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        algorithm = signature_algorithm.algorithm
        assert isinstance(algorithm, hashes.HashAlgorithm)  # noqa: S101 - nothing of ours is hashed beforehand
        digest = hashes.Hash(algorithm)
        digest.update(data)
        raw = self._store.sign(self._name, digest.finalize())
        half = len(raw) // 2
        return utils.encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        raise TypeError("An authority's key signs and does nothing else.")

    def private_numbers(self) -> NoReturn:
        raise TypeError("The key does not leave its token.")

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        raise TypeError("The key does not leave its token.")

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenKey:
        return self


def _parameters(curve: ec.EllipticCurve) -> bytes:
    from pkcs11.util.ec import encode_named_curve_parameters

    return bytes(encode_named_curve_parameters(curve.name))


def _public_key(found: Any) -> ec.EllipticCurvePublicKey:
    from pkcs11.util.ec import encode_ec_public_key

    key = serialization.load_der_public_key(bytes(encode_ec_public_key(found)))
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - that is what was encoded
    return key

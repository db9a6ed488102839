"""RFC 9421 appendix B.2, through the client's own signatures and through the library that the service verifies with."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519, HMAC_SHA256, RSA_PSS_SHA512
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mynx import keys, signatures
from tests.mynx import vectors
from tests.mynx.vectors import VECTORS


def base_of(name: str) -> bytes:
    message, covered, parameters, _ = VECTORS[name]
    return signatures.base(message, covered, f"({' '.join(covered)}){parameters}")


def signature_of(name: str) -> bytes:
    return base64.b64decode(VECTORS[name][3])


@pytest.mark.parametrize("name", ["b21", "b22", "b23"])
def test_the_client_builds_the_bases_of_the_rsa_vectors(name: str) -> None:
    key = RSAKey.import_key(vectors.RSA_PSS).public_key
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
    key.verify(signature_of(name), base_of(name), pss, hashes.SHA512())


def test_the_client_verifies_the_p256_vector() -> None:
    assert keys.verifies(vectors.P256, signature_of("b24"), base_of("b24"))
    assert not keys.verifies(vectors.P256, signature_of("b24"), base_of("b24") + b" ")
    assert keys.verifies(vectors.P256, keys.sign(vectors.P256, b"x"), b"x")


def test_the_client_builds_the_base_of_the_hmac_vector() -> None:
    made = hmac.new(base64.b64decode(vectors.HMAC), base_of("b25"), hashlib.sha256).digest()
    assert made == signature_of("b25")


def test_the_client_makes_the_ed25519_vector() -> None:
    """Ed25519 is deterministic: the very bytes of the RFC."""
    message, covered, parameters, expected = VECTORS["b26"]
    made = signatures.sign(message, covered, parameters, key=vectors.ED25519)
    assert made["signature"] == f"mynx=:{expected}:"
    assert keys.verifies(vectors.ED25519, signature_of("b26"), base_of("b26"))
    assert not keys.verifies(vectors.ED25519, signature_of("b26")[::-1], base_of("b26"))


@dataclass
class Message:
    """A message in the library's terms."""

    headers: dict[str, str]
    method: str = ""
    url: str = ""


class Answer(Message):
    status_code = 200


class Resolver(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        return {
            "test-key-rsa-pss": RSAKey.import_key(vectors.RSA_PSS).public_key,
            "test-key-ecc-p256": ECKey.import_key(vectors.P256).public_key,
            "test-key-ed25519": OKPKey.import_key(vectors.ED25519).public_key,
            "test-shared-secret": base64.b64decode(vectors.HMAC),
        }[key_id]


class Timeless(HTTPMessageVerifier):
    """2021 is long ago."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        pass


ALGORITHMS = dict.fromkeys(["b21", "b22", "b23"], RSA_PSS_SHA512) | {
    "b24": ECDSA_P256_SHA256,
    "b25": HMAC_SHA256,
    "b26": ED25519,
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_services_library_verifies_every_vector(name: str) -> None:
    message, covered, parameters, signature = VECTORS[name]
    headers = dict(message.headers) | {
        "Signature-Input": f"sig=({' '.join(covered)}){parameters}",
        "Signature": f"sig=:{signature}:",
    }
    is_answer = isinstance(message, signatures.Response)
    sent = Answer(headers) if is_answer else Message(headers, vectors.REQUEST.method, vectors.REQUEST.url)
    verifier = Timeless(signature_algorithm=ALGORITHMS[name], key_resolver=Resolver())
    [result] = verifier.verify(sent, max_age=None)
    assert result.parameters["created"] == 1618884473
    headers["Signature-Input"] = headers["Signature-Input"].replace("1618884473", "1618884474")
    with pytest.raises(InvalidSignature):
        verifier.verify(sent, max_age=None)


def test_a_thumbprint_is_that_of_rfc_8037() -> None:
    """Appendix A.3."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert keys.thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(("kind", "algorithm"), [(vectors.P256, "ES256"), (None, "Ed25519")])
def test_a_statement_names_its_algorithm_as_rfc_9864_does(kind: dict[str, str] | None, algorithm: str) -> None:
    key = ECKey.import_key(kind) if kind else OKPKey.generate_key("Ed25519")
    read = jwt.decode(keys.statement({"iss": "a"}, key.as_dict(private=True)), key, algorithms=[algorithm])
    assert (read.claims, read.header["alg"]) == ({"iss": "a"}, algorithm)


@pytest.mark.parametrize("jwk", [{"kty": "RSA"}, {"kty": "EC", "crv": "P-384"}, {"kty": "oct", "k": "AA"}, {}])
def test_other_kinds_of_keys_sign_nothing(jwk: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="neither"):
        keys.sign(jwk, b"")
    assert not keys.verifies(jwk, b"", b"")

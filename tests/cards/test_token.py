"""Authorities' keys in a PKCS#11 token: SoftHSM2, where it and python-pkcs11 are installed."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cards.pki import crl, keyfiles, lint
from cards.pki.addresses import Addresses
from cards.pki.authority import Authority, Publication
from cards.pki.keystore import KeyFiles, KeyStore, NoKey
from cards.pki.profiles import PROFILES, SIGNATURE, SUITES, with_suite
from cards.pki.token import TokenKeys
from tests.cards.certificates import ATTRIBUTES, holder_key

NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((module for module in MODULES if Path(module).exists()), "")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenKeys:
    """A fresh token with a PIN in a file."""
    if not MODULE or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed")
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    # The module reads its configuration once per process, so all tests of this file share one directory.
    directory = tmp_path.parent / "softhsm"
    (directory / "tokens").mkdir(parents=True, exist_ok=True)
    (directory / "conf").write_text(f"directories.tokendir = {directory / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(directory / "conf"))
    label = tmp_path.name
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", "2468", "--so-pin", "13579"],
        check=True,
        capture_output=True,
    )
    (tmp_path / "pin").write_text("2468\n")
    import pkcs11

    pkcs11.lib(MODULE).reinitialize()
    return TokenKeys(MODULE, label, tmp_path / "pin")


@pytest.fixture(params=["file", "token"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "file":
        return KeyFiles(tmp_path / "keys")
    found: KeyStore = request.getfixturevalue("token")
    return found


def authority(store: KeyStore, directory: Path, suite: str) -> Authority:
    profile = with_suite(PROFILES[SIGNATURE], suite)
    return keyfiles.create(directory, profile, generation=1, at=NOW, keys=store)


@pytest.mark.parametrize("suite", list(SUITES))
def test_every_store_signs_alike(store: KeyStore, tmp_path: Path, suite: str) -> None:
    issuer = authority(store, tmp_path / "pki", suite)
    assert lint.authority(issuer.certificate, profile=issuer.profile) == []
    addresses = Addresses("http://pki.example.com", issuer.profile.file_stem, 1)
    leaf = issuer.issue(
        public_key=holder_key(suite),
        not_before=NOW,
        not_after=NOW + DAY,
        attributes=ATTRIBUTES,
        publication=Publication(addresses, lambda serial: "007"),
    )
    anchor = issuer.certificate
    assert lint.leaf(leaf, profile=issuer.profile, anchor=anchor, addresses=addresses, shard="007") == []
    each = x509.load_der_x509_crl(crl.sign(issuer, entries=[], number=1, this_update=NOW, next_update=NOW + DAY))
    assert each.is_signature_valid(anchor.public_key())
    delegate = issuer.delegate(
        ec.generate_private_key(ec.SECP256R1()).public_key(), not_before=NOW, not_after=NOW + DAY
    )
    delegate.verify_directly_issued_by(anchor)


def test_making_twice_gives_one_key(store: KeyStore) -> None:
    store.make("signature.1", ec.SECP256R1())
    first = store.load("signature.1").public_key()
    store.make("signature.1", ec.SECP256R1())
    assert store.load("signature.1").public_key() == first
    store.make("signature.2", ec.SECP256R1())
    assert store.load("signature.2").public_key() != first


def test_a_key_that_is_not_there(store: KeyStore) -> None:
    with pytest.raises(NoKey):
        store.load("signature.9")


def test_stores_of_one_place_are_equal(tmp_path: Path) -> None:
    assert KeyFiles(tmp_path) == KeyFiles(tmp_path)
    assert TokenKeys("m", "a", tmp_path) == TokenKeys("m", "a", tmp_path)
    assert TokenKeys("m", "a", tmp_path) != TokenKeys("m", "b", tmp_path)
    assert KeyFiles(tmp_path) != TokenKeys("m", "a", tmp_path)


def test_the_key_does_not_leave_the_token(token: TokenKeys) -> None:
    import pkcs11

    token.make("signature.1", ec.SECP256R1())
    key = token.load("signature.1")
    for leave in (key.private_numbers, lambda: key.exchange(ec.ECDH(), key.public_key())):
        with pytest.raises(TypeError):
            leave()
    with pytest.raises(TypeError):
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found = token._find("signature.1", pkcs11.ObjectClass.PRIVATE_KEY)
    facts = pkcs11.Attribute
    assert [found[facts.SENSITIVE], found[facts.EXTRACTABLE], found[facts.LOCAL]] == [True, False, True]


# The library's search complains as it is thrown away: its session has ended, which is what is tried here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_the_token_ended_is_opened_again(token: TokenKeys) -> None:
    from cards.pki import token as module

    token.make("signature.1", ec.SECP256R1())
    key = token.load("signature.1")
    module._sessions[token._place()].close()
    key.public_key().verify(key.sign(b"message", ec.ECDSA(hashes.SHA256())), b"message", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(key.sign(b"x", ec.ECDSA(hashes.SHA256())), b"message", ec.ECDSA(hashes.SHA256()))


def test_a_wrong_pin_says_nothing_of_it(token: TokenKeys, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("1111")
    with pytest.raises(NoKey) as caught:
        token.load("signature.1")
    assert "1111" not in str(caught.value)


def test_nothing_else_imports_the_library() -> None:
    """A server without a token runs without python-pkcs11."""
    script = "import sys; sys.modules['pkcs11'] = None; import cards.pki.token, cards.pki.keyfiles"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_an_authority_knows_its_certificate_by_its_key(tmp_path: Path) -> None:
    issuer = authority(KeyFiles(tmp_path / "one"), tmp_path / "pki", "RSA-2048")
    other = KeyFiles(tmp_path / "two")
    other.make("signature.1", ec.SECP256R1())
    assert isinstance(issuer.certificate, x509.Certificate)
    with pytest.raises(keyfiles.NoAuthority, match="belong together"):
        keyfiles.current(tmp_path / "pki", PROFILES[SIGNATURE], other)

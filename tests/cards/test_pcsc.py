"""Programs that no one here wrote, on our card: OpenSC, PKCS#11 and OpenSSL through pcscd and vsmartcard-vpcd.

Wants Debian's opensc, pcscd, vsmartcard-vpcd and libengine-pkcs11-openssl, and root for pcscd; skipped without them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from cards.chip import apdu, personalisation, vpcd
from cards.chip.card import VirtualCard
from cards.chip.memory import CardFile, CardRemoved
from cards.pki import keyfiles
from cards.reader.pcsc import PcscReaders
from cards.reader.slots import Slots
from cards.reader.terminal import PinWrong, Terminal
from tests.cards import chips
from tests.cards.chips import JPKI, PASSWORD, PIN, der, sign_command
from tests.cards.test_pki import AUTH, HANAKO, LATER, NOW, SIGN

DRIVER = Path(vpcd.DRIVER)
_ENGINE = next(Path("/usr/lib").glob("*/engines-3/pkcs11.so"), None)
_PROGRAMS = ("pcscd", "opensc-tool", "pkcs15-tool", "pkcs11-tool", "openssl")
_MISSING = [name for name in _PROGRAMS if not shutil.which(name)]


def _pcscd_is_running() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex("/run/pcscd/pcscd.comm") == 0


_REASON = (
    f"not installed: {', '.join(_MISSING)}" if _MISSING
    else "vsmartcard-vpcd is not installed" if not DRIVER.exists()
    else "pcscd wants root" if os.geteuid() else "another pcscd is running" if _pcscd_is_running()
    else ""
)  # fmt: skip
pytestmark = [pytest.mark.skipif(bool(_REASON), reason=_REASON)]

AUTH_TOKEN, SIGN_TOKEN = "JPKI (User Authentication PIN)", "JPKI (Digital Signature PIN)"


def _free_pair() -> int:
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished card in a reader, for as long as the tests of this file run. One pcscd at a time on this machine."""
    alone = (Path(tempfile.gettempdir()) / "mynaportal-pcscd.lock").open("w")
    fcntl.flock(alone, fcntl.LOCK_EX)
    directory = tmp_path_factory.mktemp("pcsc")
    file = CardFile(directory / "hanako.card")
    file.create(chips.memory())
    certificates, authorities = {}, {}
    for name, profile in (("authentication", AUTH), ("signature", SIGN)):
        authority = keyfiles.create(directory, profile, generation=1, at=NOW)
        key = serialization.load_der_public_key(chips.public_keys()[name])
        attributes = HANAKO if profile.with_attributes else None
        leaf = authority.issue(public_key=key, not_before=NOW, not_after=LATER, attributes=attributes)
        certificates[name], authorities[name] = der(leaf), der(authority.certificate)
        (directory / f"{name}.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    personalisation.write_certificates(file, certificates=certificates, authorities=authorities)
    port = _free_pair()
    config = directory / "readers"
    config.mkdir()
    (config / "reader.conf").write_text(vpcd.reader_conf(port))
    insert = lambda: VirtualCard(file, blocked_status=apdu.AUTHENTICATION_BLOCKED)  # noqa: E731
    # One driver instead of the search through all, and the second, empty slot left out: this saves seconds a call.
    (directory / "opensc.conf").write_text(
        'app default { card_drivers = jpki; ignored_readers = "Virtual PCD 00 01";'
        " framework pkcs15 { pin_cache_ignore_user_consent = true; } }\n"
    )
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("OPENSC_CONF", str(directory / "opensc.conf"))
    with vpcd.inserted(insert, port=port):
        daemon = subprocess.Popen(["pcscd", "--foreground", "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                if "jpki" in _run("opensc-tool", "-n").stdout:
                    break
                time.sleep(0.1)
            yield directory
        finally:
            daemon.terminate()
            daemon.wait(10)
            monkeypatch.undo()
            alone.close()


def _run(*command: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=60, input=stdin, env={**os.environ, **env}
    )


def _attempt(token: str, pin: str, directory: Path, *, output: str = "attempt") -> str:
    """Sign with a PIN through PKCS#11 and return what the tool said."""
    (directory / "message").write_text("message")
    mechanism = ["--sign", "-m", "SHA256-RSA-PKCS", "-i", str(directory / "message"), "-o", str(directory / output)]
    done = _run("pkcs11-tool", "--token-label", token, "--login", "--pin", pin, *mechanism)
    return done.stdout + done.stderr


def test_opensc_knows_the_card(directory: Path) -> None:
    assert _run("opensc-tool", "-n", OPENSC_CONF="/etc/opensc/opensc.conf").stdout.strip() == "jpki"


def test_opensc_lists_and_reads_the_certificates(directory: Path) -> None:
    listed = _run("pkcs15-tool", "--list-certificates").stdout
    assert listed.count("X.509 Certificate") == 4
    read = _run("pkcs15-tool", "--read-certificate", "01").stdout
    assert read.strip() == (directory / "authentication.pem").read_text().strip()
    assert "BEGIN CERTIFICATE" not in _run("pkcs15-tool", "--read-certificate", "02").stdout
    password = ["--verify-pin", "--auth-id", "02", "--pin", PASSWORD]
    read = _run("pkcs15-tool", *password, "--read-certificate", "02").stdout
    assert (directory / "signature.pem").read_text().strip() in read


@pytest.mark.parametrize(
    ("token", "pin", "name"), [(AUTH_TOKEN, PIN, "authentication"), (SIGN_TOKEN, PASSWORD, "signature")]
)
def test_pkcs11_signatures_verify_with_openssl(directory: Path, token: str, pin: str, name: str) -> None:
    said = _attempt(token, pin, directory, output=f"{name}.sig")
    assert "error" not in said.lower(), said
    public = directory / f"{name}.pub"
    public.write_text(_run("openssl", "x509", "-in", str(directory / f"{name}.pem"), "-noout", "-pubkey").stdout)
    files = ["-signature", str(directory / f"{name}.sig"), str(directory / "message")]
    assert _run("openssl", "dgst", "-sha256", "-verify", str(public), *files).stdout.strip() == "Verified OK"


@pytest.mark.skipif(_ENGINE is None, reason="libengine-pkcs11-openssl is not installed")
def test_a_cms_signature_through_the_engine_verifies_with_openssl(directory: Path) -> None:
    message, signed = directory / "document", directory / "document.p7s"
    message.write_text("an application")
    token = SIGN_TOKEN.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    key = f"pkcs11:token={token};type=private;pin-value={PASSWORD}"
    module = next(Path("/usr/lib").glob("*/opensc-pkcs11.so"))
    sign = ["openssl", "cms", "-sign", "-binary", "-engine", "pkcs11", "-keyform", "engine", "-inkey", key]
    files = ["-signer", str(directory / "signature.pem"), "-in", str(message), "-out", str(signed), "-outform", "DER"]
    done = _run(*sign, *files, PKCS11_MODULE_PATH=str(module))
    assert signed.exists(), done.stderr
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(signed), "-content", str(message)]
    anchor = ["-CAfile", str(directory / "signature.1.cer"), "-purpose", "any"]
    verify += [*anchor, "-attime", str(int(NOW.timestamp()) + 60)]
    assert _run(*verify).returncode == 0, _run(*verify).stderr
    message.write_text("another application")
    assert _run(*verify).returncode != 0


def test_the_reader_program_signs_with_a_card_in_a_real_reader(directory: Path) -> None:
    readers = PcscReaders()
    slots = Slots(directory / "no-demo-cards", readers)
    (inserted,) = slots.inserted()
    assert inserted.state == "ready"
    assert inserted.name.startswith("Virtual PCD")
    card = slots.card(inserted.slug)
    digest = hashlib.sha256(b"message").digest()
    with pytest.raises(PinWrong):
        Terminal(card.transmit).sign(pin="0000", digest=digest)
    signature = Terminal(card.transmit).sign(pin=PIN, digest=digest)
    certificate = x509.load_der_x509_certificate(Terminal(card.transmit).certificate())
    certificate.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())
    card.power_off()
    again = slots.card(inserted.slug)
    say = lambda command: again.transmit(bytes.fromhex(command)).hex()  # noqa: E731
    assert [say(JPKI), say("00A4020C020017"), say(sign_command(b"x"))] == ["9000", "9000", "6982"]  # no PIN stays open
    again.power_off()
    for slug in ("pcsc-7", "pcsc-x", "hanako"):
        with pytest.raises(CardRemoved):
            slots.card(slug)


def test_wrong_pins_count_down_block_and_say_so(directory: Path) -> None:
    """Last: it locks the card."""
    assert "CKR_PIN_INCORRECT" in _attempt(AUTH_TOKEN, "0000", directory)
    assert "Tries left     : 2" in _run("pkcs15-tool", "--list-pins").stdout
    for _ in range(2):
        _attempt(AUTH_TOKEN, "0000", directory)
    assert "CKR_PIN_LOCKED" in _attempt(AUTH_TOKEN, PIN, directory)
    assert "Tries left     : 0" in _run("pkcs15-tool", "--list-pins").stdout

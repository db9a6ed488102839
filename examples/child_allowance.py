#!/usr/bin/env python3
"""Chofu City decides on a child allowance: the story of one application, as the city's own system would run it.

Hanako Yamada moved from Mitaka to Chofu and applies for Child Allowance. Chofu needs her income, which Mitaka holds.

    make demo                              # in another terminal
    .venv/bin/python examples/child_allowance.py

Nothing here comes from the project: the standard library, and `cryptography` for the signatures. What a city's system
knows lies in var/agencies/132080/, put there by the demo: its client id and private key, and its own list of persons.

Settings from the environment:
    BASE_URL             where the service is              (default http://127.0.0.1:8000)
    MYNA_AGENCIES_DIR    where the agencies' own sides lie  (default var/agencies in the project)
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from datetime import date, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

BASE_URL = os.environ.get("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
AGENCIES = Path(os.environ.get("MYNA_AGENCIES_DIR", Path(__file__).resolve().parent.parent / "var" / "agencies"))

CHOFU = "132080"  # us
MITAKA = "132047"  # holds her income: she lived there on 1 January
PENSION_SERVICE = "900019"  # has nothing to do with a nursery's fee

CHILD_ALLOWANCE = "JM90000000000001"
NURSERY = "JM90000000000020"
LOCAL_TAX = "TM00000000000002"
TOTAL_INCOME, SALARY, DEPENDANTS = "0200000010", "0200000020", "0200000030"
INTRACTABLE_DISEASE = "TM00000000000082"
FIRST_MONTH_OF_PAYMENT = "8200000020"


class Stop(Exception):
    """A sentence for the person at the terminal."""


# --- 1. our own side ---


def own_file(name: str) -> Path:
    path = AGENCIES / CHOFU / name
    if not path.exists():
        raise Stop(f"{path} is not there. Start the demo first: make demo")
    return path


def own_client() -> dict:
    return json.loads(own_file("client.json").read_text(encoding="utf-8"))


def code_of(person: str) -> str:
    """Our own code for a person of our own list. No other agency has the same code for her."""
    with own_file("people.csv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if same_name(row["name"], person)]
    if len(found) != 1:
        raise Stop(f"Our list has {len(found)} persons of that name.")
    return found[0]["code"]


def same_name(left: str, right: str) -> bool:
    return "".join(left.split()) == "".join(right.split())


# --- 2. a token (RFC 6749 4.4 with RFC 7523: we sign, and never send a secret) ---


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(claims: dict, jwk: dict) -> str:
    """A JWT (RFC 7519), signed with Ed25519 (RFC 9864) or P-256 by our private JWK."""
    header = {"alg": "Ed25519" if jwk["kty"] == "OKP" else "ES256", "typ": "JWT"}
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{signing_input}.{base64url(signature_of(signing_input.encode(), jwk))}"


def signature_of(message: bytes, jwk: dict) -> bytes:
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PrivateKey.from_private_bytes(from_base64url(jwk["d"])).sign(message)
    key = ec.derive_private_key(int.from_bytes(from_base64url(jwk["d"]), "big"), ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def get_token() -> str:
    client = own_client()
    now = int(time.time())
    assertion = signed(
        {
            "iss": client["client_id"],
            "sub": client["client_id"],
            "aud": client["token_endpoint"],
            "jti": secrets.token_urlsafe(16),  # works once
            "iat": now,
            "exp": now + 50,
        },
        client["private_jwk"],
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = send("POST", "/api/oauth/token", urlencode(form).encode(), headers)
    answer = read(status, body)
    if status != 200:
        raise Stop(f"No token: {answer.get('error')} ({answer.get('error_description')})")
    return answer["access_token"]


# --- 3. signing what we send, and checking what comes back (RFC 9421, profile mynx-1) ---

COVERED = ("@method", "@target-uri", "content-type", "content-digest", "authorization")
ANSWER_COVERS = '("@status" "content-digest" "@method";req "@target-uri";req "signature";req;key="mynx")'


def base64_bytes(data: bytes) -> str:
    """Bytes as they are written in a structured header field (RFC 9651)."""
    return f":{base64.b64encode(data).decode()}:"


def digest_of(body: bytes) -> str:
    """Content-Digest (RFC 9530)."""
    return f"sha-256={base64_bytes(hashlib.sha256(body).digest())}"


def signature_base(lines: dict[str, str], parameters: str) -> bytes:
    """What is really signed: one line for each component, and last what the signature says about itself."""
    return "\n".join(
        [*(f"{name}: {value}" for name, value in lines.items()), f'"@signature-params": {parameters}']
    ).encode()


def address_of(path: str) -> str:
    """The service's public address, which may differ from the one that we reach it under."""
    return own_client()["token_endpoint"].removesuffix("/api/oauth/token") + path


def sign_request(path: str, body: bytes, token: str) -> dict[str, str]:
    """All headers of a signed POST. The token alone is worth nothing: it is bound to the key that signs here."""
    client, now = own_client(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Content-Digest": digest_of(body),
        "Authorization": f"Bearer {token}",
    }
    values = {"@method": "POST", "@target-uri": address_of(path)}
    values |= {name.lower(): value for name, value in headers.items()}
    parameters = (
        f"({' '.join(json.dumps(name) for name in COVERED)});created={now};expires={now + 60}"
        f';nonce="{secrets.token_urlsafe(16)}";keyid="{client["client_id"]}";tag="mynx-1"'
    )
    base = signature_base({f'"{name}"': values[name] for name in COVERED}, parameters)
    signature = base64_bytes(signature_of(base, client["private_jwk"]))
    return headers | {"Signature-Input": f"mynx={parameters}", "Signature": f"mynx={signature}"}


def check_answer(path: str, sent: dict[str, str], status: int, headers: dict[str, str], body: bytes) -> None:
    """Stop unless the service signed exactly this answer to exactly this request."""
    parameters = headers.get("signature-input", "").removeprefix("mynx=")
    keyid = re.search(r';keyid="([^"]*)"', parameters)
    if not parameters.startswith(ANSWER_COVERS) or keyid is None or headers.get("content-digest") != digest_of(body):
        raise Stop("The answer is not signed as it must be.")
    lines = {
        '"@status"': str(status),
        '"content-digest"': headers["content-digest"],
        '"@method";req': "POST",
        '"@target-uri";req': address_of(path),
        '"signature";req;key="mynx"': sent["Signature"].removeprefix("mynx="),
    }
    signature = base64.b64decode(headers.get("signature", "").removeprefix("mynx=").strip(":"))
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(from_base64url(service_keys()[keyid[1]]))
        key.verify(signature, signature_base(lines, parameters))
    except (KeyError, InvalidSignature):
        raise Stop("The answer's signature is not the service's, or it answers another request.") from None


def service_keys() -> dict[str, str]:
    """The service's public keys by their names. A real system keeps them, and asks again only for a name it lacks."""
    status, _, body = send("GET", "/api/keys", b"", {})
    return {key["kid"]: key["x"] for key in read(status, body)["keys"]}


# --- 4. asking and sending ---


def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(BASE_URL + path, data=body or None, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, lower(response.headers), response.read()
    except urllib.error.HTTPError as error:  # the service said no, and why
        return error.code, lower(error.headers), error.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        raise Stop(f"Nothing answers at {BASE_URL}. Is the demo running? (make demo)") from None


def lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def read(status: int, body: bytes) -> dict:
    try:
        return json.loads(body)
    except ValueError:
        raise Stop(f"{BASE_URL} answered {status}, but not as the service would.") from None


def call(path: str, token: str, content: dict) -> tuple[int, dict]:
    body = json.dumps(content).encode()
    sent = sign_request(path, body, token)
    status, headers, answer = send("POST", path, body, sent)
    check_answer(path, sent, status, headers, answer)
    return status, read(status, answer)


def show(title: str, answer: dict) -> None:
    print(f"\n{title}")
    print(json.dumps(answer, ensure_ascii=False, indent=2))


def expect(status: int, answer: dict, *wanted: int) -> None:
    if status not in wanted:
        show(f"Not as expected: status {status}", answer)
        raise Stop("The story ends here.")


def ask_for_income(token: str, code: str) -> None:
    """Allowed: the permission table has a row for Child Allowance, local tax, between municipalities."""
    status, answer = call(
        "/api/v1/inquiries",
        token,
        {
            "code": code,
            "provider": MITAKA,
            "affair": CHILD_ALLOWANCE,
            "data_set": LOCAL_TAX,
            "items": [TOTAL_INCOME, SALARY, DEPENDANTS],
            "condition": {"fiscal_year": 2026},
            "case_number": "CA-2026-0417",
        },
    )
    expect(status, answer, 200)
    show("Mitaka City's answer:", answer)
    print(f"\nThe id of its record: {answer['record']}")


def ask_without_legal_basis(token: str, code: str) -> None:
    """Refused: nothing lets a nursery's fee be set by a person's illness. She will see that we tried."""
    status, answer = call(
        "/api/v1/inquiries",
        token,
        {
            "code": code,
            "provider": PENSION_SERVICE,
            "affair": NURSERY,
            "data_set": INTRACTABLE_DISEASE,
            "items": [FIRST_MONTH_OF_PAYMENT],
            "case_number": "NF-2026-0093",
        },
    )
    expect(status, answer, 403)
    show("The refusal, as problem details:", answer)


def send_decision(token: str, code: str) -> None:
    status, answer = call(
        "/api/v1/notices",
        token,
        {
            "code": code,
            "affair": CHILD_ALLOWANCE,
            "reference": f"CA-2026-0417-{secrets.token_hex(4)}",
            "kind": "DECISION",
            "subject": "児童手当 認定通知書",
            "body": "児童手当の認定が決まりました。くわしくは、添付の通知書をご覧ください。\n\n"
            "Your Child Allowance has been approved. Please see the attached notice.",
            "documents": [{"name": "認定通知書.pdf", "content": base64.b64encode(decision_pdf()).decode()}],
        },
    )
    expect(status, answer, 200, 201)
    show("The decision lies in her mailbox:", answer)


def send_charge(token: str, code: str) -> None:
    status, answer = call(
        "/api/v1/charges",
        token,
        {
            "code": code,
            "affair": NURSERY,
            "reference": f"NF-2026-12-{secrets.token_hex(4)}",
            "title": "保育料 12月分",
            "amount": 18_500,
            "due_on": (date.today() + timedelta(days=30)).isoformat(),
        },
    )
    expect(status, answer, 200, 201)
    show("The nursery's charge of 18,500 yen is issued:", answer)


# --- 5. the decision as a PDF of one page, by hand ---


def decision_pdf() -> bytes:
    """A small valid PDF (ISO 32000-1). The Japanese lines name a standard Japanese font, which the viewer supplies."""
    lines = [
        ("J", 20, "児童手当 認定通知書"),
        ("L", 13, "Notice of Approval: Child Allowance"),
        ("J", 12, "申請のとおり、児童手当の受給資格と額を認定しました。"),
        ("L", 11, "Your application has been approved: 15,000 yen a month from the month after you applied."),
        ("J", 12, "調布市長（これは架空の通知です）"),
        ("L", 11, "Mayor of Chofu City (fictional)"),
    ]
    drawing = ["BT", "72 770 Td"]
    for font, size, text in lines:
        # Every string in hex, so that nothing needs escaping: UTF-16 for the Japanese font, ASCII for Helvetica.
        shown = f"<{text.encode('utf-16-be' if font == 'J' else 'ascii').hex()}>"
        drawing += [f"/{font} {size} Tf", f"{shown} Tj", "0 -36 Td"]
    content = "\n".join([*drawing, "ET"]).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /L 5 0 R /J 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiKakuGo-W5 /Encoding /UniJIS-UTF16-H"
        b" /DescendantFonts [7 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiKakuGo-W5 /FontDescriptor 8 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>",
        b"<< /Type /FontDescriptor /FontName /HeiseiKakuGo-W5 /Flags 4 /FontBBox [-92 -250 1010 922] /ItalicAngle 0"
        b" /Ascent 752 /Descent -221 /CapHeight 737 /StemV 114 >>",
    ]
    pdf, offsets = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(pdf)
    pdf += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    pdf += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return pdf + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


# --- the story ---

STEPS = {
    "inquiry": ask_for_income,
    "refused": ask_without_legal_basis,
    "notice": send_decision,
    "charge": send_charge,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description="Chofu City decides on a child allowance.")
    arguments.add_argument(
        "--person", default="山田　花子", help="a name in the city's own list (default: Hanako Yamada)"
    )
    arguments.add_argument("--only", choices=STEPS, help="one step instead of all four")
    chosen = arguments.parse_args()
    try:
        code = code_of(chosen.person)
        token = get_token()
        for name, step in STEPS.items():
            if chosen.only in (None, name):
                step(token, code)
    except Stop as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

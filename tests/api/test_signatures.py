"""A request must be signed by profile mynx-1: every way in which it may not be, and that nothing then happens."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from agencies.models import ApiClient, UsedOnce
from mynx import signatures
from mynx.signatures import SIGNED, content_digest
from tests.api.sides import CHOFU, ORIGIN, Answered, Country, Side, new_side, record_count
from tests.support import DATABASES, scaled

pytestmark = DATABASES

PATH = "/api/v1/inquiries"
COLLECT = "/api/v1/codes/collect"


@dataclass
class Letter:
    """A request that is not yet signed, and all that can be wrong with it."""

    side: Side
    body: bytes
    path: str = PATH
    sent_to: str = ""
    sent_body: bytes | None = None
    covered: tuple[str, ...] = SIGNED
    label: str = "mynx"
    key: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> Letter:
        return replace(self, **changes)

    def signed(self) -> dict[str, str]:
        now = int(timezone.now().timestamp())
        headers = {
            "content-type": "application/json",
            "content-digest": content_digest(self.body),
            "authorization": f"Bearer {self.side.token()}",
        } | self.headers
        headers = {name: value for name, value in headers.items() if value}
        values = {"created": now, "expires": now + 60, "nonce": f"n-{id(self)}-{now}"}
        values |= {"keyid": str(self.side.client.client_id), "tag": "mynx-1"} | self.parameters
        written = "".join(f";{n}={json.dumps(v)}" for n, v in values.items() if v is not None)
        request = signatures.Request("POST", ORIGIN + self.path, headers)
        jwk = (self.key or self.side.key).as_dict(private=True)
        made = signatures.sign(request, self.covered, written, key=jwk)
        return headers | {n: v.replace("mynx=", f"{self.label}=", 1) for n, v in made.items()}

    def post(self, **spoilt: str) -> Answered:
        """Send it; `spoilt` headers are changed after the signing."""
        headers = self.signed() | {name.replace("_", "-"): value for name, value in spoilt.items()}
        body = self.body if self.sent_body is None else self.sent_body
        return self.side.send("POST", self.sent_to or self.path, body, {n: v for n, v in headers.items() if v})


@pytest.fixture
def letter(country: Country) -> Letter:
    """Chofu's permitted question, ready to be signed."""
    return Letter(country.chofu, json.dumps(country.inquiry()).encode())


def assert_refused(answer: Answered, kind: str = "invalid-signature", detail: str = "") -> None:
    assert (answer.status, answer.kind) == (400 if kind == "digest-mismatch" else 401, kind), answer.text
    assert detail in answer.json["detail"]
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="agencies"')
    assert record_count() == 0


def test_a_signed_question_is_answered(letter: Letter) -> None:
    assert letter.post().status == 200


def test_components_may_come_in_another_order_and_more_may_be_signed(letter: Letter) -> None:
    covered = ('"content-length"', *reversed(SIGNED))
    headers = {"content-length": str(len(letter.body))}
    assert letter.but(covered=covered, headers=headers).post().status == 200


# --- no signature, or another ---


def test_without_a_signature(country: Country) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {country.chofu.token()}"}
    answer = country.chofu.send("POST", PATH, json.dumps(country.inquiry()).encode(), headers)
    assert_refused(answer, "no-signature")
    assert answer.headers["Accept-Signature"] == (
        'mynx=("@method" "@target-uri" "content-type" "content-digest" "authorization")'
        ';created;expires;nonce;keyid;tag="mynx-1"'
    )


@pytest.mark.parametrize("name", ["signature", "signature_input"])
def test_half_a_signature(letter: Letter, name: str) -> None:
    assert_refused(letter.post(**{name: ""}), "no-signature")


@pytest.mark.parametrize("tag", ["mynx-2", "MYNX-1", "", None])
def test_the_wrong_tag(letter: Letter, tag: str | None) -> None:
    assert_refused(letter.but(parameters={"tag": tag}).post(), detail="the tag mynx-1")


def test_the_wrong_label(letter: Letter) -> None:
    assert_refused(letter.but(label="sig1").post(), detail="the label mynx")


@pytest.mark.parametrize("missing", SIGNED)
def test_a_missing_component(letter: Letter, missing: str) -> None:
    covered = tuple(name for name in SIGNED if name != missing)
    assert_refused(letter.but(covered=covered).post(), detail="does not cover every component")


def test_evidence_that_is_not_covered(letter: Letter) -> None:
    unsigned = letter.but(headers={"mynx-evidence": letter.side.evidence()})
    assert_refused(unsigned.post(), detail="does not cover every component")


def test_a_component_that_says_something_else(letter: Letter) -> None:
    """`"content-digest";key="sha-256"` is another component than the whole header."""
    covered = (*(name for name in SIGNED if name != '"content-digest"'), '"content-digest";key="sha-256"')
    assert_refused(letter.but(covered=covered).post(), detail="does not cover every component")


@pytest.mark.parametrize("covered", [(*SIGNED, '"@status"'), (*SIGNED, '"x-none"'), (*SIGNED, SIGNED[0])])
def test_components_that_a_request_cannot_have(letter: Letter, covered: tuple[str, ...]) -> None:
    made = letter.signed()
    made["signature-input"] = made["signature-input"].replace(" ".join(SIGNED), " ".join(covered))
    assert_refused(letter.side.send("POST", PATH, letter.body, made))


def test_a_reordered_signature_input(letter: Letter) -> None:
    made = letter.signed()
    made["signature-input"] = made["signature-input"].replace(" ".join(SIGNED), " ".join(reversed(SIGNED)))
    assert_refused(letter.side.send("POST", PATH, letter.body, made), detail="does not fit")


# --- times ---


@pytest.mark.parametrize(("ahead", "accepted"), [(-50, True), (-61, False), (4, True), (7, False), (3600, False)])
def test_clocks_may_differ_by_a_little(letter: Letter, ahead: int, accepted: bool) -> None:
    created = int(timezone.now().timestamp()) + ahead
    answer = letter.but(parameters={"created": created, "expires": created + 60}).post()
    if accepted:
        assert answer.status == 200
    else:
        assert_refused(answer, detail="check your clock")


@pytest.mark.parametrize("life", [61, 3600, 0, -1])
def test_a_signature_lives_for_a_minute_at_most(letter: Letter, life: int) -> None:
    now = int(timezone.now().timestamp())
    assert_refused(letter.but(parameters={"created": now, "expires": now + life}).post())


@pytest.mark.parametrize("name", ["created", "expires", "nonce", "keyid"])
def test_a_missing_parameter(letter: Letter, name: str) -> None:
    assert_refused(letter.but(parameters={name: None}).post(), detail=name)


@pytest.mark.parametrize(
    "parameters",
    [{"created": "now"}, {"expires": "soon"}, {"nonce": 5}, {"nonce": ""}, {"nonce": "x" * 129}, {"keyid": 5}],
)
def test_a_parameter_of_another_kind(letter: Letter, parameters: dict[str, Any]) -> None:
    assert_refused(letter.but(parameters=parameters).post())


def test_an_expired_signature(letter: Letter) -> None:
    now = int(timezone.now().timestamp())
    assert_refused(letter.but(parameters={"created": now - 30, "expires": now - 1}).post(), detail="has expired")


# --- once ---


def test_a_replayed_request(letter: Letter) -> None:
    made = letter.signed()
    assert letter.side.send("POST", PATH, letter.body, made).status == 200
    before = record_count()
    answer = letter.side.send("POST", PATH, letter.body, made)
    assert (answer.status, answer.kind, record_count()) == (401, "used-signature", before)


def test_a_replayed_nonce_under_a_new_signature(letter: Letter) -> None:
    once = letter.but(parameters={"nonce": "n-1"})
    assert once.post().status == 200
    assert once.post().kind == "used-signature"


def test_two_clients_may_use_one_nonce(country: Country) -> None:
    for side in (country.chofu, country.mitaka):
        assert Letter(side, b"{}", COLLECT, parameters={"nonce": "n-1"}).post().status == 200


def test_a_bad_signature_uses_no_nonce_up(letter: Letter) -> None:
    mine = letter.but(parameters={"nonce": "n-1"})
    assert_refused(mine.but(key=OKPKey.generate_key("Ed25519")).post())
    assert_refused(mine.but(sent_body=b"{}").post(), "digest-mismatch")
    assert mine.post().status == 200


def test_a_nonce_is_kept_until_its_signature_has_expired(letter: Letter) -> None:
    letter.but(parameters={"nonce": "visible-nonce"}).post()
    kept = UsedOnce.objects.order_by("-pk")[0]
    assert b"visible-nonce" not in bytes(kept.hash)
    assert kept.expires_at - timezone.now() > timedelta(seconds=60)


# --- whose ---


def test_another_agencys_key(country: Country, letter: Letter) -> None:
    assert_refused(letter.but(key=country.mitaka.key).post(), detail="does not fit")


def test_a_stolen_token_is_worth_nothing_without_its_key(country: Country, letter: Letter) -> None:
    """Mitaka has Chofu's token, signs with its own key, and says so."""
    stolen = {"authorization": f"Bearer {country.chofu.token()}"}
    keyid = str(country.mitaka.client.client_id)
    assert_refused(
        letter.but(key=country.mitaka.key, headers=stolen, parameters={"keyid": keyid}).post(), detail="keyid"
    )
    assert_refused(letter.but(key=country.mitaka.key, headers=stolen).post())


def test_a_token_stops_with_its_key(country: Country, letter: Letter) -> None:
    made = letter.signed()
    other = OKPKey.generate_key("Ed25519").as_dict(private=False)
    ApiClient.objects.filter(pk=country.chofu.client.pk).update(jwk=other)
    assert_refused(country.chofu.send("POST", PATH, letter.body, made), "invalid-token", "another key")


def test_another_algorithm_is_named(letter: Letter) -> None:
    for algorithm in ("ecdsa-p256-sha256", "hmac-sha256", "none"):
        assert_refused(letter.but(parameters={"alg": algorithm}).post(), detail="algorithm")


def test_both_kinds_of_key_sign(country: Country, letter: Letter) -> None:
    side = new_side(CHOFU, key=ECKey.generate_key("P-256"))
    body = json.dumps(country.inquiry(code=side.printed_code_for(country.hanako))).encode()
    assert Letter(side, body).post().status == 200
    assert Letter(side, body, parameters={"alg": "ecdsa-p256-sha256"}).post().status == 200
    assert letter.but(parameters={"alg": "ed25519"}).post().status == 200


def test_a_der_signature_is_not_one(country: Country) -> None:
    side = new_side(CHOFU, key=ECKey.generate_key("P-256"))
    letter = Letter(side, b"{}", COLLECT)
    made = letter.signed()
    raw = base64.b64decode(made["signature"].removeprefix("mynx=:"))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    made["signature"] = f"mynx=:{base64.b64encode(der).decode()}:"
    assert_refused(side.send("POST", COLLECT, b"{}", made))


# --- what was signed is what arrives ---


def test_a_swapped_body(letter: Letter) -> None:
    other = letter.body.replace(b"CA-2026-0417", b"CA-2026-0418")
    assert_refused(letter.but(sent_body=other).post(), "digest-mismatch")
    assert_refused(letter.but(sent_body=other).post(content_digest=content_digest(other)), detail="does not fit")


def test_a_request_for_another_address(letter: Letter) -> None:
    for path in ("/api/v1/notices", f"{PATH}?x=1"):
        assert_refused(letter.but(sent_to=path).post(), detail="does not fit")
    made = letter.but(path="/api/v1/notices").signed()
    assert_refused(letter.side.send("POST", PATH, letter.body, made), detail="does not fit")


def test_another_host_is_another_address(letter: Letter) -> None:
    """What counts is the public address, not what the header Host says."""
    made = letter.signed()
    assert letter.side.send("POST", PATH, letter.body, made | {"host": "localhost"}).status == 200


def test_another_token_than_the_signed_one(letter: Letter) -> None:
    assert_refused(letter.post(authorization=f"Bearer {letter.side.token()}"), detail="does not fit")


@pytest.mark.parametrize(
    "digest",
    [
        f"sha-512=:{base64.b64encode(hashlib.sha512(b'{}').digest()).decode()}:",
        "sha-256=:AAAA:",
        "sha-256=deadbeef",
        "md5=:AAAA:",
        "nonsense",
        content_digest(b"{}") + ", md5=:AAAA:",
    ],
)
def test_a_digest_of_another_kind(country: Country, digest: str) -> None:
    assert_refused(Letter(country.chofu, b"{}", COLLECT, headers={"content-digest": digest}).post(), "digest-mismatch")


def test_a_second_digest_may_stand_beside(country: Country) -> None:
    both = f"{content_digest(b'{}')}, sha-512=:{base64.b64encode(hashlib.sha512(b'{}').digest()).decode()}:"
    assert Letter(country.chofu, b"{}", COLLECT, headers={"content-digest": both}).post().status == 200


def test_an_empty_body_is_signed_too(country: Country) -> None:
    empty = Letter(country.chofu, b"", COLLECT)
    answer = empty.post()
    assert (answer.status, answer.kind) == (400, "malformed-json")
    assert_refused(empty.post(content_digest=""), detail="header that the request does not have")
    assert_refused(empty.but(headers={"content-digest": content_digest(b"{}")}).post(), "digest-mismatch")


def test_ten_megabytes_are_refused_by_who_signed_them(country: Country) -> None:
    body = b'{"code": "' + b"x" * 10_000_000 + b'"}'
    answer = Letter(country.chofu, body).post()
    assert (answer.status, answer.kind) == (413, "too-large")


def test_ten_megabytes_of_nobody_are_not_even_read(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*args: Any) -> bytes:
        raise AssertionError

    monkeypatch.setattr("api.authentication._body", read)
    assert_refused(Letter(country.chofu, b"x" * 10_000_000, key=country.mitaka.key).post())


DOUBLED: dict[str, Callable[[str], str]] = {
    "signature": lambda value: f"{value},{value}",
    "signature-input": lambda value: f"{value}, {value}",
    "content-digest": lambda value: f"{value}, {value}",
    "authorization": lambda value: f"{value},{value}",
    "content-type": lambda value: f"{value},{value}",
    "mynx-evidence": lambda value: f"{value},{value}",
}


@pytest.mark.parametrize("name", DOUBLED)
def test_a_header_that_comes_twice(letter: Letter, name: str) -> None:
    """Servers join equal headers with a comma; that is how they arrive here."""
    evidence = letter.side.evidence()
    whole = letter.but(headers={"mynx-evidence": evidence}, covered=(*SIGNED, '"mynx-evidence"'))
    made = whole.signed()
    answer = letter.side.send("POST", PATH, letter.body, made | {name: DOUBLED[name](made[name])})
    assert answer.status == 401
    assert record_count() == 0
    assert whole.post().status == 200


@pytest.mark.parametrize("name", ["content-digest", "mynx-evidence"])
def test_a_header_that_was_signed_twice(letter: Letter, name: str) -> None:
    headers = {"mynx-evidence": letter.side.evidence(), "content-digest": content_digest(letter.body)}
    headers[name] = DOUBLED[name](headers[name])
    answer = letter.but(headers=headers, covered=(*SIGNED, '"mynx-evidence"')).post()
    assert (answer.status, record_count()) == (400, 0)


def test_a_proxys_own_signature_may_stand_beside(letter: Letter) -> None:
    made = letter.signed()
    made["signature-input"] += ', proxy=("@method");created=1;keyid="p";tag="other"'
    made["signature"] += ", proxy=:AAAA:"
    assert letter.side.send("POST", PATH, letter.body, made).status == 200


@pytest.mark.parametrize(
    ("signature", "signature_input"),
    [
        ("nonsense", None),
        (None, "nonsense"),
        ("mynx=:AAAA:", None),
        ("mynx=5", None),
        (None, "mynx=5"),
        (None, 'mynx=("@method"'),
        (None, "mynx=();created=99999999999999999999"),
        ("mynx=::", None),
        ("é", None),
        ("other=:AAAA:", None),
        ("x" * 5000, "y" * 5000),
    ],
)
def test_a_signature_that_cannot_be_read(
    letter: Letter, signature: str | None, signature_input: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    made = letter.signed()
    made["signature"] = signature or made["signature"]
    made["signature-input"] = signature_input or made["signature-input"]
    answer = letter.side.send("POST", PATH, letter.body, made)
    assert_refused(answer)
    for secret in (made["signature"], made["signature-input"], made["authorization"]):
        assert secret not in answer.text + caplog.text


SCRAPS = [
    "mynx",
    "=",
    "(",
    ")",
    '"',
    ";",
    ",",
    ":",
    "created",
    "=1",
    "@method",
    " ",
    "\t",
    "\\",
    "é",
    "\x7f",
    "?1",
    "%",
    "sig",
]


@pytest.mark.soak
@given(data=st.data())
@settings(
    max_examples=scaled(2_000),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_written_into_the_headers_is_refused(letter: Letter, made: dict[str, str], data: Any) -> None:
    """Pieces cut out of and put into good headers of a good request: never a failure, never an answer."""
    name = data.draw(st.sampled_from(["signature", "signature-input", "content-digest", "authorization"]))
    good = made[name]
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(good))] * 2)))
    value = good[:begin] + "".join(data.draw(st.lists(st.sampled_from(SCRAPS), max_size=4))) + good[end:]
    # White space between the parts, and parameters of a signature's own, mean nothing (RFC 9651).
    assume("".join(value.split()) != "".join(good.split()))
    assume(not (name == "signature" and value.startswith(good)))
    answer = letter.side.send("POST", PATH, letter.body, made | {name: value})
    assert (answer.status, record_count()) == (401, 0), value


@pytest.fixture
def made(letter: Letter) -> dict[str, str]:
    """The headers of one good request, which is never sent as it is."""
    return letter.signed()

"""The agencies' own sides: clients with keys that only they hold, their codes for persons, and calls by HTTP."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey
from joserfc.jws import JWSRegistry

from agencies import clients, registry
from agencies.models import Agency, ApiClient
from codes import blind, proofs, rist1
from codes.rist1 import Code, format_code
from exchange import conversion, records
from exchange.models import AccessRecord
from exchange.records import Record
from holdings import copies
from holdings.periods import Period
from mynx import keys, signatures

ORIGIN = "http://127.0.0.1:8000"
AUDIENCE = f"{ORIGIN}/api/oauth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CHOFU, MITAKA, PENSION_SERVICE = "132080", "132047", "900019"

CHILD_ALLOWANCE, NURSERY, PUBLIC_ASSISTANCE = "JM90000000000001", "JM90000000000020", "JM90000000000016"
LOCAL_TAX, INTRACTABLE_DISEASE = "TM00000000000002", "TM00000000000082"
TOTAL_INCOME, SALARY, PROPERTY_TAX = "0200000010", "0200000020", "0200000070"
INCOME = "3120457"

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


@dataclass
class Answered:
    """One HTTP answer, read."""

    status: int
    json: dict[str, Any]
    headers: Any
    text: str

    @property
    def kind(self) -> str:
        """The last part of a problem's type."""
        return str(self.json["type"]).rpartition("/")[2]


@dataclass
class Side:
    """One agency's system."""

    agency: Agency
    client: ApiClient
    key: OKPKey | ECKey
    code_key: bytes
    algorithm: str = "Ed25519"
    web: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def assertion(self, *, at: datetime | None = None, key: Any = None, algorithm: str = "", **changes: Any) -> str:
        """A client assertion; `changes` replace claims, None leaves one out."""
        now = int((at or timezone.now()).timestamp())
        client_id = str(self.client.client_id)
        claims = {"iss": client_id, "sub": client_id, "aud": AUDIENCE, "iat": now, "exp": now + 50}
        claims |= {"jti": secrets.token_urlsafe(16)} | changes
        chosen = algorithm or self.algorithm
        return jwt.encode(
            {"alg": chosen},
            {name: value for name, value in claims.items() if value is not None},
            key or self.key,
            registry=JWSRegistry(algorithms=[chosen]),
        )

    def ask_token(self, **changes: Any) -> Answered:
        """The token address; `changes` replace form parameters, None leaves one out."""
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        form |= {"client_assertion": self.assertion()} | changes
        body = urlencode({name: value for name, value in form.items() if value is not None}, doseq=True)
        return self._read(self.web.post("/api/oauth/token", body, content_type="application/x-www-form-urlencoded"))

    def token(self) -> str:
        return str(self.ask_token().json["access_token"])

    def post(self, path: str, body: Any, *, token: str | None = None, **headers: Any) -> Answered:
        """A signed POST with a fresh token, or with the given one; "" sends none. Bytes are sent as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        token = self.token() if token is None else token
        if token:
            headers.setdefault("Authorization", f"Bearer {token}")
        kind = headers.pop("content_type", "application/json")
        signed = self.signed("POST", path, data, {"Content-Type": kind, **headers})
        return self.send("POST", path, data, signed)

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Exactly these headers, with nothing added."""
        return self._read(self.web.generic(method, path, body, headers=headers))

    def signed(
        self, method: str, path: str, body: bytes, headers: dict[str, str], *, key: Any = None, **changes: Any
    ) -> dict[str, str]:
        """The headers with Content-Digest and a signature by profile mynx-1. What cannot be signed stays unsigned."""
        headers = {"Content-Digest": signatures.content_digest(body)} | headers
        lower = {name.lower(): value for name, value in headers.items()}
        request = signatures.Request(method, ORIGIN + path, lower)
        jwk = (key or self.key).as_dict(private=True)
        changes = {"at": timezone.now().timestamp(), "keyid": str(self.client.client_id)} | changes
        try:
            return headers | signatures.sign_request(request, key=jwk, **changes)
        except (signatures.NotGenuine, UnicodeEncodeError):
            return headers

    def evidence(self, *, key: Any = None, kind: str = "mynx-evidence+jwt", **changes: Any) -> str:
        """A statement about the clerk and the case; `changes` replace claims, None leaves one out."""
        now = int(timezone.now().timestamp())
        claims = {"iss": str(self.client.client_id), "aud": f"{ORIGIN}/api/", "iat": now, "exp": now + 50}
        claims |= {"clerk": "K-7f3a", "section": "kosodate", "case_number": "CA-2026-0417", "row": "I01", "txn": "T-1"}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return keys.statement(claims, (key or self.key).as_dict(private=True), kind=kind)

    def code_for(self, point: bytes) -> Code:
        """This agency's code for the person with this point, issued and opened as it would be."""
        blinded = rist1.blind(point, rist1.public_key(self.code_key))
        issued = conversion.issue(blinded=blinded, agency=self.agency)
        return Code(rist1.unblind(issued, self.code_key), conversion.current_epoch(self.agency))

    def printed_code_for(self, point: bytes) -> str:
        return format_code(self.code_for(point))

    def own_key(self, *, private_key: bytes = b"") -> dict[str, str]:
        """The registration of this side's key for codes, or of another that it has."""
        private_key = private_key or self.code_key
        proof = proofs.prove_possession(private_key, owner=self.agency.local_code)
        return {"public_key": keys.to_text(rist1.public_key(private_key)), "proof": keys.to_text(proof)}

    @staticmethod
    def _read(response: Any) -> Answered:
        text = response.content.decode()
        return Answered(response.status_code, json.loads(text) if text else {}, response.headers, text)


@dataclass
class Country:
    """Chofu asks, Mitaka holds Hanako's income, Kenji is someone of whom Mitaka holds nothing."""

    chofu: Side
    mitaka: Side
    hanako: bytes
    kenji: bytes

    def inquiry(self, **changes: Any) -> dict[str, Any]:
        """Chofu's permitted question; `changes` replace fields, None leaves one out."""
        body = {
            "code": self.chofu.printed_code_for(self.hanako),
            "provider": MITAKA,
            "affair": CHILD_ALLOWANCE,
            "data_set": LOCAL_TAX,
            "items": [TOTAL_INCOME, SALARY],
            "condition": {"fiscal_year": 2026},
            "case_number": "CA-2026-0417",
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def blind_inquiry(self, *, person: bytes = b"", number: uuid.UUID | None = None, **changes: Any) -> dict[str, Any]:
        """The same question with the code hidden, under a new transaction number or the given one."""
        code, number = self.chofu.code_for(person or self.hanako), number or uuid.uuid4()
        provider = Agency.objects.get(local_code=changes.get("provider", MITAKA))
        question = blind.ask(
            code.value,
            keys=blind.Keys(
                bytes(provider.code_public_key or b""), bytes(Agency.objects.portal().code_public_key or b"")
            ),
            transaction=blind.transaction_of(
                inquirer=self.chofu.agency.local_code,
                epoch=code.epoch,
                provider=provider.local_code,
                number=number.bytes,
            ),
        )
        hidden = {name: keys.to_text(part) for name, part in question._asdict().items()}
        return self.inquiry(code=None) | {"question": hidden, "epoch": code.epoch, "transaction": str(number)} | changes

    def notice(self, **changes: Any) -> dict[str, Any]:
        body = {
            "code": self.chofu.printed_code_for(self.hanako),
            "affair": CHILD_ALLOWANCE,
            "reference": "CA-2026-0417-1",
            "subject": "児童手当 認定通知書",
            "body": "認定しました。\nくわしくは添付をご覧ください。",
            "documents": [{"name": "認定通知書.pdf", "content": base64.b64encode(PDF).decode()}],
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def charge(self, **changes: Any) -> dict[str, Any]:
        body = {
            "code": self.chofu.printed_code_for(self.hanako),
            "affair": NURSERY,
            "reference": "NF-2026-12",
            "title": "保育料 12月分",
            "amount": 18500,
            "due_on": "2026-12-28",
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def copy(self, **changes: Any) -> dict[str, Any]:
        """Chofu's copy of Hanako's local tax; `changes` replace fields, None leaves one out."""
        body = {
            "code": self.chofu.printed_code_for(self.hanako),
            "data_set": LOCAL_TAX,
            "layout_version": 1,
            "period": {"fiscal_year": 2026},
            "items": tax_items(),
            "reference": "T-1",
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def copy_run(self, *copies: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Chofu's run of these copies, or of one."""
        return {"kind": "INITIAL", "copies": list(copies) or [self.copy()]} | changes

    def withdrawal(self, **changes: Any) -> dict[str, Any]:
        body = {
            "code": self.chofu.printed_code_for(self.hanako),
            "data_set": LOCAL_TAX,
            "period": {"fiscal_year": 2026},
            "reason": "WRONG_PERSON",
        }
        return body | changes

    def stop(self, **changes: Any) -> dict[str, Any]:
        body = {"data_set": LOCAL_TAX, "code": self.chofu.printed_code_for(self.hanako), "reason": "REPORTED"} | changes
        return {name: value for name, value in body.items() if value is not None}

    def portal_code_of(self, point: bytes) -> Code:
        return conversion.convert(
            code=self.chofu.code_for(point), source=self.chofu.agency, target=Agency.objects.portal()
        )

    def records_of(self, point: bytes, *, at: datetime | None = None) -> list[Record]:
        """What the person reads about herself, newest first."""
        return records.of_citizen(portal_code=self.portal_code_of(point), at=at or timezone.now())


def new_side(local_code: str, *, key: OKPKey | ECKey | None = None) -> Side:
    key = key or OKPKey.generate_key("Ed25519")
    code_key = rist1.new_scalar()
    agency = Agency.objects.get(local_code=local_code)
    registry.register_own_key(agency=agency, private_key=code_key)
    client = clients.register(agency=agency, jwk=key.as_dict(private=False))
    return Side(agency, client, key, code_key, "Ed25519" if isinstance(key, OKPKey) else "ES256")


def new_country() -> Country:
    registry.load()
    country = Country(chofu=new_side(CHOFU), mitaka=new_side(MITAKA), hanako=new_point(), kenji=new_point())
    copies.register(
        agency=MITAKA,
        code=country.mitaka.code_for(country.hanako),
        data_set=LOCAL_TAX,
        period=Period(fiscal_year=2026),
        items={TOTAL_INCOME: {"value": INCOME}, SALARY: {"null_reason": "NOT_APPLICABLE"}},
        at=timezone.now() - timedelta(days=1),
    )
    return country


def tax_items(income: str = INCOME, **changes: Any) -> dict[str, Any]:
    """Every item of the local tax layout; changes by the last two digits of the item, as i20={...}."""
    items: dict[str, Any] = {f"02000000{number}0": {"null_reason": "NOT_APPLICABLE"} for number in range(1, 8)}
    items[TOTAL_INCOME] = {"value": income}
    return items | {f"02000000{name[1:]}": content for name, content in changes.items()}


def new_point() -> bytes:
    return rist1.person_point(secrets.token_bytes(32))


def record_count() -> int:
    return AccessRecord.objects.count()

"""The agencies' own sides, as their systems would have them: a client, keys, and a list of people with their codes.

Each lies under `var/agencies/<local code>/`, for its owner only. Codes are collected and opened here with the agency's
private key, as its system does over the API. That key is deposited where its copies lie too, so that they can be asked
for blind.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from agencies.models import Agency, ApiClient
from codes import rist1
from codes.rist1 import Code, format_code, parse_code
from exchange import code_issue, trust

_BATCH = 500


@dataclass(slots=True)
class Row:
    """A person in the agency's own list. The code is empty until it was collected."""

    local_id: str
    name: str
    kana: str
    birth_date: str
    code: str = ""

    def parsed_code(self) -> Code:
        return parse_code(self.code)

    def __repr__(self) -> str:
        return "<Row>"


def directory_of(agency: str) -> Path:
    return Path(settings.AGENCIES_DIR) / agency


def found(agency: Agency, *, at: datetime) -> None:
    """Give the agency its key pair for codes, which it deposits, and an API client. Again changes nothing."""
    directory = directory_of(agency.local_code)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_key = _code_key(directory)
    trust.register_own_key(agency=agency, private_key=private_key, at=at)
    trust.deposit_code_key(agency=agency, private_key=private_key, at=at)
    _client(agency, directory, at)


def client_of(agency: str) -> dict[str, object]:
    """The agency's client: id, token endpoint, private JWK."""
    content: dict[str, object] = json.loads((directory_of(agency) / "client.json").read_text())
    return content


def point_to(origin: str) -> None:
    """Tell every agency's client under which address the service is today."""
    for path in Path(settings.AGENCIES_DIR).glob("*/client.json"):
        content = json.loads(path.read_text())
        endpoint = f"{origin}/api/oauth/token"
        if content["token_endpoint"] != endpoint:
            _write(path, json.dumps({**content, "token_endpoint": endpoint}, indent=2) + "\n")


def people(agency: str) -> dict[str, Row]:
    """The agency's list by its own ids."""
    path = directory_of(agency) / "people.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {line["local_id"]: Row(**line) for line in csv.DictReader(file)}


def keep(agency: str, rows: dict[str, Row]) -> None:
    """Write the list, in an order that tells nothing."""
    lines = [asdict(row) for row in rows.values()]
    secrets.SystemRandom().shuffle(lines)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["local_id", "name", "kana", "birth_date", "code"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    _write(directory_of(agency) / "people.csv", text.getvalue())


def collect(agency: Agency) -> int:
    """Fetch the codes that wait, open them with the agency's key, store them, and only then confirm. Returns how many.

    A kill before the confirmation means that they are fetched again, and nothing else.
    """
    private_key = _code_key(directory_of(agency.local_code))
    rows = people(agency.local_code)
    count = 0
    while offered := code_issue.collect(agency=agency, limit=_BATCH):
        for offer in offered:
            row = rows.setdefault(offer.local_id, Row(offer.local_id, "", "", ""))
            row.code = format_code(Code(rist1.unblind(offer.code, private_key), offer.epoch))
        keep(agency.local_code, rows)
        count += code_issue.confirm(agency=agency, acquisitions=[offer.acquisition for offer in offered])
    return count


def _code_key(directory: Path) -> bytes:
    path = directory / "code_key.json"
    if not path.exists():
        key = rist1.new_scalar()
        _write(path, json.dumps({"scheme": "rist1", "private_key": _base64url(key)}, indent=2) + "\n")
    return _from_base64url(json.loads(path.read_text())["private_key"])


def _client(agency: Agency, directory: Path, at: datetime) -> None:
    path = directory / "client.json"
    content = json.loads(path.read_text()) if path.exists() else {"private_jwk": _new_jwk()}
    known = ApiClient.objects.filter(agency=agency, client_id=content.get("client_id")).exists()
    if known:
        return
    # The key is on disk before the client exists, so that a client without its key can never be left behind.
    _write(path, json.dumps(content, indent=2) + "\n")
    public = {name: value for name, value in content["private_jwk"].items() if name != "d"}
    client = next((c for c in ApiClient.objects.filter(agency=agency) if c.jwk.get("x") == public["x"]), None)
    client = client or trust.add_client(agency=agency, jwk=public, at=at)
    endpoint = f"{settings.PORTAL_ORIGIN}/api/oauth/token"
    whole = {"client_id": str(client.client_id), "token_endpoint": endpoint, "private_jwk": content["private_jwk"]}
    _write(path, json.dumps(whole, indent=2) + "\n")


def _new_jwk() -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    coordinates = {"x": numbers.public_numbers.x, "y": numbers.public_numbers.y, "d": numbers.private_value}
    parts = {name: _base64url(value.to_bytes(32, "big")) for name, value in coordinates.items()}
    return {"kty": "EC", "crv": "P-256", **parts}


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def _from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

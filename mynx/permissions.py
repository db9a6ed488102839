"""The permission table on the agency's side: fetched, verified, kept, and asked by a provider before it answers.

`permissions.json` holds the statement as the service signed it. A newer one replaces it; an older one never does, and
one that has expired permits nothing: then `mynx permissions --pin` fetches the table again.

    is_permitted(agency, inquirer="132080", provider="132047", affair=…, data_set=…, items=[…])
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from mynx import keys
from mynx.agency import Agency, Unusable
from mynx.client import NotReached, Service
from mynx.signatures import NotGenuine

PATH = "/api/permissions"
FILE = "permissions.json"
KIND = "mynx-permissions+jws"
FORMAT = "mynaportal-permissions/1"
# A clock that runs a little behind the service's must not refuse what was signed just now.
_AHEAD = timedelta(seconds=60)
_JAPAN = timezone(timedelta(hours=9))

NO_ROW, NO_ASSESSMENT, OTHER_ITEM = "2001", "2002", "2003"


class NotPermitted(Exception):
    """The table does not permit it. `outcome` is the result code of the refusal."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class Table:
    """A table whose signature was right."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        if content.get("format") != FORMAT:
            raise NotGenuine("This is not a permission table of a form that is known here.")
        self.version: int = content["version"]
        self.issued_at = datetime.fromisoformat(content["issued_at"])
        self.expires_at = datetime.fromisoformat(content["expires_at"])
        self.agencies: dict[str, dict[str, Any]] = {entry["local_code"]: entry for entry in content["agencies"]}
        self.rows: list[dict[str, Any]] = content["rows"]

    def is_current(self, at: datetime) -> bool:
        """Whether it may be relied on at that moment."""
        return self.issued_at <= at + _AHEAD and at < self.expires_at

    def row(
        self,
        *,
        inquirer: str,
        provider: str,
        affair: str,
        data_set: str,
        items: Sequence[str],
        on: date,
        kind: str = "INQUIRY",
    ) -> str:
        """The row that permits it on that day. The parties are named by their local codes. Raises NotPermitted."""
        asks, answers = self.agencies.get(inquirer), self.agencies.get(provider)
        if asks is None or answers is None or not (asks["is_active"] and answers["is_active"]):
            raise NotPermitted(NO_ROW)
        if kind == "INQUIRY" and inquirer == provider:
            raise NotPermitted(NO_ROW)
        rows = [
            row
            for row in self.rows
            if (row["kind"], row["affair"], row["data_set"]) == (kind, affair, data_set)
            and row["requester_kind"] in (asks["kind"], inquirer)
            and row["provider_kind"] == answers["kind"]
            and row["valid_from"] <= on.isoformat() <= (row["valid_to"] or "9999-12-31")
        ]
        if not rows:
            raise NotPermitted(NO_ROW)
        if any((party["assessment_until"] or "") < on.isoformat() for party in (asks, answers)):
            raise NotPermitted(NO_ASSESSMENT)
        for row in rows:
            if set(items) <= set(row["items"]) and (items or not row["items"]):
                return str(row["row"])
        raise NotPermitted(OTHER_ITEM)


def fetch(service: Service, *, at: datetime | None = None) -> tuple[Table, dict[str, str]]:
    """The table as published now, verified, with the statement that it stands in. Raises NotGenuine, NotReached."""
    status, _, text = service.send("GET", PATH, b"", {})
    if status != 200:
        raise NotReached(f"{service.reached_at} publishes no permission table (status {status}).")
    try:
        statement = json.loads(text)
        table = verified(statement, service_keys=service.agency.pinned_keys() or service.published_keys())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotGenuine("The permission table cannot be read.") from None
    if not table.is_current(at or datetime.now(UTC)):
        raise NotGenuine("The permission table that is published is not of today: check your clock.")
    earlier = _kept(service.agency)
    if earlier and (table.version, table.issued_at) < (earlier.version, earlier.issued_at):
        raise NotGenuine(f"The permission table has gone back: version {table.version}, but {earlier.version} is kept.")
    return table, statement


def keep(agency: Agency, statement: Mapping[str, str]) -> None:
    agency.keep(FILE, statement)


def verified(statement: Mapping[str, str], *, service_keys: Iterable[Mapping[str, Any]]) -> Table:
    """The table in a statement (RFC 7515, flattened JSON) that one of the keys signed. Raises NotGenuine."""
    header = json.loads(keys.to_bytes(statement["protected"]))
    if header.get("typ") != KIND or header.get("alg") not in {"Ed25519", "EdDSA"} or "crit" in header:
        raise NotGenuine("The permission table is not signed as a permission table.")
    signed = f"{statement['protected']}.{statement['payload']}".encode()
    signature = keys.to_bytes(statement["signature"])
    named = [key for key in service_keys if key.get("kid") == header.get("kid") and keys.is_ed25519(key)]
    if not any(keys.verifies(key, signature, signed) for key in named):
        raise NotGenuine("The permission table is not signed by a key that is believed here.")
    return Table(json.loads(keys.to_bytes(statement["payload"])))


def current(agency: Agency, *, at: datetime | None = None) -> Table:
    """The table that is kept, if it may be relied on now. Raises Unusable."""
    table = _kept(agency)
    if table is None:
        raise Unusable("No permission table is kept here: `mynx permissions --pin` fetches it.")
    if not table.is_current(at or datetime.now(UTC)):
        raise Unusable("The permission table that is kept has expired: `mynx permissions --pin` fetches a newer one.")
    return table


def is_permitted(
    agency: Agency,
    *,
    inquirer: str,
    provider: str,
    affair: str,
    data_set: str,
    items: Sequence[str],
    at: datetime | None = None,
) -> bool:
    """Whether the table that is kept permits this inquiry today (in Japan). Raises Unusable: then answer nothing."""
    now = at or datetime.now(UTC)
    question = {"inquirer": inquirer, "provider": provider, "affair": affair, "data_set": data_set}
    try:
        current(agency, at=now).row(**question, items=items, on=now.astimezone(_JAPAN).date())
    except NotPermitted:
        return False
    return True


def _kept(agency: Agency) -> Table | None:
    statement = agency.kept(FILE)
    if statement is None:
        return None
    try:
        return Table(json.loads(keys.to_bytes(statement["payload"])))
    except (ValueError, KeyError, TypeError, NotGenuine):
        raise Unusable(f"{agency.directory / FILE} is damaged.") from None

"""The permission table on the agency's side: fetched, verified, kept, and asked by a provider before it answers.

`permissions.json` holds the statement as the service signed it. A newer one replaces it; an older one never does, and
one that has expired permits nothing: then `mynx permissions --pin` fetches the table again. `mynx serve` does so by
itself (`Watch`).

    is_permitted(agency, inquirer="132080", provider="132047", affair=…, data_set=…, items=[…])
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from http.client import HTTPException
from typing import Any

from mynx import keys
from mynx.agency import Agency, Unusable
from mynx.client import NotReached, Service
from mynx.provider import Question
from mynx.signatures import NotGenuine

PATH = "/api/permissions"
FILE = "permissions.json"
KIND = "mynx-permissions+jws"
FORMAT = "mynaportal-permissions/1"
# A clock that runs a little behind the service's must not refuse what was signed just now.
_AHEAD = timedelta(seconds=60)
_JAPAN = timezone(timedelta(hours=9))
# A table lives for a day: it is fetched long before it expires, and again soon where that failed.
RENEWED_AFTER_SECONDS, TRIED_AGAIN_AFTER_SECONDS = 3600.0, 60.0
_PROVIDING = ("INQUIRY", "SELF")

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

    def check(
        self,
        *,
        row: str,
        inquirer: str,
        provider: str,
        data_set: str,
        items: Sequence[str],
        on: date,
        on_behalf_of: str = "",
    ) -> None:
        """That this very row permits it on that day. Raises NotPermitted.

        An empty `inquirer` is one that a provider is not told: then only what concerns the provider can be checked.
        `on_behalf_of` is whose affair it is, and whose row; that it was delegated does not stand in the table.
        """
        parties = [self.agencies.get(code) for code in (provider, inquirer, on_behalf_of) if code]
        found = next((each for each in self.rows if each["row"] == row and each["kind"] in _PROVIDING), None)
        if found is None or not all(party and party["is_active"] for party in parties):
            raise NotPermitted(NO_ROW)
        owner = on_behalf_of or inquirer
        fits = (
            found["data_set"] == data_set
            and found["provider_kind"] == self.agencies[provider]["kind"]
            and (not owner or found["requester_kind"] in (self.agencies[owner]["kind"], owner))
            and found["valid_from"] <= on.isoformat() <= (found["valid_to"] or "9999-12-31")
        )
        if not fits or (found["kind"] == "INQUIRY" and inquirer == provider):
            raise NotPermitted(NO_ROW)
        if any(((party or {})["assessment_until"] or "") < on.isoformat() for party in parties):
            raise NotPermitted(NO_ASSESSMENT)
        if not set(items) <= set(found["items"]):
            raise NotPermitted(OTHER_ITEM)


class Watch:
    """The table for a provider that goes on answering: fetched now and every hour, the last one kept here and relied on
    until it expires.

        with Watch(service, provider="132047") as watch:
            Provider(…, permits=watch.permits)
    """

    def __init__(self, service: Service, *, provider: str) -> None:
        self.service, self.provider = service, provider
        self.table = _kept(service.agency)
        self._wait = 0.0
        self._is_over = threading.Event()

    def __enter__(self) -> Watch:
        threading.Thread(target=self._go_on, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()

    def renew(self) -> None:
        """Fetch the table and keep it, if it can be had and believed; else the last one stays."""
        self._wait = TRIED_AGAIN_AFTER_SECONDS
        with suppress(NotReached, NotGenuine, Unusable, OSError, HTTPException):
            table, statement = fetch(self.service)
            keep(self.service.agency, statement)
            self.table, self._wait = table, RENEWED_AFTER_SECONDS

    def permits(self, question: Question, *, at: datetime | None = None) -> bool:
        """Whether the table permits what the service asks, by the row that it names. Raises Unusable."""
        now, table = at or datetime.now(UTC), self.table
        if table is None or not table.is_current(now):
            raise Unusable("There is no permission table that may be relied on now.")
        try:
            table.check(
                row=question.row,
                inquirer=question.inquirer,
                provider=self.provider,
                data_set=question.data_set,
                items=question.items,
                on=now.astimezone(_JAPAN).date(),
                on_behalf_of=question.on_behalf_of,
            )
        except NotPermitted:
            return False
        return True

    def _go_on(self) -> None:
        while not self._is_over.wait(self._wait):
            self.renew()


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

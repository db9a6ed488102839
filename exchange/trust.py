"""Acts that change who is believed in the exchange, or what is permitted: each is on record before it is done.

Of every act the log says openly what changed, for which agency and from when; who did it and why lies sealed beside it.
First the act is recorded as ASKED and committed, then it is done, then it is recorded as ANSWERED: a crash may leave a
record of a change that did not happen, which the nightly comparison names, never a change without a record. Nothing
outside this module calls what lies below it (tests/house/test_trust.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from agencies import clients, registry, verifiers
from agencies.models import Agency, ApiClient, Verifier
from codes import rist1
from exchange import callbacks, code_keys, epochs, ledger, scalars
from exchange.ledger import Entry, Event
from exchange.models import Kind, Phase
from exchange.providers import own_systems
from holdings import hosted

DONE, FAILED = "0000", "9000"
OPERATOR = "operator"


class Act(StrEnum):
    """What changed, as the log names it."""

    AGENCY_ENTERED = "agency-entered"
    AGENCY_ACTIVATED = "agency-activated"
    AGENCY_DEACTIVATED = "agency-deactivated"
    ASSESSMENT_SET = "assessment-set"
    CODE_KEY_REGISTERED = "code-key-registered"
    CODE_KEY_DEPOSITED = "code-key-deposited"
    CLIENT_ADDED = "client-added"
    CLIENT_ENDED = "client-ended"
    ADDRESS_SET = "address-set"
    VERIFIER_REGISTERED = "verifier-registered"
    VERIFIER_ENDED = "verifier-ended"
    EPOCH_BEGUN = "epoch-begun"
    EPOCH_CLOSED = "epoch-closed"
    ROW_PROPOSED = "row-proposed"
    ROW_APPROVED = "row-approved"
    ROW_REJECTED = "row-rejected"


@dataclass(slots=True, kw_only=True)
class Change:
    """One act on its way into the log. `facts` are open to everyone; what is known only afterwards may be added."""

    act: Act
    agency: Agency
    by: str = OPERATOR
    reason: str = ""
    facts: dict[str, str | int] = field(default_factory=dict)


@contextmanager
def recorded(*changes: Change, at: datetime) -> Iterator[None]:
    """Everything done inside is on record before it is done, and how it ended after. Not inside a transaction."""
    events = [_event(change) for change in changes]
    ledger.record_all(ledger.prepare_all([Entry(event, Phase.ASKED) for event in events], at=at))
    try:
        yield
    except Exception:
        _close(changes, events, FAILED, at)
        raise
    _close(changes, events, DONE, at)


def load_agencies(*, by: str = OPERATOR, at: datetime) -> int:
    """The reference list into the table (agencies.registry.load); what it enters or changes is on record."""
    entered = [
        Change(act=Act.AGENCY_ENTERED, agency=agency, by=by, facts=_facts_of(agency))
        for agency in registry.not_as_listed()
    ]
    if not entered:
        return registry.load()
    with recorded(*entered, at=at):
        return registry.load()


def activate(*, agency: Agency, by: str, reason: str, at: datetime) -> None:
    """The agency takes part again. Again changes nothing."""
    _set_active(agency, True, Change(act=Act.AGENCY_ACTIVATED, agency=agency, by=by, reason=reason), at)


def deactivate(*, agency: Agency, by: str, reason: str, at: datetime) -> None:
    """The agency takes part no more: nothing it sends is taken, nothing is asked of it. Again changes nothing.

    Raises ValueError for our own two, without which nobody could sign in.
    """
    if Agency.Kind(agency.kind) in epochs.OWN_COLUMN:
        raise ValueError("The portal and the staff directory always take part.")
    _set_active(agency, False, Change(act=Act.AGENCY_DEACTIVATED, agency=agency, by=by, reason=reason), at)


def set_assessment(*, agency: Agency, until: date | None, by: str, reason: str, at: datetime) -> None:
    """The last day of the agency's impact assessment (articles 28 and 21(2)); None: it has none."""
    if agency.assessment_until == until:
        return
    facts: dict[str, str | int] = {"until": _day(until), "until_before": _day(agency.assessment_until)}
    with recorded(Change(act=Act.ASSESSMENT_SET, agency=agency, by=by, reason=reason, facts=facts), at=at):
        registry.set_assessment(agency=agency, until=until)


def register_code_key(*, agency: Agency, public_key: bytes, proof: bytes, by: str = OPERATOR, at: datetime) -> None:
    """The key that the agency's codes are issued to (exchange.code_keys). The same key again changes nothing.

    Raises MalformedCode, ProofRejected, CodesWaiting, which leave no record.
    """
    if registry.has_code_key(agency, public_key):
        return
    code_keys.check(agency=agency, public_key=public_key, proof=proof)
    facts: dict[str, str | int] = {"key": code_keys.thumbprint(public_key)}
    with recorded(Change(act=Act.CODE_KEY_REGISTERED, agency=agency, by=by, facts=facts), at=at):
        code_keys.register(agency=agency, public_key=public_key, proof=proof)


def register_own_key(*, agency: Agency, private_key: bytes, by: str = OPERATOR, at: datetime) -> None:
    """As `register_code_key`, by the side that has the private key and proves it."""
    proof = registry.proof_of(agency=agency, private_key=private_key)
    public_key = rist1.public_key(private_key)
    register_code_key(agency=agency, public_key=public_key, proof=proof, by=by, at=at)


def deposit_code_key(*, agency: Agency, private_key: bytes, by: str = OPERATOR, at: datetime) -> None:
    """A hosted agency leaves its private key here, so that its copies can be asked for blind (holdings.hosted). The
    same key again changes nothing."""
    public_key = rist1.public_key(private_key)
    if hosted.has(agency=agency.local_code, public_key=public_key):
        return
    facts: dict[str, str | int] = {"key": code_keys.thumbprint(public_key)}
    with recorded(Change(act=Act.CODE_KEY_DEPOSITED, agency=agency, by=by, facts=facts), at=at):
        hosted.deposit(agency=agency.local_code, private_key=private_key)


def add_client(*, agency: Agency, jwk: Mapping[str, Any], by: str = OPERATOR, at: datetime) -> ApiClient:
    """A program of the agency, known by its public key. Raises NotAPublicKey, which leaves no record."""
    facts: dict[str, str | int] = {"key": clients.thumbprint_of(jwk)}
    with recorded(Change(act=Act.CLIENT_ADDED, agency=agency, by=by, facts=facts), at=at):
        return clients.register(agency=agency, jwk=jwk)


def end_client(*, client: ApiClient, by: str, reason: str, at: datetime) -> None:
    """The program is believed no more. Again changes nothing."""
    if not client.is_active:
        return
    with recorded(_of_client(Act.CLIENT_ENDED, client, by=by, reason=reason), at=at):
        clients.end(client=client)


def register_verifier(*, client: ApiClient, kind: str, by: str = OPERATOR, at: datetime) -> Verifier:
    """Who may ask about certificates (agencies.verifiers). Again changes nothing."""
    registered = client.registrations.filter(kind=kind, ended_at=None).first()
    if registered is not None:
        return registered
    with recorded(_of_client(Act.VERIFIER_REGISTERED, client, by=by, verifier=Verifier.Kind(kind)), at=at):
        return verifiers.register(client=client, kind=kind, at=at)


def end_verifier(*, client: ApiClient, kind: str, by: str = OPERATOR, at: datetime) -> bool:
    """Strike the client off. Returns whether it was registered."""
    if not client.registrations.filter(kind=kind, ended_at=None).exists():
        return False
    with recorded(_of_client(Act.VERIFIER_ENDED, client, by=by, verifier=Verifier.Kind(kind)), at=at):
        return verifiers.end(client=client, kind=kind, at=at)


def begin_epoch(agency: Agency, *, settle: float = scalars.SETTLE, by: str = OPERATOR, at: datetime) -> int:
    """The agency's next epoch, unless one has begun and the former still stands (exchange.epochs); returns the present
    one. An agency's first epoch begins by itself with its first code."""
    if epochs.former(agency):
        return epochs.begin(agency, settle=settle)
    change = Change(act=Act.EPOCH_BEGUN, agency=agency, by=by)
    with recorded(change, at=at):
        present = epochs.begin(agency, settle=settle)
        change.facts["epoch"] = present
    return present


def close_epochs(
    agency: Agency,
    *,
    batch: int = 500,
    progress: epochs.Progress | None = None,
    settle: float = scalars.SETTLE,
    before_the_end: Callable[[], object] = lambda: None,
    by: str = OPERATOR,
    at: datetime,
) -> list[int]:
    """Every former epoch ends for good (exchange.epochs); returns them. Raises NothingToClose, unrecorded."""
    how: dict[str, Any] = {"batch": batch, "progress": progress, "settle": settle, "before_the_end": before_the_end}
    closing = [
        Change(act=Act.EPOCH_CLOSED, agency=agency, by=by, facts={"epoch": epoch}) for epoch in epochs.former(agency)
    ]
    if not closing:
        return epochs.close(agency, **how)
    with recorded(*closing, at=at):
        return epochs.close(agency, **how)


def register_provider(*, agency: Agency, url: str, by: str = OPERATOR, at: datetime) -> str:
    """The agency answers from its own system (exchange.providers.own_systems); returns the address as it is signed.

    Raises NotAProvider, AddressNotAllowed, NameUnknown, which leave no record.
    """
    address = own_systems.checked(agency=agency, url=url)
    with recorded(_of_address(agency, "provider", address, by=by), at=at):
        own_systems.register(agency=agency, url=address)
    return address


def clear_provider(*, agency: Agency, by: str = OPERATOR, at: datetime) -> None:
    """Its copies lie here again. Again changes nothing."""
    if agency.provider_url:
        with recorded(_of_address(agency, "provider", "", by=by), at=at):
            own_systems.clear(agency=agency)


def register_callback(*, agency: Agency, url: str, by: str, at: datetime) -> None:
    """Where the agency is told that inquiries have ended (exchange.callbacks). Raises NotAnAddress, unrecorded."""
    address = callbacks.checked(url)
    with recorded(_of_address(agency, "callback", address, by=by), at=at):
        callbacks.register(agency=agency, url=address, at=at)


def withdraw_callback(*, agency: Agency, by: str, at: datetime) -> None:
    """The agency is told nothing any more."""
    with recorded(_of_address(agency, "callback", "", by=by), at=at):
        callbacks.withdraw(agency=agency)


def facts_of(body: str) -> dict[str, str | int]:
    """What a leaf of this kind says that changed."""
    found: dict[str, str | int] = json.loads(body)["trust"]
    return found


def _facts_of(agency: Agency) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"agency_kind": agency.kind, "until": _day(agency.assessment_until)}
    if agency.code_public_key is not None:
        facts["key"] = code_keys.thumbprint(bytes(agency.code_public_key))
    return facts


def _set_active(agency: Agency, is_active: bool, change: Change, at: datetime) -> None:
    if agency.is_active == is_active:
        return
    with recorded(change, at=at):
        registry.set_active(agency=agency, is_active=is_active)


def _of_client(act: Act, client: ApiClient, *, by: str, reason: str = "", **facts: str | int) -> Change:
    key: dict[str, str | int] = {"key": clients.thumbprint(client)}
    return Change(act=act, agency=client.agency, by=by, reason=reason, facts=key | facts)


def _of_address(agency: Agency, use: str, address: str, *, by: str) -> Change:
    """The log says that an address changed and names it by its hash: where systems listen is nobody else's business."""
    facts: dict[str, str | int] = {"use": use, "address": code_keys.thumbprint(address.encode()) if address else ""}
    return Change(act=Act.ADDRESS_SET, agency=agency, by=by, facts=facts)


def _event(change: Change) -> Event:
    return Event(
        kind=Kind.TRUST,
        inquirer=change.agency,
        provider=None,
        affair="",
        data_set="",
        items=(),
        subject=None,
        private={"by": change.by, "reason": change.reason},
        trust=_open(change),
    )


def _open(change: Change) -> dict[str, str | int]:
    return {"act": str(change.act), **change.facts}


def _close(changes: Sequence[Change], events: Sequence[Event], outcome: str, at: datetime) -> None:
    closed = [replace(event, trust=_open(change)) for change, event in zip(changes, events, strict=True)]
    closings = [Entry(event, Phase.ANSWERED, outcome=outcome) for event in closed]
    ledger.record_all(ledger.prepare_all(closings, at=at))


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""

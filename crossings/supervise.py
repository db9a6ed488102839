"""The commission looks behind one record: the clerk's name and the evidence, for a reason that is on record first.

A record names its clerk by a pseudonym. The account behind it is found by computing the pseudonym of each of the
agency's accounts, and the name by the card that opens the desk for that account: no table joins them. The look is a
record about the same person as the one that is looked behind, so she reads of it, or, where the law withholds that one,
she does not yet either.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from agencies.models import Agency
from cards.models import Card
from crossings.look import CLERKS_DOMAIN, NotAllowed
from crossings.purposes import Purpose, stored
from exchange import ledger, looks, records
from exchange.looks import Look
from exchange.models import AccessRecord
from exchange.permission import Refused
from exchange.records import Record
from holdings.periods import legal_day
from keys import custody
from keys.sealing import keyed_hash

__all__ = ["NotAllowed", "Refused", "Revealed", "UnknownRecord", "exists", "reveal"]


class UnknownRecord(LookupError):
    """No record bears this reference."""


@dataclass(frozen=True, slots=True, repr=False)
class Revealed:
    """What stands behind one record. For one page, which is not kept; never stored and never in a session."""

    record: Record
    purpose: str
    case_number: str
    clerk_name: str
    clerk_post: str
    evidence: dict[str, str]

    def __repr__(self) -> str:
        return "<Revealed>"


def serves(officer: User) -> Agency | None:
    """The commission, where this account is one of its officers."""
    agency = Agency.objects.known(officer.agency) if officer.is_staff else None
    return agency if agency is not None and agency.kind == Agency.Kind.COMMISSION else None


def exists(reference: uuid.UUID) -> bool:
    """Whether a record bears this reference."""
    return _opening(reference) is not None


def reveal(*, officer: User, reference: uuid.UUID, reason: str, case_number: str, at: datetime) -> Revealed:
    """Record that the commission looks behind this record, and why; only then look. Raises NotAllowed, UnknownRecord,
    Refused, and whatever keeps the record from being written."""
    commission = serves(officer)
    if commission is None:
        raise NotAllowed
    opening = _opening(reference)
    if opening is None:
        raise UnknownRecord
    withheld = opening.disclosed_from is None or opening.disclosed_from > legal_day(at)
    look = Look(
        agency=commission,
        subject=bytes(opening.subject) if opening.subject else None,
        what=f"supervision: {reference}",
        purpose=stored(Purpose.SUPERVISION, reason),
        case_number=case_number,
        clerk=officer.pseudonym(CLERKS_DOMAIN),
        is_withheld=withheld,
        disclosed_from=opening.disclosed_from,
    )
    looks.record_all([look], at=at)
    record, private = records.of_events([opening.event])[opening.event]
    account = _account(record.inquirer.local_code, private.get("clerk", ""))
    return Revealed(
        record,
        private.get("purpose", ""),
        private.get("case_number", ""),
        _name(account) if account else "",
        str(account.get_post_display()) if account else "",
        _evidence(private.get("evidence", "")),
    )


def _opening(reference: uuid.UUID) -> AccessRecord | None:
    event = ledger.event_of(reference, ledger.INQUIRER)
    return AccessRecord.objects.opening().filter(event=event).first()


def _account(agency: str, pseudonym: str) -> User | None:
    """The clerk's account, also one that is no longer active, under every key that pseudonyms were made with."""
    keys = [key.id for key in custody.every("clerk-pseudonym")] if pseudonym else []
    for user in User.objects.filter(agency=agency, staff_code__isnull=False):
        for key_id in keys:
            if keyed_hash("clerk-pseudonym", CLERKS_DOMAIN, user.pk.bytes, key_id=key_id).hex()[:32] == pseudonym:
                return user
    return None


def _name(account: User) -> str:
    """Whose card opens the desk for this account. Only clerks' cards hold a staff code."""
    clerks_cards = Card.objects.exclude(staff_code_sealed=None).select_related("resident").order_by("-issued_on")
    for card in clerks_cards:
        if card.staff_code() == account.staff_code:
            return card.resident.current.full_name
    return ""


def _evidence(token: str) -> dict[str, str]:
    """What the agency signed about its clerk and case. Its signature was checked at the door, with the request."""
    try:
        body = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return {name: str(claims[name]) for name in ("clerk", "section", "case_number", "txn", "row") if name in claims}

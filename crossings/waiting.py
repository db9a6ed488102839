"""A clerk decides an inquiry that waits for the agency. What would be answered is shown after the look is on record."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts.models import User
from agencies.models import Agency
from crossings.look import CLERKS_DOMAIN, NotAllowed
from exchange import decisions, ledger, looks
from exchange.inquiry_models import Inquiry
from exchange.looks import Look
from holdings import waiting
from holdings.models import WaitingQuestion
from holdings.provide import Provision


class Seen(NamedTuple):
    """The question, and what the agency's copies say to it."""

    question: WaitingQuestion
    provision: Provision

    def __repr__(self) -> str:
        return "<Seen>"


def listed(*, clerk: User, at: datetime) -> list[WaitingQuestion]:
    """What waits for the clerk's agency. Names nobody. Raises NotAllowed."""
    return decisions.in_tray(provider=_agency_of(clerk), at=at)


def one(*, clerk: User, reference: UUID, at: datetime) -> WaitingQuestion:
    """One of them. Raises NotAllowed, NotWaiting."""
    return waiting.one(agency=_agency_of(clerk).local_code, reference=reference, at=at)


def look(*, clerk: User, reference: UUID, at: datetime) -> str:
    """Record that the clerk looks at what would be answered; show nothing before.

    A code of nobody leaves the same record: whether anything is held shows only afterwards. Raises NotAllowed,
    NotWaiting, Refused.
    """
    agency, question = _agency_of(clerk), one(clerk=clerk, reference=reference, at=at)
    seen = Look(
        agency=agency,
        subject=ledger.subject_of(question.code, known_to=agency),
        what="waiting",
        clerk=clerk.pseudonym(CLERKS_DOMAIN),
    )
    return looks.record_all([seen], at=at)[0]


def opened(*, clerk: User, reference: UUID, at: datetime) -> Seen:
    """What would be answered; after `look` alone. Raises NotAllowed, NotWaiting."""
    question = one(clerk=clerk, reference=reference, at=at)
    codes = decisions.every_code(question, provider=_agency_of(clerk))
    return Seen(question, waiting.content(question, codes=codes, at=at))


def approve(*, clerk: User, reference: UUID, reason: str, at: datetime) -> Inquiry:
    """Answer with what the copies say. Raises NotAllowed, UnknownInquiry, HasEnded."""
    return decisions.approve(
        provider=_agency_of(clerk), reference=str(reference), private=_private(clerk, reason), at=at
    )


def decline(*, clerk: User, reference: UUID, reason: str, at: datetime) -> Inquiry:
    """Do not answer. Raises NotAllowed, UnknownInquiry, HasEnded."""
    return decisions.decline(
        provider=_agency_of(clerk), reference=str(reference), private=_private(clerk, reason), at=at
    )


def _private(clerk: User, reason: str) -> dict[str, str]:
    return {"reason": reason, "clerk": clerk.pseudonym(CLERKS_DOMAIN)}


def _agency_of(clerk: User) -> Agency:
    agency = Agency.objects.known(clerk.agency) if clerk.is_staff else None
    if agency is None:
        raise NotAllowed
    return agency

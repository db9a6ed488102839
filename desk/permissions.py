"""What each post may do at the desk: the one table that every page and every ModelAdmin asks.

Nobody is above the table: there is no superuser. A second step (approving what a colleague asked for) belongs to the
supervisor, and never for a request of the supervisor's own (the acts themselves refuse that).
"""

from __future__ import annotations

from enum import Enum, auto

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from agencies.models import Agency
from residents.models import Resident, Status


class Act(Enum):
    """One thing that a clerk does at the desk."""

    SEARCH = auto()
    OPEN_PERSON = auto()
    REGISTER = auto()
    PROTECT = auto()
    ASK_TO_LIFT_PROTECTION = auto()
    APPROVE_LIFTING = auto()
    UNMASK_NUMBER = auto()
    NOTIFY_NUMBER = auto()
    ASK_TO_CHANGE_NUMBER = auto()
    APPROVE_NUMBER_CHANGE = auto()
    ISSUE_CARD = auto()
    STOP_CARD = auto()
    CONFIRM_PROXY = auto()
    SEE_REQUESTS = auto()
    ANSWER_INQUIRIES = auto()
    SEE_NOTICES = auto()
    SEE_CHARGES = auto()
    SEE_RECORDS = auto()
    SEE_AGENCIES = auto()
    SEE_STATUTE = auto()
    SEE_COPIES = auto()
    STOP_COPIES = auto()
    PROPOSE_ROW = auto()
    DECIDE_ROW = auto()
    ADMINISTER_AGENCY = auto()
    DIAGNOSE = auto()
    ANSWER_QUESTIONS = auto()
    SUPERVISE = auto()


SECOND_STEPS = frozenset(
    {Act.APPROVE_LIFTING, Act.APPROVE_NUMBER_CHANGE, Act.CONFIRM_PROXY, Act.DECIDE_ROW, Act.ADMINISTER_AGENCY}
)
# The network's administrator alone (docs/decisions/0017); and what the supervisor of any agency shares for its own.
NETWORK = frozenset({Act.DECIDE_ROW, Act.ADMINISTER_AGENCY})
SHARED = frozenset({Act.PROPOSE_ROW, Act.DIAGNOSE})
READING = frozenset(
    {Act.SEE_NOTICES, Act.SEE_CHARGES, Act.SEE_RECORDS, Act.SEE_AGENCIES, Act.SEE_STATUTE, Act.SEE_COPIES}
)

# What is done at any agency, whether or not it keeps a register of residents (a whole data set a supervisor stops).
EVERYWHERE = READING | {Act.ANSWER_INQUIRIES, Act.ANSWER_QUESTIONS, Act.STOP_COPIES}

MAY: dict[str, frozenset[Act]] = {
    User.Post.CITIZEN: frozenset(),
    User.Post.CLERK: frozenset(Act) - SECOND_STEPS - {Act.STOP_COPIES},
    User.Post.SUPERVISOR: frozenset(Act),
}

# The register of residents is the municipality's (Basic Resident Registration Act, article 5): clerks of other
# agencies read lists of their own and nothing about a resident. Prefectures' local codes end in 000 before the digit.
_PREFECTURE = "000"


def may(user: User | AnonymousUser, act: Act) -> bool:
    """Whether this account's post allows the act."""
    if not isinstance(user, User) or not user.is_staff:
        return False
    if act not in MAY[user.post]:
        return False
    if act is Act.SUPERVISE:
        return serves_commission(user)
    if act in NETWORK:
        return administers_network(user)
    if act in SHARED:
        is_of_own = user.is_supervisor and (act == Act.DIAGNOSE or serves_municipality(user))
        return is_of_own or administers_network(user)
    return act in EVERYWHERE or serves_municipality(user)


def serves_municipality(user: User) -> bool:
    """Whether the clerk's agency keeps a register of residents."""
    return user.agency[:1] != "9" and user.agency[2:5] != _PREFECTURE


def administers_network(user: User) -> bool:
    """Whether the clerk's agency is the one that runs the network: it runs the portal too, and is known by that."""
    return _kind(user) == Agency.Kind.PORTAL


def serves_commission(user: User) -> bool:
    """Whether the clerk's agency supervises all others."""
    return _kind(user) == Agency.Kind.COMMISSION


def _kind(user: User) -> str:
    """What the clerk's agency is, looked up once in a request; empty for municipalities, which need no look."""
    if user.agency[:1] != "9":
        return ""
    if not hasattr(user, "_kind_of_agency"):
        agency = Agency.objects.known(user.agency)
        user._kind_of_agency = agency.kind if agency else ""  # type: ignore[attr-defined]
    return str(user._kind_of_agency)  # type: ignore[attr-defined]


def keeps(user: User, resident: Resident) -> bool:
    """Whether the resident's current entry stands in the register of the clerk's own municipality."""
    return resident.current.local_government_code == user.agency


def may_receive(user: User, resident: Resident) -> bool:
    """Whether the resident has moved out elsewhere or gone abroad, and so may move in at any municipality."""
    return resident.current.status in (Status.MOVED_OUT, Status.ABROAD)

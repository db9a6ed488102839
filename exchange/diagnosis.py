"""Why does it not work? Each thing that an agency needs to ask and to answer, checked, with what to do where it fails.

Everything is read from what is there anyway: nothing is written for the sake of a diagnosis, neither here nor when a
request comes. So a clock that is wrong is not seen here: the agency's own program is told so when it is refused. And
whether its programs get through is read from the records that their requests left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from agencies import clients
from agencies.models import Agency, ApiClient
from exchange import canonical_json, scalars, statute
from exchange.models import CodeIssue, CodeScalar, Kind, Leaf
from exchange.providers import breaker
from exchange.statute import Rule
from holdings import hosted
from holdings.models import Holding
from holdings.periods import legal_day

_OWN = (Agency.Kind.PORTAL, Agency.Kind.STAFF_DIRECTORY)
_BYSTANDERS = (Agency.Kind.STAFF_DIRECTORY, Agency.Kind.COMMISSION)
# How many of the newest entries of the log are looked through for requests of the agency.
LOOKED_THROUGH = 5000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so. `what_to_do` says what to do where it is not."""

    name: str
    is_good: bool
    what_to_do: str


def diagnose(agency: Agency, *, at: datetime) -> list[Check]:
    """Every check that concerns such an agency, in the order in which they are best mended."""
    return [check for checks in CHECKS for check in checks(agency, at)]


def _activity(agency: Agency, at: datetime) -> Iterator[Check]:
    yield Check(
        _("The agency takes part"),
        agency.is_active,
        _("The network's administrator lets it take part again, on its page at the desk."),
    )


def _assessment(agency: Agency, at: datetime) -> Iterator[Check]:
    yield Check(
        _("Its privacy impact assessment is in force"),
        agency.is_assessed(legal_day(at)),
        _("When the new assessment is published, the network's administrator enters its last day."),
    )


def _code_key(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.kind not in (Agency.Kind.COMMISSION,):
        yield Check(
            _("It has registered a key for its codes"),
            agency.code_public_key is not None,
            _("The agency makes a key pair and registers the public key with the proof that it has the private one."),
        )


def _programs(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.kind in (*_OWN, Agency.Kind.COMMISSION):
        return
    active = list(ApiClient.objects.filter(agency=agency, is_active=True))
    yield Check(
        _("A program of it may ask"),
        bool(active),
        _("The agency makes a key pair for its program; the operator adds the program by its public key."),
    )
    if active:
        yield Check(
            _("The keys of its programs can be read"),
            all(_has_readable_key(client) for client in active),
            _("End the program whose key is not of EC P-256 or Ed25519, and add it again."),
        )


def _requests(agency: Agency, at: datetime) -> Iterator[Check]:
    if not any(rule.kind == Kind.INQUIRY for rule in _rows_for_asking(agency, at)):
        return
    phases = _phases_of_newest_requests(agency)
    yield Check(
        _("A signed request of it has come through lately"),
        bool(phases),
        _("Send one with `python -m mynx`. A refusal says whether the token, the signature or the clock is wrong."),
    )
    yield Check(
        _("An inquiry of it has been answered lately"),
        ("INQUIRY", "ANSWERED", "0000") in phases,
        _("Look at the outcomes in its records: the code of the last refusal says what is missing."),
    )


def _codes(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.kind in (*_OWN, Agency.Kind.COMMISSION):
        return
    yield Check(
        _("It has collected its codes"),
        not CodeIssue.objects.filter(agency=agency).exists(),
        _("Codes wait for the agency: it fetches them with `python -m mynx collect`."),
    )


def _epochs(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.kind in (Agency.Kind.COMMISSION,):
        return
    epochs = CodeScalar.objects.filter(agency=agency, epoch__gte=scalars.FIRST_EPOCH).count()
    yield Check(
        _("It has codes"),
        epochs > 0,
        _("No code was ever issued to the agency: the municipalities have its persons' codes issued."),
    )
    yield Check(
        _("Its former codes are closed"),
        epochs < 2,
        _("When the agency has changed its own lists to the new codes: `manage.py rekey_agency <local code> --close`."),
    )


def _copies(agency: Agency, at: datetime) -> Iterator[Check]:
    if not agency.is_hosted:
        return
    wanted = {rule.data_set.code: rule.data_set for rule in _rows_for_answering(agency, at)}
    for code in sorted(wanted):
        yield Check(
            _("It has registered copies: %(data_set)s") % {"data_set": wanted[code].name},
            Holding.objects.filter(agency=agency.local_code, data_set=code).exists(),
            _("Inquiries for this data are answered with 3003 until the agency registers its copies."),
        )


def _own_system(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.is_hosted or agency.kind in (*_OWN, *_BYSTANDERS) or not _rows_for_answering(agency, at):
        return
    yield Check(
        _("Its own system has an address"),
        bool(agency.provider_url),
        _("The operator registers where it is asked: `manage.py register_provider <local code> --url <address>`."),
    )
    if agency.provider_url:
        yield Check(
            _("Its own system answers"),
            breaker.state(agency, at=at) == breaker.State.CLOSED,
            _("It failed again and again and is left alone for a while: look whether it runs, and at its certificate."),
        )


def _deposited_key(agency: Agency, at: datetime) -> Iterator[Check]:
    if not agency.is_hosted or agency.code_public_key is None or not _rows_for_answering(agency, at):
        return
    yield Check(
        _("Its copies can be asked for blind"),
        hosted.has(agency=agency.local_code, public_key=bytes(agency.code_public_key)),
        _(
            "The agency deposits the private key of its codes (manage.py deposit_code_key); until then it is asked in "
            "the direct mode only."
        ),
    )


def _rows(agency: Agency, at: datetime) -> Iterator[Check]:
    if agency.kind in _BYSTANDERS:
        return
    yield Check(
        _("The permission table names it"),
        bool(_rows_for_asking(agency, at) or _rows_for_answering(agency, at)),
        _("No row in force lets it ask or be asked: a row is proposed and approved at the desk."),
    )


# One function for each subject, in the order in which they are best mended: activity before all else.
CHECKS: tuple[Callable[[Agency, datetime], Iterable[Check]], ...] = (
    _activity,
    _assessment,
    _code_key,
    _programs,
    _rows,
    _codes,
    _epochs,
    _copies,
    _own_system,
    _deposited_key,
    _requests,
)


def _has_readable_key(client: ApiClient) -> bool:
    try:
        clients.key_of(client)
    except clients.NotAPublicKey:
        return False
    return True


def _in_force(at: datetime) -> list[Rule]:
    return [rule for rule in statute.rules().values() if rule.is_in_force(legal_day(at))]


def _rows_for_asking(agency: Agency, at: datetime) -> list[Rule]:
    return [rule for rule in _in_force(at) if rule.requester_kind in (agency.kind, agency.local_code)]


def _rows_for_answering(agency: Agency, at: datetime) -> list[Rule]:
    asked_for = (Kind.INQUIRY, Kind.SELF)
    return [rule for rule in _in_force(at) if rule.provider_kind == agency.kind and rule.kind in asked_for]


def _phases_of_newest_requests(agency: Agency) -> set[tuple[str, str, str]]:
    """(kind, phase, outcome) of what the newest entries of the log say of the agency's own requests."""
    newest = Leaf.objects.order_by("-index").values_list("index", flat=True).first() or 0
    own = canonical_json.member("inquirer", agency.local_code)
    leaves = Leaf.objects.filter(index__gt=newest - LOOKED_THROUGH, body__contains=own)
    bodies = (json.loads(body) for body in leaves.values_list("body", flat=True))
    found = {(body["kind"], body["phase"], body["outcome"]) for body in bodies}
    return {each for each in found if each[0] in (Kind.INQUIRY, Kind.DELIVERY)}

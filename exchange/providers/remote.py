"""A provider that answers from its own system: one signed question, one signed answer, by a deadline.

We ask at the address that the agency registered, by profile mynx-1 (exchange.messages). The question names the person
by the provider's own code, or blind by a ciphertext; never by the inquirer's code, and the inquirer itself only where
the provider's papers may name it. What is not signed by a registered client of the provider, for this very request and
just now, is no answer; what says more or less than was asked is refused as a whole.

The question's reference names the event, so that a second try after a broken line gets the same answer and is the same
record. Where an answer comes later, the provider hands it in at our API.
"""

from __future__ import annotations

import base64
import logging
import secrets
import time
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from agencies import clients
from agencies.models import Agency, ApiClient
from codes.rist1 import format_code
from exchange import canonical_json, messages, service_key
from exchange.providers import breaker, http
from exchange.providers.question import Held, NotReached, Question, TooLate
from holdings import remote
from holdings.layout import NULL_REASONS
from holdings.periods import Period
from holdings.provide import ANSWERED, NO_RECORD, NOT_REGISTERED, AnsweredBefore, ItemValue, Provision

LAYOUT_NOT_SUPPORTED = "3004"
DECLINED = "4001"
OUTCOMES = frozenset({ANSWERED, NO_RECORD, NOT_REGISTERED, LAYOUT_NOT_SUPPORTED, DECLINED})
LONGEST_VALUE = 2000

_TRIES = 2
_PAUSE_SECONDS = (0.1, 0.3)
_random = secrets.SystemRandom()
_logger = logging.getLogger(__name__)


def ask(question: Question, *, at: datetime) -> Provision | Held:
    """Put the question to the provider's system, and keep the copy of what it provided. Raises NotReached, TooLate.

    Nothing is told but local code and our own sentence, also to the log.
    """
    clock = _Clock(at, question.ends_at)
    try:
        reply = _reply(question, clock)
        provision = read_provision(reply, items=question.items) if reply is not None else None
    except NotReached as reason:
        _logger.warning("Provider %s: %s", question.provider.local_code, reason)
        raise
    if provision is None:
        return Held(question.ends_at)
    return _kept(question, provision, at=at)


def _kept(question: Question, provision: Provision, *, at: datetime) -> Provision:
    """The provision, once its copy is committed. Raises NotReached where the provider said something else before."""
    try:
        remote.keep_copy(
            agency=question.provider.local_code,
            codes=question.codes,
            data_set=question.data_set,
            items=question.items,
            inquirer=question.inquirer.local_code,
            outcome=provision.outcome,
            reference=question.reference,
            is_withheld=question.is_withheld,
            at=at,
        )
    except AnsweredBefore:
        raise NotReached("It answered the same question otherwise before.") from None
    return provision


def read_provision(content: dict[str, Any], *, items: Sequence[str]) -> Provision:
    """What a provider says, if it is an answer to a question for these items: each of them once, and nothing else.

    Raises NotReached.
    """
    outcome, said = content.get("outcome"), content.get("items", [])
    has_form = set(content) <= {"outcome", "items"} and isinstance(outcome, str) and isinstance(said, list)
    if not has_form or outcome not in OUTCOMES:
        raise NotReached("Its answer has not the form of one.")
    found = {item.code: item for item in map(_item, said)}
    wanted = set(items) if outcome == ANSWERED else set()
    if set(found) != wanted or len(said) != len(wanted):
        raise NotReached("Its answer has other items than were asked for.")
    return Provision(outcome, [found[code] for code in items if code in found])


class _Clock:
    """The inquiry's own time, which runs on while the provider is waited for."""

    def __init__(self, at: datetime, ends_at: datetime) -> None:
        self.at, self.begun = at, time.monotonic()
        self.deadline = self.begun + min((ends_at - at).total_seconds(), settings.PROVIDER_SECONDS)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self.begun)

    def has(self, seconds: float) -> bool:
        return time.monotonic() + seconds < self.deadline


def _reply(question: Question, clock: _Clock) -> dict[str, Any] | None:
    """What the provider signed; None where it will answer later."""
    provider = question.provider
    if not provider.provider_url:
        raise NotReached("No address is registered.")
    if not clock.has(0):
        raise TooLate("The time is over before it is asked.")
    if not breaker.lets_through(provider, at=clock.now()):
        raise NotReached("It is left alone for a while, after it failed repeatedly.")
    try:
        answer, body = _exchanged(provider.provider_url, _asked(question, clock), clock)
        _believe(answer, body, provider, at=clock.now())
    except NotReached:
        breaker.failed(provider, at=clock.now())
        raise
    breaker.answered(provider)
    return _content(body) if answer.status_code == 200 else None


def _asked(question: Question, clock: _Clock) -> bytes:
    is_named = remote.may_name_inquirer(agency=question.provider.local_code, codes=question.codes, at=clock.at)
    person: dict[str, Any] = {"codes": [format_code(code) for code in question.codes]}
    if question.hidden:
        person = {
            "hidden": [
                {"epoch": epoch, "ephemeral": _base64url(code.ephemeral), "body": _base64url(code.body)}
                for epoch, code in question.hidden
            ]
        }
    # Whose permission it is: the provider looks into the table for itself.
    delegator = {"on_behalf_of": question.on_behalf_of.local_code} if is_named and question.on_behalf_of else {}
    content = {
        "reference": question.reference,
        "inquirer": question.inquirer.local_code if is_named else "",
        "row": question.rule.row,
        "data_set": question.data_set,
        "items": list(question.items),
        "condition": _condition(question.condition or Period()),
        "deadline": question.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **delegator,
        **person,
    }
    return canonical_json.encoded(content)


def _condition(period: Period) -> dict[str, Any]:
    days = {"begins_on": period.begins_on, "ends_on": period.ends_on}
    year = {"fiscal_year": period.fiscal_year} if period.fiscal_year is not None else {}
    return year | {name: day.isoformat() for name, day in days.items() if day}


def _exchanged(url: str, body: bytes, clock: _Clock) -> tuple[messages.Answer, bytes]:
    """The answer with its request. A second try after a broken line or 503, where the time allows it."""
    for last in [*[False] * (_TRIES - 1), True]:
        key, keyid = service_key.current()
        request = messages.request_to(url, body, key=key, keyid=keyid, at=clock.now())
        try:
            response = http.post(url, body=body, headers=request.headers, deadline=clock.deadline)
        except http.OutOfTime as reason:
            raise TooLate(str(reason)) from None
        except (http.Unusable, http.AddressNotAllowed) as reason:
            raise NotReached(str(reason)) from None
        except http.LineBroken as reason:
            failure = str(reason)
        else:
            if response.status in (200, 202):
                return messages.Answer(response.status, dict(response.headers), request), response.body
            failure = f"It answered {response.status}."
            last = last or response.status != 503
        pause = _random.uniform(*_PAUSE_SECONDS)
        if last or not clock.has(pause):
            break
        time.sleep(pause)
    raise NotReached(failure)


def _believe(answer: messages.Answer, body: bytes, provider: Agency, *, at: datetime) -> None:
    keyid = messages.keyid_of(answer.headers)
    known = ApiClient.objects.filter(agency=provider, is_active=True)
    client = next((client for client in known if str(client.client_id) == keyid), None)
    if client is None:
        raise NotReached("Its answer is signed by none of its clients.")
    try:
        messages.verify_answer(answer, body, key=clients.key_of(client)[0].public_key, keyid=keyid, at=at)
    except messages.NotSigned:
        raise NotReached("Its answer is not signed.") from None
    except messages.NotAccepted as reason:
        raise NotReached(str(reason)) from None


def _content(body: bytes) -> dict[str, Any]:
    try:
        return messages.read_json(body)
    except messages.NotAccepted as reason:
        raise NotReached(str(reason)) from None


def _item(said: Any) -> ItemValue:
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise NotReached("An item of its answer has not the form of one.")
    has_value = set(said) == {"code", "value"} and _is_plain(said["value"])
    has_reason = set(said) == {"code", "null_reason"} and said["null_reason"] in NULL_REASONS
    if not has_value and not has_reason:
        raise NotReached("An item of its answer needs a value, or a reason for having none.")
    return ItemValue(said["code"], said.get("value"), said.get("null_reason"))


def _is_plain(value: str) -> bool:
    return 0 < len(value) <= LONGEST_VALUE and not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in value)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

"""An inquirer is told that one of its inquiries has ended: which, and nothing else. The answer it fetches itself.

A notice is a POST to the address that the agency registered, signed as everything that we send (exchange.messages). It
may come twice, late, or never: whoever waits may also ask for the result at any time. What fails is tried again, each
time later, and given up in the end.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from agencies.models import Agency
from exchange import ledger, messages, service_key
from exchange.inquiry_models import CallbackAddress, Inquiry
from exchange.providers import addresses, http
from exchange.providers.addresses import AddressNotAllowed, NameUnknown

SECONDS = 5.0
MOST_TRIES = 9
_FIRST_WAIT = timedelta(minutes=1)
_MOST_AT_ONCE = 200

logger = logging.getLogger(__name__)


class NotAnAddress(ValueError):
    """We do not call this address; the text says why and repeats nothing of it."""


def register(*, agency: Agency, url: str, at: datetime) -> None:
    """Tell the agency here from now on, instead of anywhere else: at an address that `checked` has returned."""
    CallbackAddress.objects.update_or_create(agency=agency, defaults={"url": url, "registered_at": at})


def checked(url: str) -> str:
    """The address as it will be signed. Raises NotAnAddress."""
    try:
        return addresses.checked(url).url
    except (AddressNotAllowed, NameUnknown) as reason:
        raise NotAnAddress(str(reason)) from None


def withdraw(*, agency: Agency) -> None:
    """Tell the agency nothing any more."""
    CallbackAddress.objects.filter(agency=agency).delete()
    Inquiry.objects.filter(inquirer=agency).update(notice_due_at=None)


def tell(*, at: datetime) -> int:
    """Send what is due. An agency whose address fails once is left alone until the next time. Returns how many."""
    due = Inquiry.objects.filter(notice_due_at__lte=at).order_by("notice_due_at")
    url_of = dict(CallbackAddress.objects.values_list("agency", "url"))
    failed: set[int] = set()
    count = 0
    for event, inquirer, tries in list(due.values_list("event", "inquirer", "notice_tries")[:_MOST_AT_ONCE]):
        if inquirer in failed or not _take(event, tries, at=at):
            continue
        if inquirer in url_of and _is_sent(url_of[inquirer], event, at=at):
            Inquiry.objects.filter(event=event).update(notice_due_at=None)
            count += 1
        else:
            failed.add(inquirer)
    return count


def _take(event: UUID, tries: int, *, at: datetime) -> bool:
    """Of two processes one sends. The next try is set before this one, so that a kill loses none."""
    following = at + _FIRST_WAIT * 2**tries if tries + 1 < MOST_TRIES else None
    rows = Inquiry.objects.filter(event=event, notice_tries=tries, notice_due_at__lte=at)
    return bool(rows.update(notice_tries=tries + 1, notice_due_at=following))


def _is_sent(url: str, event: UUID, *, at: datetime) -> bool:
    body = json.dumps({"record": ledger.reference(event, ledger.INQUIRER)}).encode()
    key, keyid = service_key.current()
    request = messages.request_to(url, body, key=key, keyid=keyid, at=at)
    try:
        response = http.post(url, body=body, headers=request.headers, deadline=time.monotonic() + SECONDS)
    except (AddressNotAllowed, http.OutOfTime, http.LineBroken, http.Unusable) as reason:
        logger.warning("A notice was not taken: %s", type(reason).__name__)
        return False
    return 200 <= response.status < 300

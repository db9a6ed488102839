"""Why a card was not accepted, in words, and what its holder can do. One entry per kind of CardNotAccepted."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crossings.sign_in import CardNotAccepted


class Refusal(NamedTuple):
    title: Promise
    what: Promise
    todo: list[Promise]
    may_retry: bool = True


UNREADABLE = "unreadable"
OTHER_BROWSER = "other-session"
UNKNOWN = "card-not-accepted"

_TOWN_HALL = _(
    "Ask at the card counter of your town or city hall. Bring the card and something else that shows who you are."
)

REFUSALS = {
    UNKNOWN: Refusal(
        _("The card was not accepted"),
        _("The answer of the card could not be checked. You have not been signed in, and nothing has been changed."),
        [_("Take the card off the reader, put it on again, and start once more."), _TOWN_HALL],
    ),
    UNREADABLE: Refusal(
        _("The answer of the card could not be read"),
        _("Something was missing in what the card reader sent. You have not been signed in."),
        [_("Start once more from the sign-in page. If it happens again, restart the card reader program.")],
    ),
    OTHER_BROWSER: Refusal(
        _("The sign-in was started somewhere else"),
        _("For your safety a sign-in must end in the browser in which it was started. You have not been signed in."),
        [
            _("Start once more here, in this browser. Your browser has to accept cookies from this site."),
            _("If you did not start a sign-in yourself, close this page and do not type your PIN."),
        ],
    ),
    "challenge-expired": Refusal(
        _("That took a little too long"),
        _("For your safety a sign-in must be finished within a few minutes. You have not been signed in."),
        [_("Start once more. Have your card and your PIN of four digits ready.")],
    ),
    "challenge-used": Refusal(
        _("This sign-in was already used"),
        _('Each sign-in works once. This happens when a page is loaded again or when you press "back".'),
        [_("Start once more from the sign-in page.")],
    ),
    "certificate-expired": Refusal(
        _("The certificate on your card has expired"),
        _("The card may still be valid, but its certificate for signing in is not. You have not been signed in."),
        [
            _("Have the certificate renewed at the card counter of your town or city hall. It is free of charge."),
            _("Until then, all procedures can be done at the counter."),
        ],
        may_retry=False,
    ),
    "certificate-revoked": Refusal(
        _("The certificate on your card is no longer valid"),
        _("It was revoked, perhaps because the card was reported lost or was replaced. You have not been signed in."),
        [_TOWN_HALL, _("If you have a newer card, use that one.")],
        may_retry=False,
    ),
    "card-suspended": Refusal(
        _("This card has been stopped"),
        _("Somebody, probably you, had the card stopped. While it is stopped nobody can sign in with it."),
        [
            _("If you have found the card again, have it released at the card counter of your town or city hall."),
            _("If you did not have it stopped yourself, ask there at once."),
        ],
        may_retry=False,
    ),
    "foreign-certificate": Refusal(
        _("This is not a card of this service"),
        _("The certificate was not issued by the authority of this service. You have not been signed in."),
        [_("Put your Individual Number Card on the reader. Other cards, such as bank cards, do not work here.")],
    ),
    "bad-signature": Refusal(
        _("The answer of the card was not right"),
        _("What the card signed is not what this page asked for. You have not been signed in."),
        [
            _("Check that the address of this page is the right one, and start once more."),
            _("If it happens again, use another computer, and tell your town or city hall."),
        ],
    ),
    "wrong-purpose": Refusal(
        _("The card answered another question"),
        _("It was asked for something else than signing in here. You have not been signed in."),
        [_("Start once more from the sign-in page, and read in the reader's window what the card is asked for.")],
    ),
    "other-person": Refusal(
        _("This is another person's card"),
        _("The card on the reader is not the card of the person who is signed in. Nothing has been changed."),
        [
            _("Put your own card on the reader, and start once more."),
            _("If this is your card, somebody else is signed in here: press “Sign out”, then sign in yourself."),
        ],
    ),
    "no-account": Refusal(
        _("There is no account for this card"),
        _("The card is valid, but its holder cannot sign in here."),
        [_TOWN_HALL],
        may_retry=False,
    ),
}

_ONCE_MORE = _("Ask the card once more from the page on which you confirm.")

# What to do where the card was asked in mid-session, for the refusals whose advice is about signing in.
CONFIRMING: dict[str, list[Promise]] = {
    UNKNOWN: [_("Take the card off the reader, put it on again, and start once more."), _TOWN_HALL],
    UNREADABLE: [_ONCE_MORE],
    OTHER_BROWSER: [_("Make the change once more, in one window only, and confirm it there.")],
    "challenge-expired": [_ONCE_MORE],
    "challenge-used": [_ONCE_MORE],
    "wrong-purpose": [_ONCE_MORE, _("Read in the reader's window what the card is asked for.")],
}


def reason_of(refusal: CardNotAccepted) -> str:
    """The name of a refusal in addresses: its class in the law's words, never the exception's text."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(refusal).__name__).lower()
    return name if name in REFUSALS else UNKNOWN

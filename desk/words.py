"""The exchange's kinds and phases in a clerk's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from exchange.models import Kind, Phase
from exchange.unusual_looks import Unusual

KINDS = {
    Kind.INQUIRY: _("inquiry"),
    Kind.DELIVERY: _("delivery"),
    Kind.SELF: _("asked for the person"),
    Kind.LOOK: _("look or use of a code"),
    Kind.TRUST: _("change of trust"),
}
PHASES = {Phase.ASKED: _("asked"), Phase.ANSWERED: _("answered"), Phase.REFUSED: _("refused")}


def outcome(kind: str, phase: str) -> str:
    """A look has no second party that answers: it is on record, or was refused."""
    if kind == Kind.LOOK and phase == Phase.ASKED:
        return str(_("recorded"))
    return str(PHASES[Phase(phase)])


OUTCOMES = {"2001": _("no legal basis"), "2002": _("assessment missing"), "2003": _("item not allowed")}
UNUSUAL = {
    Unusual.REPEATED: _("looked at the same person again and again"),
    Unusual.BUSY: _("looked at far more persons than others of the agency"),
    Unusual.OUT_OF_HOURS: _("looked or searched outside office hours"),
    Unusual.WITHOUT_CASE: _("looked without a case number"),
    Unusual.FRUITLESS: _("searched again and again and opened nobody"),
}
_COPIES = {
    "no answer is on record; the provider did not hear of it": _("No answer is on record; nobody was asked."),
    "the provider answered, but no answer is on record: the inquirer did not get it": _(
        "The provider answered, but the answer is not on record and never left."
    ),
    "the delivery was begun and never completed": _("The delivery was begun and never completed."),
    "an answer is on record, but the provider has no copy": _("An answer is on record, but the provider has no copy."),
    "the provider has a copy of an event that is not on record": _("The provider has a copy of what is on no record."),
    "the provider's copy says something else than the log": _("The provider's copy says something else than the log."),
}


def copies(what: str) -> str:
    """What reconciliation found, in a clerk's words."""
    return str(_COPIES.get(what, what))

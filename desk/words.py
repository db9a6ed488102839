"""The exchange's kinds and phases in a clerk's words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from exchange.models import Kind, Phase

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

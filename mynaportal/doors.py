"""Which doors this process opens, and which keys lie behind each door.

A process holds only the keys of its own doors (`MYNA_DOORS`): in production the vault's keys are on the desk's
machines, never on the portal's or the API's.
"""

from __future__ import annotations

VAULT = {"number-transform", "number-seal", "number-index", "person-seal"}
EXCHANGE = {
    "code-scalar",
    "record-subject",
    "record-seal",
    "record-reference",
    "record-log",
    "question-seal",
    "bulk-seal",
    "bulk-reference",
}
INQUIRY = {"inquiry-answer", "inquiry-reference", "inquiry-copy"}
MAILBOX = {"mailbox-seal", "mailbox-reference", "contact-seal"}
CARDS = {"sign-in"}

KEY_PURPOSES = {
    "portal": EXCHANGE
    | INQUIRY
    | MAILBOX
    | CARDS
    | {
        "holding-seal",
        "payment-reference",
        "payment-order",
        "clerk-pseudonym",
        "portal-code",
        "response-signature",  # a citizen's question about herself may go to a provider's own system
    },
    "api": EXCHANGE
    | INQUIRY
    | MAILBOX
    | {"holding-seal", "copy-reference", "hosted-code-key", "access-token", "response-signature"}
    | {"payment-reference", "portal-code"},
    "desk": EXCHANGE
    | INQUIRY
    | VAULT
    | MAILBOX
    | CARDS
    | {
        "clerk-pseudonym",
        "portal-code",
        "staff-code",
        "holding-seal",
        "hosted-code-key",
        "desk-grant",
        "card-photo",
        "ocsp-signature",
    },
    "status": {"ocsp-signature", "status-token"},
    "bank": {"sandbox-bank"},
}
DOORS = tuple(KEY_PURPOSES)
# Behind this door cards are made: it alone has the private keys of the authorities that sign certificates.
ISSUING_DOOR = "desk"


def purposes_of(doors: list[str]) -> frozenset[str]:
    """The key purposes that a process with these doors may load."""
    return frozenset().union(*(KEY_PURPOSES[door] for door in doors))

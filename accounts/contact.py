"""Where a hint may be sent ("there is a letter"), by the holder's own wish. The address is sealed at rest."""

from __future__ import annotations

from accounts.models import User
from keys.sealing import open_sealed, seal

_PURPOSE = "contact-seal"


def set_email(*, user: User, address: str) -> None:
    """Keep the address and send hints to it; an empty one ends both."""
    user.email_sealed = seal(_PURPOSE, address.encode(), context=_context(user)) if address else None
    user.save(update_fields=["email_sealed"])


def email_of(user: User) -> str | None:
    """The address for hints, or None when the holder wants none."""
    if user.email_sealed is None:
        return None
    return open_sealed(_PURPOSE, bytes(user.email_sealed), context=_context(user)).decode()


def _context(user: User) -> str:
    return f"accounts.User.email:{user.pk}"

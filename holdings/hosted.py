"""The side of a hosted agency that opens what is encrypted to it: its copies lie with us, so its key must too.

An agency that answers itself keeps its key. One that has its copies kept here deposits the key when it wants to be
asked blind; until then it is asked in the direct mode. The key is sealed under a purpose of its own, held by the doors
that ask for copies, and opens codes only: nothing that the agency signs.
"""

from __future__ import annotations

from django.db import transaction

from codes import rist1
from codes.rist1 import Blinded, Code
from databases import HOLDINGS
from holdings.models import HostedKey
from keys.sealing import open_sealed, seal

_PURPOSE = "hosted-code-key"


class NotDeposited(Exception):
    """The agency has not deposited the private key of this public key."""


def deposit(*, agency: str, private_key: bytes) -> None:
    """Keep the agency's private key for codes, sealed. Again changes nothing."""
    public_key = rist1.public_key(private_key)
    sealed = seal(_PURPOSE, private_key, context=_context(agency, public_key))
    with transaction.atomic(using=HOLDINGS, durable=True):
        HostedKey.objects.get_or_create(agency=agency, public_key=public_key, defaults={"sealed": sealed})


def has(*, agency: str, public_key: bytes) -> bool:
    """Whether codes encrypted to this public key can be opened here."""
    return HostedKey.objects.filter(agency=agency, public_key=public_key).exists()


def require(*, agency: str, public_key: bytes) -> None:
    """Make sure that codes encrypted to this public key can be opened here. Raises NotDeposited."""
    if not has(agency=agency, public_key=public_key):
        raise NotDeposited


def opener(*, agency: str, public_key: bytes) -> Opener:
    """What opens the codes that were encrypted to this public key. Raises NotDeposited."""
    row = HostedKey.objects.filter(agency=agency, public_key=public_key).first()
    if row is None:
        raise NotDeposited
    return Opener(open_sealed(_PURPOSE, bytes(row.sealed), context=_context(agency, public_key)))


class Opener:
    """One private key, for as long as one question takes. Its repr shows nothing."""

    __slots__ = ("_private_key",)

    def __init__(self, private_key: bytes) -> None:
        self._private_key = private_key

    def __repr__(self) -> str:
        return "<Opener>"

    def code(self, epoch: int, hidden: Blinded) -> Code:
        """The agency's code of that epoch. Raises MalformedCode."""
        return Code(rist1.unblind(hidden, self._private_key), epoch)


def _context(agency: str, public_key: bytes) -> str:
    return f"holdings.HostedKey.sealed:{agency}:{public_key.hex()}"

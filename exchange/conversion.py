"""One person's code at one agency into the same person's code at another: scheme rist1 in its direct mode (M0).

Everything that knows a scalar is in this module. It keeps nothing of whom it converted; that a code was converted at
all is the ledger's to say, before or after, by its callers.
"""

from __future__ import annotations

from django.db import transaction

from agencies.models import Agency
from codes import rist1
from codes.rist1 import Blinded, Code, MalformedCode
from databases import EXCHANGE
from exchange.models import CodeScalar
from keys.sealing import open_sealed, seal

FIRST_EPOCH = 1
_PURPOSE = "code-scalar"


class NoCodeKey(Exception):
    """The agency has not registered the key that codes are issued to."""


def current_epoch(agency: Agency) -> int:
    """The epoch in which the agency's codes are made now; the first begins here."""
    return _current(agency).epoch


def issue(*, blinded: Blinded, agency: Agency, epoch: int | None = None) -> Blinded:
    """A person point encrypted to the agency becomes that person's code, still encrypted. Raises NoCodeKey.

    The exchange sees neither the point nor the code.
    """
    if agency.code_public_key is None:
        raise NoCodeKey
    scalar = _current(agency) if epoch is None else _of(agency, epoch)
    return rist1.scale(blinded, _open(agency, scalar), bytes(agency.code_public_key))


def convert(*, code: Code, source: Agency, target: Agency) -> Code:
    """The target's code for the person whom the source knows by `code`. Raises MalformedCode.

    A point that belongs to nobody converts like any other: no one can tell, and the provider finds no record.
    """
    wanted = _current(target)
    factor = rist1.conversion_factor(_open(source, _of(source, code.epoch)), _open(target, wanted))
    return Code(rist1.multiply(code.value, factor), wanted.epoch)


def _of(agency: Agency, epoch: int) -> CodeScalar:
    """The scalar of that epoch. A code of an epoch that does not stand is no code."""
    scalar = CodeScalar.objects.filter(agency=agency, epoch=epoch).first()
    if scalar is None:
        raise MalformedCode("Not a code of today: it belongs to another epoch.")
    return scalar


def _current(agency: Agency) -> CodeScalar:
    return CodeScalar.objects.filter(agency=agency).order_by("-epoch").first() or _begin(agency)


def _begin(agency: Agency) -> CodeScalar:
    """The scalar of the first epoch. Two at once get one: the agency and epoch are unique."""
    with transaction.atomic(using=EXCHANGE):
        sealed = seal(_PURPOSE, rist1.new_scalar(), context=_context(agency, FIRST_EPOCH))
        return CodeScalar.objects.get_or_create(agency=agency, epoch=FIRST_EPOCH, defaults={"sealed": sealed})[0]


def _open(agency: Agency, scalar: CodeScalar) -> bytes:
    return open_sealed(_PURPOSE, bytes(scalar.sealed), context=_context(agency, scalar.epoch))


def _context(agency: Agency, epoch: int) -> str:
    return f"exchange.CodeScalar.sealed:{agency.local_code}:{epoch}"

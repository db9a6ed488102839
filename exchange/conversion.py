"""One person's code at one agency into the same person's code at another: scheme rist1, direct (M0) and blind (M1).

It keeps nothing of whom it converted; that a code was converted at all is the ledger's to say, before or after, by its
callers. The scalars are those of exchange.scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agencies.models import Agency
from codes import blind, rist1
from codes.blind import Keys, Question
from codes.rist1 import Blinded, Code, MalformedCode
from exchange import scalars


class NoCodeKey(Exception):
    """The agency has not registered the key that codes are issued to."""


class Converted(NamedTuple):
    """What a blind conversion gives: the provider's code in each of its epochs, the present one first, encrypted to the
    provider; and the person's point of records, encrypted to the portal."""

    for_provider: list[tuple[int, Blinded]]
    for_records: Blinded

    def __repr__(self) -> str:
        return "<Converted>"


def current_epoch(agency: Agency) -> int:
    """The epoch in which the agency's codes are made now; the first begins here."""
    return scalars.current(agency).epoch


def issue(*, blinded: Blinded, agency: Agency, epoch: int | None = None) -> Blinded:
    """A person point encrypted to the agency becomes that person's code, still encrypted. Raises NoCodeKey.

    The exchange sees neither the point nor the code.
    """
    key = code_key(agency)
    scalar = scalars.current(agency) if epoch is None else scalars.of(agency, epoch)
    return rist1.scale(blinded, scalar.value, key)


def convert(*, code: Code, source: Agency, target: Agency) -> Code:
    """The target's code for the person whom the source knows by `code`. Raises MalformedCode.

    A point that belongs to nobody converts like any other: no one can tell, and the provider finds no record.
    """
    return _converted(code, scalars.of(source, code.epoch), scalars.current(target))


def convert_to_all(*, code: Code, source: Agency, target: Agency) -> list[Code]:
    """As `convert`, in every epoch under which the target's rows may lie: the present one first, and while the target
    is brought from one epoch to the next also the former. Raises MalformedCode."""
    origin = scalars.of(source, code.epoch)
    return [_converted(code, origin, scalar) for scalar in scalars.not_destroyed(target)]


def convert_many(*, codes: Sequence[Code], source: Agency, target: Agency) -> list[list[Code]]:
    """As `convert_to_all`, for many persons: what is the same for all is worked out once. Raises MalformedCode."""
    wanted = scalars.not_destroyed(target)
    by_epoch = {epoch: scalars.of(source, epoch) for epoch in {code.epoch for code in codes}}
    factors = {
        epoch: [(scalar.epoch, rist1.conversion_factor(origin.value, scalar.value)) for scalar in wanted]
        for epoch, origin in by_epoch.items()
    }
    return [
        [Code(rist1.multiply(code.value, factor), epoch) for epoch, factor in factors[code.epoch]] for code in codes
    ]


def stands(agency: Agency, epoch: int) -> bool:
    """Whether codes of this epoch of the agency are taken today."""
    try:
        scalars.of(agency, epoch)
    except MalformedCode:
        return False
    return True


def convert_blind(
    *, question: Question, epoch: int, source: Agency, target: Agency, portal: Agency, number: bytes
) -> Converted:
    """The provider's code for a person whom the exchange does not see. Raises ProofRejected, MalformedCode, NoCodeKey.

    `epoch` is that of the source's hidden code, `number` the id of the transaction that the question was made for. The
    portal's part becomes the point by which records are found: `subject_of` it once the portal has opened it.
    """
    keys = Keys(code_key(target), code_key(portal))
    transaction = blind.transaction_of(
        inquirer=source.local_code, epoch=epoch, provider=target.local_code, number=number
    )
    for_provider, for_portal = blind.checked(question, keys=keys, transaction=transaction)
    origin = scalars.of(source, epoch)
    to_records = rist1.conversion_factor(origin.value, scalars.of_records().value)
    return Converted(
        [
            (
                wanted.epoch,
                rist1.scale(for_provider, rist1.conversion_factor(origin.value, wanted.value), keys.provider),
            )
            for wanted in scalars.not_destroyed(target)
        ],
        rist1.scale(for_portal, to_records, keys.portal),
    )


def record_subject_point(code: Code, *, known_to: Agency | None = None) -> bytes:
    """The point by which the records of a person are found whom the portal, or another agency, knows by `code`.

    It is no code, and the same whatever code it comes from and after every re-keying. Raises MalformedCode.
    """
    origin = scalars.of_portal(code.epoch) if known_to is None else scalars.of(known_to, code.epoch)
    return rist1.multiply(code.value, rist1.conversion_factor(origin.value, scalars.of_records().value))


def record_subject_points(codes: Sequence[Code], *, known_to: Agency) -> list[bytes]:
    """As `record_subject_point`, for many persons whom one agency knows. Raises MalformedCode."""
    records = scalars.of_records()
    factors = {
        epoch: rist1.conversion_factor(scalars.of(known_to, epoch).value, records.value)
        for epoch in {code.epoch for code in codes}
    }
    return [rist1.multiply(code.value, factors[code.epoch]) for code in codes]


def _converted(code: Code, origin: scalars.Scalar, wanted: scalars.Scalar) -> Code:
    if origin == wanted:
        return Code(rist1.checked_point(code.value), wanted.epoch)
    return Code(rist1.multiply(code.value, rist1.conversion_factor(origin.value, wanted.value)), wanted.epoch)


def code_key(agency: Agency) -> bytes:
    """The public key that the agency's codes are encrypted to. Raises NoCodeKey."""
    if agency.code_public_key is None:
        raise NoCodeKey
    return bytes(agency.code_public_key)

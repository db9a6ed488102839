"""The number on its way to a card's chip: it is handed over and never held by whoever makes the card."""

from __future__ import annotations

from collections.abc import Callable

from numbering import vault
from numbering.models import IssuedNumber, NumberState
from residents.models import Resident


def chip_number(*, resident: Resident, write: Callable[[str], None]) -> None:
    """Hand the number to a card's chip. Whoever makes the card passes a writer and never holds the number."""
    write(vault.open_number(IssuedNumber.objects.get(resident=resident, state=NumberState.CURRENT)))

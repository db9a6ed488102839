"""The sealed codes on cards, when the portal or the staff directory enters a new epoch."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from cards.models import Card
from codes.rist1 import Code
from databases import REGISTRY


def bring(*, column: str, epoch: int, change: Callable[[Code], Code], batch: int = 500) -> int:
    """Reseal every code of that epoch (`column`: "portal_code" or "staff_code") as `change` gives it; returns how many.

    Again changes nothing: a code that was changed is of another epoch.
    """
    written, after = 0, None
    while True:
        with transaction.atomic(using=REGISTRY, durable=True):
            found = Card.objects.order_by("pk").select_for_update()
            cards = list((found if after is None else found.filter(pk__gt=after))[:batch])
            for card in cards:
                written += _bring_one(card, column, epoch, change)
        if not cards:
            return written
        after = cards[-1].pk


def _bring_one(card: Card, column: str, epoch: int, change: Callable[[Code], Code]) -> bool:
    portal_code, staff_code = card.portal_code(), card.staff_code()
    if column == "portal_code" and portal_code.epoch == epoch:
        portal_code = change(portal_code)
    elif column == "staff_code" and staff_code is not None and staff_code.epoch == epoch:
        staff_code = change(staff_code)
    else:
        return False
    card.seal_codes(portal_code=portal_code, staff_code=staff_code)
    card.save(update_fields=[f"{column}_sealed"])
    return True

"""Cards made ready per second, in batches, beside bare key generation: two RSA-2048 keys for each card.

Ours is `issuance.personalise_all`: the chip makes and keeps its keys, the authorities sign, rows and history are
committed, the chip gets certificates and number. How long one key takes is a matter of luck, so there are many.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.measure import Measure, side_by_side

CARDS = 25


def run() -> list[Measure]:
    from tests.committed import migrated_var
    from tests.committed import run as run_script

    with tempfile.TemporaryDirectory() as directory, migrated_var(Path(directory), "sqlite") as env:
        ours, keys = json.loads(run_script(env, "from bench.personalisation import measure; measure()"))
    return [Measure("cards-personalised-sqlite", ours, "cards/s", "two-keys-each", keys)]


def measure() -> None:
    """In a process of its own on fresh databases: print both median rates as JSON."""
    print(json.dumps(side_by_side(_Cards().personalise, _two_keys_each)))


def _two_keys_each() -> int:
    from cryptography.hazmat.primitives.asymmetric import rsa

    for _ in range(2 * CARDS):
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return CARDS


class _Cards:
    """Cards on their way, of other people in each round, made before the clock runs."""

    def __init__(self) -> None:
        from bench.measure import REPETITIONS

        self._rounds = [self._issued() for _ in range(1 + REPETITIONS)]

    def personalise(self) -> int:
        from django.utils import timezone

        from cards import issuance

        done = list(issuance.personalise_all(cards=self._rounds.pop(), at=timezone.now()))
        assert len(done) == CARDS
        return CARDS

    @staticmethod
    def _issued() -> list:
        import dataclasses
        import secrets

        from django.utils import timezone

        from cards import issuance
        from numbering import assignment
        from tests.cards.chips import PASSWORD, PIN
        from tests.cards.people import new_code
        from tests.residents.people import HANAKO, settle

        cards, at = [], timezone.now()
        for _ in range(CARDS):
            details = dataclasses.replace(
                HANAKO, given_name="".join(secrets.choice("一二三四五六七八九") for _ in range(12))
            )
            resident = settle(details, on="2025-01-10").resident
            assignment.assign(resident=resident, at=at)
            cards.append(
                issuance.issue(resident=resident, pin=PIN, signature_password=PASSWORD, at=at, portal_code=new_code())
            )
        return cards

"""Who is to live in the small country, and which resident each has become: what all stages of the filling share."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TypeVar

from mynaportal.demo import cast, families
from mynaportal.demo.families import Household
from mynaportal.demo.plan import Plan
from mynaportal.demo.progress import Progress
from residents.models import Resident

T = TypeVar("T")


class Country:
    """The plan, the people, and where to show how far it is."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self.plan, self.progress = plan, progress
        self.at = datetime.fromisoformat(plan.at)
        generated = families.households(seed=plan.seed, residents=plan.residents - cast.SIZE)
        self.homes: list[Household] = [*cast.households(), *generated]
        self.home_of = {member.key: home for home in self.homes for member in home.members}
        self.people = {member.key: member for home in self.homes for member in home.members}

    def resident_of(self, key: str) -> Resident:
        return Resident.objects.get(pk=self.plan.resident_ids[key])

    def shuffled(self, things: list[T]) -> list[T]:
        """In an order of its own, from the system's randomness."""
        secrets.SystemRandom().shuffle(things)
        return things

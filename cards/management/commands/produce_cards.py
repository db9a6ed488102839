"""`manage.py produce_cards`: the factory's part. Makes every card whose application was examined, and ships it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cards import production
from cards.models import Card


class Command(BaseCommand):
    help = "Make and ship every card whose application was accepted."

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = Card.objects.filter(state=Card.State.IN_PRODUCTION, application__isnull=False).order_by("pk")
        made = 0
        for card in waiting:
            production.produce(card=card, at=timezone.now())
            made += 1
        self.stdout.write(f"Made and shipped {made} cards.")

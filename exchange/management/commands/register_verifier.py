"""manage.py register_verifier: enter or strike off who may ask about the status of certificates."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agencies import verifiers
from agencies.models import ApiClient, Verifier
from exchange import trust


class Command(BaseCommand):
    help = "Register an agency's client as a verifier of certificates (JPKI Act, articles 17 and 36), or end that."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client_id", help="the client's id at the agencies' API")
        parser.add_argument("kind", choices=Verifier.Kind.values)
        parser.add_argument("--end", action="store_true", help="strike the client off")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            client = ApiClient.objects.get(client_id=options["client_id"])
        except (ApiClient.DoesNotExist, ValidationError):
            raise CommandError("There is no client with this id.") from None
        if options["end"]:
            if not trust.end_verifier(client=client, kind=options["kind"], at=timezone.now()):
                raise CommandError("This client is not registered.")
            self.stdout.write("Struck off; its tokens open nothing any more.")
        else:
            trust.register_verifier(client=client, kind=options["kind"], at=timezone.now())
            self.stdout.write(f"Registered. Tokens are given at {verifiers.endpoint()}.")

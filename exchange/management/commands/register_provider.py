"""manage.py register_provider: an agency answers inquiries from its own system, or no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agencies.models import Agency
from exchange import trust
from exchange.providers.addresses import AddressNotAllowed, NameUnknown
from exchange.providers.own_systems import NotAProvider


class Command(BaseCommand):
    help = "Ask an agency at its own address from now on, or have its copies kept here again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("local_code", help="the agency's local code")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--url", help="where its own system listens")
        what.add_argument("--clear", action="store_true", help="its copies lie here again")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.known(options["local_code"])
        if agency is None:
            raise CommandError("There is no active agency with this local code.")
        try:
            if options["clear"]:
                trust.clear_provider(agency=agency, at=timezone.now())
                self.stdout.write("Its copies are kept here again.")
            else:
                url = trust.register_provider(agency=agency, url=options["url"], at=timezone.now())
                self.stdout.write(f"It is asked at {url} from now on.")
        except (NotAProvider, AddressNotAllowed, NameUnknown) as reason:
            raise CommandError(str(reason)) from None

"""The small country, filled and running."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from mynaportal import catalogues, tasks
from mynaportal.demo import agencies_side, cast, country, plan, serving
from mynaportal.demo.progress import Progress
from residents.models import Resident


class Stopped(Exception):
    """Someone asked us to end."""


class Command(BaseCommand):
    help = "Fill the small country where it is not there yet, and run the portal and the card reader."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--residents", type=int, default=200, help="how many people (default 200)")
        parser.add_argument("--seed", type=int, default=1, help="persons, addresses and incomes follow from it")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--reader-port", type=int, default=int(os.environ.get("READER_PORT", "8002")))
        parser.add_argument("--load-only", action="store_true", help="fill the country and do not serve")

    def handle(self, *args: Any, **options: Any) -> None:
        port, reader_port = options["port"], options["reader_port"]
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        try:
            if not options["load_only"]:
                serving.require_free(port, what="portal", variable="PORT")
                serving.require_free(reader_port, what="reader", variable="READER_PORT")
            self._fill(options["residents"], options["seed"])
            if not options["load_only"]:
                self._serve(port, reader_port)
        except (serving.CannotServe, catalogues.CatalogueError) as error:
            raise CommandError(str(error)) from None
        except Stopped:
            self.stdout.write("\nStopped.")

    def _fill(self, residents: int, seed: int) -> None:
        if residents < cast.SIZE:
            raise CommandError(f"The story alone has {cast.SIZE} people: ask for at least as many.")
        call_command("migrate_all", create=True, stdout=self.stdout)
        catalogues.compile_all()
        directory = Path(settings.VAR_DIR)
        with plan.alone(directory):
            known = plan.load(directory)
            if known is None and Resident.objects.exists():
                raise CommandError("These databases hold residents that the demo did not make; it leaves them alone.")
            if known is not None and country.has_residents(known) and not Resident.objects.exists():
                raise CommandError(f"The databases are empty but {directory}/demo.json is not: make clean, then again.")
            if known is not None and (known.residents, known.seed) != (residents, seed):
                self.stdout.write(
                    f"There is a country of {known.residents} residents (seed {known.seed}) already. "
                    "For another one: make clean, then again."
                )
            if known is None:
                at = timezone.now().replace(microsecond=0)
                known = plan.Plan(seed=seed, residents=residents, at=at.isoformat())
            if not known.is_complete:
                self.stdout.write(f"Filling the small country with {known.residents} people (once):")
                country.fill(known, Progress(self.stdout))

    def _serve(self, port: int, reader_port: int) -> None:
        # Without a beat, what a kill left half done is ended here; then the agencies' systems fetch what waits.
        tasks.drain_code_issues()
        tasks.finish_moves()
        country.fetch_codes()
        agencies_side.point_to(serving.origin(port))
        # Collected static files are for production; the directory only has to exist.
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
        servers = serving.Servers(port=port, reader_port=reader_port, log_directory=Path(settings.VAR_DIR))
        try:
            servers.wait_until_ready()
            self.stdout.write(_doors(port, servers.log))
            servers.watch()
        finally:
            servers.stop()


def _doors(port: int, log: Path) -> str:
    base = serving.origin(port)
    client = agencies_side.client_of("132080")
    return f"""
The small country is running. Its three doors:

  Citizens   {base}/
             Sign in with the card "hanako", PIN {cast.PIN}
  Clerks     {base}/desk/
             Sign in with the card "chofu-clerk-1", PIN {cast.PIN} (Chofu City)
  Agencies   {base}/api/   (OpenAPI: {base}/api/schema/)
             Chofu City is client {client["client_id"]}
             with the key in {agencies_side.directory_of("132080") / "client.json"}
             The story, as its system runs it: .venv/bin/python examples/child_allowance.py{_base_url(port)}

Other cards: {", ".join(slug for slug in cast.CARD_HOLDERS if slug not in {"hanako", "chofu-clerk-1"})}.
All have PIN {cast.PIN} and signature password {cast.SIGNATURE_PASSWORD}. What the servers say is in {log}.
Ctrl-C stops everything; nothing is lost.
"""


def _base_url(port: int) -> str:
    return "" if port == 8000 else f"   (with BASE_URL={serving.origin(port)})"


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Stopped

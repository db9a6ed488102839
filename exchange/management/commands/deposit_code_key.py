"""manage.py deposit_code_key: a hosted agency leaves its private key for codes here, so that it can be asked blind."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agencies import registry
from agencies.models import Agency
from codes import rist1
from exchange import trust

_KEY_BYTES = 32


class Command(BaseCommand):
    help = "Keep a hosted agency's private key for codes, sealed, so that its copies can be asked for blind."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("local_code", help="the agency's local code")
        parser.add_argument("file", type=Path, help="its code_key.json, as its client keeps it")

    def handle(self, *args: Any, local_code: str, file: Path, **options: Any) -> None:
        agency = Agency.objects.known(local_code)
        if agency is None:
            raise CommandError("There is no active agency with this local code.")
        if not agency.is_hosted:
            raise CommandError("It answers from its own system: its key stays there.")
        private_key = _key_in(file)
        trust.deposit_code_key(agency=agency, private_key=private_key, at=timezone.now())
        if registry.has_code_key(agency, rist1.public_key(private_key)):
            self.stdout.write("Its copies can be asked for blind from now on.")
        else:
            self.stdout.write("Kept. Its copies can be asked for blind when it has registered this key for its codes.")


def _key_in(file: Path) -> bytes:
    try:
        text = json.loads(file.read_text())["private_key"]
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (OSError, ValueError, KeyError, TypeError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise CommandError("This file has no private key for codes: it must be the agency's code_key.json.")
    return key

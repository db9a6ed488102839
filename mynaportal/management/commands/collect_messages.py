"""Report which texts of the program have no Japanese yet."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from babel.messages.pofile import normalize
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mynaportal import catalogues, messages


class Command(BaseCommand):
    help = (
        "List the texts in templates and Python that no part under locale/parts translates, ready to be pasted there."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when a text is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        known = catalogues.keys_in()
        used = messages.texts()
        missing: dict[str, list[str]] = defaultdict(list)
        for (context, text), place in used.items():
            if (context, text) not in known:
                context_line = f"msgctxt {normalize(context)}\n" if context else ""
                entry = f'#: {place}\n{context_line}msgid {normalize(text)}\nmsgstr ""\n'
                missing[messages.room_of(place)].append(entry)
        for room, entries in sorted(missing.items()):
            self.stdout.write(f"# locale/parts/{room}.po lacks {len(entries)}:\n" + "\n".join(entries))
        for (_context, text), part in sorted(known.items(), key=lambda item: item[1]):
            if (_context, text) not in used:
                self.stdout.write(f"# locale/parts/{part}.po translates a text that nothing shows: {text!r}")
        if missing and options["check"]:
            raise CommandError(f"{sum(map(len, missing.values()))} texts have no Japanese.")

"""manage.py cert_check: look again at every certificate that was issued."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards import audit
from cards.management.bar import bar
from cards.models import Certificate


class Command(BaseCommand):
    help = "Check every certificate against its profile, its row and the others, and what is published for verifiers."

    def handle(self, *args: Any, **options: Any) -> None:
        found = audit.check(at=timezone.now(), progress=bar(sys.stderr))
        for finding in found:
            self.stdout.write(f"{finding.rule} {finding.where}")
        if found:
            raise CommandError(f"{len(found)} findings.")
        self.stdout.write(f"{Certificate.objects.count()} certificates, no finding.")

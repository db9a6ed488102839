"""manage.py publish_status: bring what verifiers ask for up to date, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards import places, publication
from cards.pki.keyfiles import NoAuthority


class Command(BaseCommand):
    help = "Rebuild the revocation lists that changed, renew the responders' certificates, and check the whole."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = publication.publish(at=timezone.now())
        except (publication.NotCovered, NoAuthority) as error:
            raise CommandError(str(error)) from None
        for path in changed:
            self.stdout.write(str(path.relative_to(places.root())))
        self.stdout.write(f"{len(changed)} files written. Every revoked certificate is on its list, and no other.")

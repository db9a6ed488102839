"""What happens in the small country before the visitor comes: clerks at their desks, two moves, one protection, cards.

Every act is the one that a clerk's page calls.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.models import User
from cards import issuance
from cards.models import Card
from crossings import codes, look, move, protect
from crossings.purposes import Purpose
from databases import PORTAL
from mynaportal.demo import cast
from mynaportal.demo.population import Country
from residents import details, moves
from residents.models import Relation

_YAMADAS = (("hanako", Relation.HEAD), ("taro", Relation.HUSBAND), ("sakura", Relation.CHILD))
_CASE = "転入-2026-0601"


def appoint_clerks(country: Country) -> None:
    """A post for each clerk, under the staff directory's code. The clerk's private account is another one."""
    for clerk in country.shuffled(list(cast.CLERKS)):
        staff_code = codes.staff_code_of(country.resident_of(clerk.person))
        post = User.Post.SUPERVISOR if clerk.is_supervisor else User.Post.CLERK
        with transaction.atomic(using=PORTAL):
            User.objects.get_or_create(staff_code=staff_code, defaults={"agency": clerk.agency, "post": post})


def hanako_leaves(country: Country) -> None:
    """The Yamadas notify Mitaka that they move out."""
    clerk = _clerk(country, "mitaka-clerk-1")
    for key, _relation in _YAMADAS:
        moves.move_out(
            resident=country.resident_of(key),
            on=cast.HANAKO_MOVES_ON,
            by=clerk.pseudonym("registry"),
            at=country.at,
        )


def clerk_looks(country: Country) -> None:
    """Before he may see the arrivals' records, the clerk of Chofu says what for; each of them can read it."""
    for key, _relation in _YAMADAS:
        look.look(
            clerk=_clerk(country, "chofu-clerk-1"),
            resident=country.resident_of(key),
            purpose=Purpose.MOVING,
            case_number=_CASE,
            at=country.at,
        )


def hanako_arrives(country: Country) -> None:
    """The clerk of Chofu enters them, and Chofu gets its own codes for them."""
    household = None
    for key, relation in _YAMADAS:
        entry = move.move_in(
            clerk=_clerk(country, "chofu-clerk-1"),
            resident=country.resident_of(key),
            address=details.Address(**cast.HANAKO_NEW_HOME._asdict()),
            household=household,
            relation=relation,
            on=cast.HANAKO_MOVES_ON,
            at=country.at,
        )
        household = entry.household


def misaki_is_protected(country: Country) -> None:
    """Misaki has fled from Fuchu to Mitaka, and no one who asks may be shown where she is."""
    misaki, clerk = country.resident_of("misaki"), _clerk(country, "mitaka-clerk-2")
    home = details.Address(**cast.MISAKI_NEW_HOME._asdict())
    if misaki.current.local_government_code != home.local_government_code:
        moves.move_out(resident=misaki, on=cast.MISAKI_MOVES_ON, by="Fuchu", at=country.at)
        move.move_in(clerk=clerk, resident=misaki, address=home, on=cast.MISAKI_MOVES_ON, at=country.at)
    else:
        # Killed after the move: out and in again on one day would be another move, not this one repeated.
        move.know_here(entry=misaki.current, at=country.at)
    if not misaki.is_protected(country.at):
        protect.protect(clerk=clerk, resident=misaki, at=country.at)


def issue_cards(country: Country) -> None:
    """A card for everyone of the story. Its keys are made when it is first put into the reader."""
    clerks = {clerk.person for clerk in cast.CLERKS}
    for slug in country.shuffled(list(cast.CARD_HOLDERS)):
        resident = country.resident_of(slug)
        if not Card.objects.filter(resident=resident).exists():
            # A chip without a row is what a kill in the middle of this act leaves.
            (Path(settings.CARDS_DIR) / f"{slug}.card").unlink(missing_ok=True)
            issuance.issue(
                resident=resident,
                pin=cast.PIN,
                signature_password=cast.SIGNATURE_PASSWORD,
                slug=slug,
                at=country.at,
                portal_code=codes.portal_code_of(resident),
                staff_code=codes.staff_code_of(resident) if slug in clerks else None,
            )


def _clerk(country: Country, slug: str) -> User:
    account = User.objects.clerk(codes.staff_code_of(country.resident_of(slug)))
    assert account is not None  # noqa: S101  appointed in an earlier stage
    return account

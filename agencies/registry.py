"""Who takes part in the exchange: the reference list, and the public keys that the agencies register."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import transaction

from agencies.models import Agency
from codes import proofs, rist1
from databases import EXCHANGE
from keys import custody

_REFERENCE = Path(__file__).parent / "reference.csv"
# Two agencies are ours: their private keys come from custody, so that their codes open where they are needed.
_OWN_KEYS = {Agency.Kind.PORTAL: "portal-code", Agency.Kind.STAFF_DIRECTORY: "staff-code"}


def load(path: Path = _REFERENCE) -> int:
    """Bring the table in line with the list and return how many agencies it names. Again changes nothing.

    Keys that agencies registered stay; an agency that the list no longer names stays too. The assessment of an agency
    that is there, and who answers for it, stay as they were last set (exchange.trust).
    """
    lines = _lines(path)
    with transaction.atomic(using=EXCHANGE):
        for line in lines:
            facts = _facts(line)
            agency, _ = Agency.objects.update_or_create(
                local_code=line["local_code"], defaults=facts, create_defaults=facts | _at_first(line)
            )
            if private_key := _own_key(agency):
                register_own_key(agency=agency, private_key=private_key)
    return len(lines)


def not_as_listed(path: Path = _REFERENCE) -> list[Agency]:
    """What `load` would enter or change, unsaved and as it will be: new agencies, and those with other facts or, of
    our own two, another key."""
    known = {agency.local_code: agency for agency in Agency.objects.all()}
    found = []
    for line in _lines(path):
        listed = Agency(local_code=line["local_code"], **_facts(line), **_at_first(line))
        private_key = _own_key(listed)
        listed.code_public_key = rist1.public_key(private_key) if private_key else None
        agency = known.get(listed.local_code)
        is_known = agency is not None and all(getattr(agency, name) == fact for name, fact in _facts(line).items())
        if agency is None or not is_known or (private_key and not has_code_key(agency, listed.code_public_key)):
            found.append(listed)
    return found


def has_code_key(agency: Agency, public_key: bytes) -> bool:
    """Whether this is the key that the agency has registered."""
    return agency.code_public_key is not None and bytes(agency.code_public_key) == public_key


def register_code_key(*, agency: Agency, public_key: bytes, proof: bytes) -> None:
    """The agency's own key, to which its codes are issued. It may change at any time: codes do not depend on it.

    `proof` shows that the agency has the private key (`proofs.prove_possession` with its local code): without it, an
    agency could register a key made from another's and learn what was meant for that one. Raises MalformedCode for a
    value that is not a point, ProofRejected.
    """
    proofs.check_possession(proof, public_key=public_key, owner=agency.local_code)
    agency.code_public_key = public_key
    agency.save(using=EXCHANGE, update_fields=["code_public_key"])


def register_own_key(*, agency: Agency, private_key: bytes) -> None:
    """As `register_code_key`, by the side that has the private key and proves it."""
    proof = proof_of(agency=agency, private_key=private_key)
    register_code_key(agency=agency, public_key=rist1.public_key(private_key), proof=proof)


def proof_of(*, agency: Agency, private_key: bytes) -> bytes:
    """What shows that the agency has this private key."""
    return proofs.prove_possession(private_key, owner=agency.local_code)


def set_assessment(*, agency: Agency, until: date | None) -> None:
    """The last day on which the agency's impact assessment stands (article 28); None: it has none."""
    agency.assessment_until = until
    agency.save(using=EXCHANGE, update_fields=["assessment_until"])


def set_active(*, agency: Agency, is_active: bool) -> None:
    """An agency that is not active asks nothing, is asked nothing, and its programs are not let in."""
    agency.is_active = is_active
    agency.save(using=EXCHANGE, update_fields=["is_active"])


def own_private_key(agency: Agency) -> bytes:
    """The private key of the portal or the staff directory. Raises KeyNotHere in a process of another door."""
    return _private_key(_OWN_KEYS[Agency.Kind(agency.kind)])


def _own_key(agency: Agency) -> bytes | None:
    """The private key of one of our own two, in a process that has it."""
    purpose = _OWN_KEYS.get(Agency.Kind(agency.kind))
    return _private_key(purpose) if purpose in settings.KEY_PURPOSES else None


def _private_key(purpose: str) -> bytes:
    return rist1.private_key_from(custody.current(purpose).material)


def _facts(line: dict[str, str]) -> dict[str, object]:
    return {
        "corporate_number": line["corporate_number"],
        "name_ja": line["name_ja"],
        "name_en": line["name_en"],
        "kind": line["kind"],
    }


def _at_first(line: dict[str, str]) -> dict[str, object]:
    """What an agency enters with; acts of trust change it."""
    return {
        "is_hosted": line["is_hosted"] == "1",
        "assessment_until": date.fromisoformat(line["assessment_until"]) if line["assessment_until"] else None,
    }


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

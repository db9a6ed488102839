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

    Keys that agencies registered stay, and so does what answers from its own system; an agency that the list no longer
    names stays too.
    """
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    with transaction.atomic(using=EXCHANGE):
        answer_themselves = set(Agency.objects.exclude(provider_url="").values_list("local_code", flat=True))
        for line in lines:
            facts = _facts(line)
            facts["is_hosted"] = facts["is_hosted"] and line["local_code"] not in answer_themselves
            agency, _ = Agency.objects.update_or_create(local_code=line["local_code"], defaults=facts)
            _register_own_key(agency)
    return len(lines)


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
    proof = proofs.prove_possession(private_key, owner=agency.local_code)
    register_code_key(agency=agency, public_key=rist1.public_key(private_key), proof=proof)


def own_private_key(agency: Agency) -> bytes:
    """The private key of the portal or the staff directory. Raises KeyNotHere in a process of another door."""
    return rist1.private_key_from(custody.current(_OWN_KEYS[Agency.Kind(agency.kind)]).material)


def _register_own_key(agency: Agency) -> None:
    purpose = _OWN_KEYS.get(Agency.Kind(agency.kind))
    if purpose in settings.KEY_PURPOSES:
        register_own_key(agency=agency, private_key=own_private_key(agency))


def _facts(line: dict[str, str]) -> dict[str, object]:
    return {
        "corporate_number": line["corporate_number"],
        "name_ja": line["name_ja"],
        "name_en": line["name_en"],
        "kind": line["kind"],
        "is_hosted": line["is_hosted"] == "1",
        "assessment_until": date.fromisoformat(line["assessment_until"]) if line["assessment_until"] else None,
    }

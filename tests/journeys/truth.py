"""Run inside the country, with all its keys: who is who, so that a test can look for it where it must not be."""

from __future__ import annotations

import json

TRUTH = """
import json, sys
from agencies.models import Agency
from codes.rist1 import format_code
from crossings.codes import portal_code_of
from exchange import ledger
from exchange.conversion import convert
from holdings.models import Holding
from numbering import vault
from numbering.models import IssuedNumber
from residents.models import LocalPerson, Resident

portal = Agency.objects.portal()
agencies = [a for a in Agency.objects.all() if Holding.objects.filter(agency=a.local_code).exists()]
people = []
for resident in Resident.objects.all():
    entry = resident.current
    code = portal_code_of(resident)
    people.append({
        "resident": resident.pk.hex,
        "record_code": resident.resident_record_code,
        "names": [entry.full_name, entry.latin_name],
        "numbers": [vault.open_number(n) for n in IssuedNumber.objects.filter(resident=resident)],
        "codes": {"900043": format_code(code), **{
            a.local_code: format_code(convert(code=code, source=portal, target=a)) for a in agencies}},
        "subject": ledger.subject_of(code).hex(),
        "local_ids": list(LocalPerson.objects.filter(resident=resident).values_list("local_id", flat=True)),
    })
json.dump(people, sys.stdout)
"""


def parse(printed: str) -> list[dict]:
    return json.loads(printed[printed.index("[{") :])

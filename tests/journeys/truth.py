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


# Inquiries in every state: one that waits, one answered and not fetched, one cancelled, each under a reference.
WAITING = """
from django.utils import timezone
from agencies.models import Agency
from crossings.codes import portal_code_of
from exchange import decisions, ledger, standing
from exchange.conversion import convert
from exchange.inquiry import inquire
from holdings import waiting
from holdings.models import Holding
from residents.models import Resident

portal = Agency.objects.portal()
mitaka, chofu = (Agency.objects.get(local_code=code) for code in ("132047", "132080"))
waiting.set_by_hand(agency="132047", data_set="TM00000000000002")
answers = []
for resident in Resident.objects.all()[:6]:
    code = convert(code=portal_code_of(resident), source=portal, target=chofu)
    waiting.set_by_hand(
        agency="132047", data_set="TM00000000000001",
        code=convert(code=portal_code_of(resident), source=portal, target=mitaka),
    )
    answers.append(inquire(
        inquirer=chofu, code=code, provider=mitaka, affair="JM90000000000001", data_set="TM00000000000002",
        items=["0200000010"], reference=f"R-{len(answers)}", at=timezone.now(),
    ))
for answer in answers[:2]:
    reference = ledger.reference(ledger.event_of(answer.record, "inquirer"), "provider")
    decisions.approve(provider=mitaka, reference=reference, private={"reason": "checked"}, at=timezone.now())
standing.cancel(inquirer=chofu, record=answers[2].record, at=timezone.now())
waiting.set_automatic(agency="132047", data_set="TM00000000000002")
print([standing.result(inquirer=chofu, record=answer.record, at=timezone.now()).outcome for answer in answers[1:]])
"""


def parse(printed: str) -> list[dict]:
    return json.loads(printed[printed.index("[{") :])


# Everything that a careless print, log line or queue would show: each row's repr and str, what acts raise, and what
# is handed to the queue.
SHOWN = """
import traceback
from contextlib import suppress
from celery.app.task import Task
from django.apps import apps
from django.utils import timezone
from agencies.models import Agency
from accounts import contact
from accounts.models import User
from codes import rist1
from codes.rist1 import format_code
from crossings import deliver
from crossings.codes import portal_code_of
from exchange import conversion, inquiry, records
from keys import custody, sealing
from numbering import assignment, notice, vault
from numbering.models import IssuedNumber
from residents import register
from residents.models import Resident

at = timezone.now()
for model in apps.get_models():
    for row in model._default_manager.all()[:300]:
        print(repr(row), str(row), f"{row}")

queued = []
Task.apply_async = lambda self, *args, **kwargs: queued.append((self.name, args, kwargs))
Task.apply = Task.apply_async

resident = next(r for r in Resident.objects.all() if r.current.family_name == "山田")
number = vault.open_number(IssuedNumber.objects.filter(resident=resident).first())
own = portal_code_of(resident)
portal, chofu, mitaka = (Agency.objects.get(local_code=c) for c in ("900043", "132080", "132047"))
code = conversion.convert(code=own, source=portal, target=chofu)
contact.set_email(user=User.objects.citizen(own), address="someone@example.com")
sent = deliver.deliver_notice(
    sender=chofu, code=code, affair="JM90000000000001", reference="R-1", subject="S", body="B", documents=[], at=at)
print(repr(sent), repr(own), repr(code), str(code), repr(custody.current("record-seal")))
print(repr(records.of_citizen(portal_code=own, at=at)))
answer = inquiry.inquire(
    inquirer=chofu, code=code, provider=mitaka, affair="JM90000000000001", data_set="TM00000000000002",
    items=["0200000010"], at=at)
print(repr(answer), str(answer))

def fails(act):
    try:
        act()
    except Exception:
        print(traceback.format_exc(limit=0))
    else:
        raise SystemExit("an act that should fail did not")

fails(lambda: rist1.parse_code(format_code(code) + "a"))
fails(lambda: rist1.parse_code(number))
fails(lambda: conversion.convert(code=rist1.Code(code.value, 7), source=chofu, target=mitaka))
fails(lambda: vault.seal(number[:11] + str((int(number[11]) + 1) % 10), issued_number_id=resident.pk))
fails(lambda: sealing.open_sealed("number-seal", bytes(IssuedNumber.objects.filter(resident=resident).first().sealed),
                                  context="elsewhere"))
fails(lambda: inquiry.inquire(inquirer=chofu, code=code, provider=mitaka, affair="JM99999999999999",
                              data_set="TM00000000000002", items=["0200000010"], at=at))
fails(lambda: register.record_death(resident=resident, on=at.date().replace(year=at.year + 1), by="x", at=at))
print("queued", queued)
"""

"""An inquiry of Mitaka's that waits at Chofu's desk."""

from __future__ import annotations

from django.utils import timezone

from agencies.models import Agency
from codes.rist1 import Code
from crossings.codes import portal_code_of
from exchange import conversion
from exchange.inquiry import Answer, inquire
from holdings import copies, waiting
from residents.models import Resident
from tests.desk.world import CHOFU, MITAKA

LIST = "/desk/waiting/"
LOCAL_TAX, INCOME = "TM00000000000002", "0200000010"


def ask_and_wait(resident: Resident) -> Answer:
    """Chofu holds the resident's income, and decides by hand; Mitaka asks."""
    copies.register(
        agency=CHOFU,
        code=code_at(CHOFU, resident),
        data_set=LOCAL_TAX,
        items={INCOME: {"value": "3120457"}},
        at=timezone.now(),
    )
    waiting.set_by_hand(agency=CHOFU, data_set=LOCAL_TAX)
    return ask(resident)


def ask(resident: Resident) -> Answer:
    return inquire(
        inquirer=Agency.objects.get(local_code=MITAKA),
        code=code_at(MITAKA, resident),
        provider=Agency.objects.get(local_code=CHOFU),
        affair="JM90000000000001",
        data_set=LOCAL_TAX,
        items=[INCOME],
        at=timezone.now(),
    )


def code_at(local_code: str, resident: Resident) -> Code:
    target = Agency.objects.get(local_code=local_code)
    return conversion.convert(code=portal_code_of(resident), source=Agency.objects.portal(), target=target)

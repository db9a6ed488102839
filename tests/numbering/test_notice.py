"""Who sees a number: four digits by default, all of it for a reason on record, and its holder by letter."""

from __future__ import annotations

import io

import pytest
from django.utils import translation
from pypdf import PdfReader

from numbering import vault
from numbering.assignment import assign
from numbering.check_digits import display
from numbering.chips import chip_number
from numbering.models import IssuedNumber, Unmasking
from numbering.notice import ReasonMissing, masked, number_notice, unmask
from residents.models import Resident
from tests.residents.people import CLERK, hanako, noon
from tests.support import DATABASES

pytestmark = DATABASES

NOW = noon("2026-06-02")


def with_number() -> tuple[Resident, str]:
    resident = hanako()
    return resident, vault.open_number(assign(resident=resident, at=NOW))


def test_masked_shows_the_last_four() -> None:
    resident, number = with_number()
    assert masked(resident) == f"•••• •••• {number[-4:]}"


def test_no_number_is_no_mask() -> None:
    assert masked(hanako()) == ""


def test_unmasking_leaves_who_when_and_why() -> None:
    resident, number = with_number()
    assert unmask(resident=resident, by=CLERK, reason=" identity check at the counter ", at=NOW) == number
    row = Unmasking.objects.get()
    assert (row.by, row.reason, row.at) == (CLERK, "identity check at the counter", NOW)
    assert vault.open_number(row.issued_number) == number


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_without_a_reason_nothing_is_shown(reason: str) -> None:
    resident, number = with_number()
    with pytest.raises(ReasonMissing) as caught:
        unmask(resident=resident, by=CLERK, reason=reason, at=NOW)
    assert not Unmasking.objects.exists()
    assert number not in str(caught.value)


def test_who_has_no_number_cannot_be_unmasked() -> None:
    with pytest.raises(IssuedNumber.DoesNotExist):
        unmask(resident=hanako(), by=CLERK, reason="test", at=NOW)
    assert not Unmasking.objects.exists()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_letter_prints_number_and_person_and_is_on_record(language: str) -> None:
    resident, number = with_number()
    with translation.override(language):
        letter = number_notice(resident=resident, by=CLERK, reason="notice", at=NOW)
    pdf = PdfReader(io.BytesIO(letter))
    text = pdf.pages[0].extract_text()
    for shown in (display(number), "山田", "花子", "三鷹市", "2026"):
        assert shown in text
    assert len(pdf.pages) == 1
    assert number not in str(pdf.metadata) and "山田" not in str(pdf.metadata)
    assert Unmasking.objects.count() == 1


def test_the_chip_is_handed_the_number() -> None:
    resident, number = with_number()
    written: list[str] = []
    assert chip_number(resident=resident, write=written.append) is None
    assert written == [number]

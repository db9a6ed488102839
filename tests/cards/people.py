"""People with cards, for tests."""

from __future__ import annotations

import datetime as dt
import io
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from cards import issuance
from cards.chip.card import VirtualCard
from cards.models import Card
from cards.reader.terminal import Terminal
from codes.rist1 import Code, multiply, new_scalar, person_point
from numbering import assignment
from residents.details import PersonDetails
from residents.models import Resident
from tests.cards.chips import PASSWORD, PIN
from tests.residents.people import HANAKO, settle

NOW = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)


def new_code() -> Code:
    return Code(multiply(person_point(new_scalar()), new_scalar()), 1)


@pytest.fixture
def places(settings, tmp_path: Path) -> Path:
    """Cards and authorities of this test alone."""
    settings.CARDS_DIR, settings.PKI_DIR = tmp_path / "cards", tmp_path / "pki"
    return tmp_path


@cache
def portrait(*, width: int = 700, height: int = 900, background: int = 235, head_top: float = 0.14) -> bytes:
    """A picture with a plain background and something like a head and shoulders."""
    image = Image.new("L", (width, height), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse((width * 0.27, height * head_top, width * 0.73, height * (head_top + 0.6)), fill=130)
    pen.rectangle((width * 0.12, min(height * (head_top + 0.6), height), width * 0.88, height), fill=60)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60)
    return content.getvalue()


def person(details: PersonDetails = HANAKO) -> Resident:
    """A resident with a number."""
    resident = settle(details, on="2025-01-10").resident
    assignment.assign(resident=resident, at=NOW)
    return resident


def issued(
    resident: Resident | None = None, *, slug: str | None = None, at: dt.datetime = NOW, clerk: bool = False
) -> Card:
    """A card on its way: the row and the blank chip."""
    return issuance.issue(
        resident=resident or person(),
        pin=PIN,
        signature_password=PASSWORD,
        slug=slug,
        at=at,
        portal_code=new_code(),
        staff_code=new_code() if clerk else None,
    )


def in_use(
    resident: Resident | None = None, *, slug: str | None = None, at: dt.datetime = NOW, clerk: bool = False
) -> Card:
    """A card that its holder has in hand."""
    return issuance.personalise(card=issued(resident, slug=slug, at=at, clerk=clerk), at=at)


def chip(card: Card) -> VirtualCard:
    return VirtualCard(issuance.chip_file(card))


def terminal(card: Card) -> Terminal:
    return Terminal(chip(card).transmit)

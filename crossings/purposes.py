"""For what a clerk may open a resident's record. The resident reads it in these words, in the language of the page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """Each names a task of the municipality under the Basic Resident Registration Act or the Number Act; the last one
    is the commission's."""

    MOVING = "MOVING", _("a notification of moving")
    PERSONAL_STATUS = "PERSONAL_STATUS", _("a notification of birth, change of name or death")
    CERTIFICATE = "CERTIFICATE", _("a certificate that the person asked for")
    CORRECTION = "CORRECTION", _("checking and correcting the record")
    NUMBER = "NUMBER", _("the Individual Number or its notice")
    CARD = "CARD", _("the Individual Number Card")
    PROTECTION = "PROTECTION", _("support measures for the person's protection")
    PROCEDURE = "PROCEDURE", _("a procedure of another section of the municipality")
    SECOND_STEP = "SECOND_STEP", _("checking what a colleague asked for")
    OTHER = "OTHER", _("another purpose")
    SUPERVISION = "SUPERVISION", _("the supervision of agencies")

    @classmethod
    def of_municipalities(cls) -> list[tuple[str, str]]:
        """What a clerk at a counter may choose from."""
        return [choice for choice in cls.choices if choice[0] != cls.SUPERVISION]


def stored(purpose: str, words: str = "") -> str:
    """How a record keeps it: the purpose's name, and after a colon the clerk's own words. Raises ValueError."""
    name = Purpose(purpose).value
    return f"{name}: {words.strip()}" if words.strip() else name


def in_words(text: str) -> str:
    """What a record kept, for reading: in the language of the page, the clerk's own words as they were written."""
    name, _colon, words = text.partition(": ")
    if name not in Purpose.values:
        return text
    label = str(Purpose(name).label)
    return f"{label}: {words}" if words else label

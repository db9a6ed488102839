"""What a document must be before it enters a mailbox: a PDF of at most 4 MB with a harmless name."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from django.utils.translation import gettext as _

LARGEST_DOCUMENT = 4 * 1024 * 1024
MOST_DOCUMENTS = 10
_LONGEST_NAME = 100


class DocumentRefused(ValueError):
    """The document cannot be delivered; the text says why, without its name."""


class Attachment(NamedTuple):
    """A document on its way into a mailbox."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        return "<Attachment>"


def checked(name: str, content: bytes) -> Attachment:
    """The document with a clean name. Raises DocumentRefused.

    The type is told by the first bytes (ISO 32000-1, 7.5.2) and never by the name or by what the sender says.
    """
    if not content.startswith(b"%PDF-"):
        raise DocumentRefused(_("A document must be a PDF file."))
    if len(content) > LARGEST_DOCUMENT:
        raise DocumentRefused(_("A document may have at most 4 MB."))
    return Attachment(clean_name(name), bytes(content))


def clean_name(name: str) -> str:
    """A file name without folders, control characters and turned-round writing, ending in .pdf."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Categories C*: control and format characters, among them those that reverse the writing ("fdp.exe" as "exe.pdf").
    visible = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C" and sign not in '<>:"|?*;')
    stem = re.sub(r"\s+", " ", re.sub(r"(?i)\.pdf$", "", visible.strip())).strip(" .")
    return f"{stem[:_LONGEST_NAME] or 'document'}.pdf"

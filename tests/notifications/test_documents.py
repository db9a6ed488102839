"""Only PDF files of a bearable size enter a mailbox, under harmless names."""

from __future__ import annotations

import pytest

from notifications.documents import LARGEST_DOCUMENT, DocumentRefused, checked, clean_name
from tests.mailing import PDF


@pytest.mark.parametrize("content", [b"", b"<html>", b"MZ\x90", b"\n%PDF-1.4", b"PK\x03\x04", PDF[1:]])
def test_what_is_no_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentRefused):
        checked("notice.pdf", content)


def test_the_largest_size_passes_and_one_byte_more_does_not() -> None:
    largest = PDF + b" " * (LARGEST_DOCUMENT - len(PDF))
    assert checked("a.pdf", largest).content == largest
    with pytest.raises(DocumentRefused):
        checked("a.pdf", largest + b" ")


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("認定通知書.pdf", "認定通知書.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        (r"C:\letters\notice.PDF", "notice.pdf"),
        ("notice\r\nX-Evil: 1.pdf", "noticeX-Evil 1.pdf"),
        ("notice\u202efdp.exe", "noticefdp.exe.pdf"),
        ('a"b;c<d>.pdf', "abcd.pdf"),
        ("", "document.pdf"),
        (".pdf", "document.pdf"),
        ("...", "document.pdf"),
        ("x" * 300, "x" * 100 + ".pdf"),
        ("か\u3099.pdf", "が.pdf"),
    ],
)
def test_names_are_cleaned(given: str, clean: str) -> None:
    assert clean_name(given) == clean


def test_an_attachment_shows_nothing_of_itself() -> None:
    assert repr(checked("山田花子.pdf", PDF)) == "<Attachment>"

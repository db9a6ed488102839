"""Letters: readable text in both languages, the font inside, nothing of a person in the metadata."""

from __future__ import annotations

import io

from pypdf import PdfReader

from letters import font_path, letter


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_all_parts_are_on_the_page() -> None:
    pdf = letter(
        title="個人番号通知書",
        recipient="山田　花子 様",
        sender="三鷹市長",
        date="2026年6月2日",
        paragraphs=["お知らせします。", "Plain <b>text</b> & signs"],
        table=[("氏名", "山田　花子"), ("Name", "YAMADA HANAKO")],
        footer="大切に保管してください。",
    )
    assert pdf.startswith(b"%PDF-")
    text = text_of(pdf)
    for part in (
        "個人番号通知書",
        "三鷹市長",
        "2026年6月2日",
        "お知らせします。",
        "<b>text</b> & signs",
        "YAMADA HANAKO",
        "保管",
    ):
        assert part in text


def test_the_font_is_embedded_and_its_package_never_imported() -> None:
    import sys

    fonts = PdfReader(io.BytesIO(letter(title="題"))).pages[0]["/Resources"]["/Font"]
    described = [
        f.get_object()["/FontDescriptor"].get_object() for f in fonts.values() if "/FontDescriptor" in f.get_object()
    ]
    assert any("/FontFile2" in d and "IPAexGothic" in d["/FontName"] for d in described)
    assert font_path().endswith("ipaexg.ttf")
    assert "matplotlib_fontja" not in sys.modules


def test_the_metadata_name_nobody() -> None:
    assert "山田" not in str(PdfReader(io.BytesIO(letter(title="通知", recipient="山田　花子 様"))).metadata)


def test_long_letters_go_on_over_pages_and_variants_print_as_their_base() -> None:
    pdf = letter(title="通知", paragraphs=["長い文です。" * 400] * 5, footer="葛\U000e0100飾")
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 1
    assert "葛飾" in text_of(pdf)

"""Letters as PDF: one plain page layout with an embedded Japanese font. Pure: text in, bytes out, no model, no setting.

The font is IPAexGothic (IPA Font License) out of the files of `matplotlib-fontja`, whose code is never imported.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

FONT = "IPAexGothic"
_INK = HexColor("#1a1a1a")
_LINE = HexColor("#b3b3b3")
_MARGIN = 25 * mm
# The font has no glyph variants, so that a selector would print as an empty box.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def letter(
    *,
    title: str,
    paragraphs: Sequence[str] = (),
    table: Sequence[tuple[str, str]] = (),
    footer: str = "",
    recipient: str = "",
    sender: str = "",
    date: str = "",
) -> bytes:
    """One A4 letter: recipient left, date and sender right, title, paragraphs, a table of (label, value), a footer.

    A name's variation selectors are left out: the letter shows the base character, the register keeps the variant.
    Line breaks inside a text are kept; everything else is wrapped, in Japanese too. The metadata name nobody: they have
    the title only.
    """
    _load_font()
    story: list[Flowable] = []
    if recipient:
        story.append(_paragraph(recipient, size=12))
    story += [_paragraph(text, size=10.5, alignment=2) for text in (date, sender) if text]
    story += [Spacer(1, 8 * mm), _paragraph(title, size=17, alignment=1, after=8 * mm)]
    story += [_paragraph(text, size=11, after=3.5 * mm) for text in paragraphs]
    if table:
        story += [Spacer(1, 3 * mm), _table(table)]
    if footer:
        story += [Spacer(1, 10 * mm), _paragraph(footer, size=9)]
    out = io.BytesIO()
    SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        author="",
        lang="ja",
    ).build(story)
    return out.getvalue()


def font_path() -> str:
    """Where the embedded font lies. Raises FileNotFoundError when the package lost it."""
    for file in metadata.files("matplotlib-fontja") or ():
        if file.name.lower() == "ipaexg.ttf":
            return str(file.locate())
    raise FileNotFoundError("matplotlib-fontja is installed without ipaexg.ttf.")


@cache
def _load_font() -> None:
    pdfmetrics.registerFont(TTFont(FONT, font_path()))


def _paragraph(text: str, *, size: float, alignment: int = 0, after: float = 0) -> Paragraph:
    # wordWrap "CJK" breaks between any two characters, as Japanese is set; words of Latin letters stay whole enough.
    style = ParagraphStyle(
        "text",
        fontName=FONT,
        fontSize=size,
        leading=size * 1.7,
        textColor=_INK,
        alignment=alignment,
        spaceAfter=after,
        wordWrap="CJK" if any(ord(sign) > 0x2E7F for sign in text) else None,
    )
    return Paragraph(escape(_SELECTORS.sub("", text)).replace("\n", "<br/>"), style)


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [[_paragraph(label, size=10), _paragraph(value, size=11)] for label, value in rows]
    return Table(
        cells,
        colWidths=[50 * mm, A4[0] - 2 * _MARGIN - 50 * mm],
        style=[
            ("LINEABOVE", (0, 0), (-1, 0), 0.5, _LINE),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ],
    )

"""Names as the register writes them: checked, in one normal form, glyph variants kept.

The official form is NFC and never NFKC: 髙 is not 高, 葛 with a variation selector is not 葛 without. NFC itself would
fold the CJK compatibility ideographs (神 U+FA19 into 神), so these are left as they are written.
"""

from __future__ import annotations

import re
import unicodedata

from residents.errors import MalformedKana, MalformedLatinName, MalformedName

_COMPATIBILITY = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f])")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_STRAY_SELECTOR = re.compile(
    "(?:^|[^\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_KATAKANA = re.compile("[ァ-ヺ](?:[ ァ-ヺー・ヽヾ]*[ァ-ヺー・ヽヾ])?")
_LATIN = re.compile("[A-Za-z](?:[A-Za-z '.,-]*[A-Za-z.])?")
# Letters and marks, the iteration mark and long vowel, middle dot, hyphens, apostrophe and single spaces inside.
_CATEGORIES = frozenset({"Lo", "Lm", "Lu", "Ll", "Mn", "Mc", "Nl"})
_SIGNS = frozenset("・々〆ヶー゠-‐'’. ")
_MOST_CHARACTERS = 50

# Pairs that clerks type for each other; for finding only, never for writing.
_VARIANTS = str.maketrans(
    "髙﨑栁濵濱邊邉邉齋齊澤廣國櫻德瀨嶋嶌惠眞廣冨槇籔𠮷桒舘曻靜",
    "高崎柳浜浜辺辺辺斎斉沢広国桜徳瀬島島恵真広富槙薮吉桑館昇静",
)


def official(text: str) -> str:
    """The name in the register's form. Raises MalformedName when it is empty or no name can look so."""
    name = _nfc(text)
    visible = _VARIATION_SELECTORS.sub("", name)
    if not visible or len(visible) > _MOST_CHARACTERS or name != name.strip() or "  " in name:
        raise MalformedName
    if _STRAY_SELECTOR.search(name):
        raise MalformedName
    if not all(sign in _SIGNS or unicodedata.category(sign) in _CATEGORIES for sign in name):
        raise MalformedName
    return name


def official_or_empty(text: str) -> str:
    return official(text) if text else ""


def kana(text: str) -> str:
    """The reading in full-width katakana (half-width is widened). Raises MalformedKana."""
    reading = unicodedata.normalize("NFKC", text)
    if not _KATAKANA.fullmatch(reading) or len(reading) > _MOST_CHARACTERS:
        raise MalformedKana
    return reading


def kana_or_empty(text: str) -> str:
    return kana(text) if text else ""


def latin_or_empty(text: str) -> str:
    """The name in Latin letters as in the passport or residence card. Raises MalformedLatinName."""
    if text and (not _LATIN.fullmatch(text) or len(text) > 2 * _MOST_CHARACTERS):
        raise MalformedLatinName
    return text


def searchable(text: str) -> str:
    """The form in which names are found: without selectors, variants folded, one space between the parts."""
    plain = unicodedata.normalize("NFKC", _VARIATION_SELECTORS.sub("", text)).translate(_VARIANTS)
    return " ".join(plain.split()).upper()


def _nfc(text: str) -> str:
    pieces = _COMPATIBILITY.split(text.replace("\u3000", " "))
    return "".join(p if _COMPATIBILITY.fullmatch(p) else unicodedata.normalize("NFC", p) for p in pieces)

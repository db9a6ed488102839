"""Names: variants kept, nonsense refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.errors import MalformedKana, MalformedLatinName, MalformedName
from residents.names import kana, latin_or_empty, official, searchable


@pytest.mark.parametrize(
    "name",
    ["髙橋", "﨑", "葛\U000e0100飾", "渡邉\U000e0104", "神\ufe00", "\ufa19", "𠮷野", "佐々木",
     "いすゞ", "山ノ内", "マ・クベ", "〆木", "〇", "O'Neil", "José"],
)  # fmt: skip
def test_a_name_is_kept_as_it_is_written(name: str) -> None:
    assert official(name) == name


def test_composed_form_is_nfc_but_never_nfkc() -> None:
    assert official("か\u3099んた") == "がんた"
    assert official("髙") != unicodedata.normalize("NFKC", "高")
    assert official("\ufa19") != unicodedata.normalize("NFC", "\ufa19")  # NFC alone would fold it
    assert official("マリア\u3000テレサ") == "マリア テレサ"


@pytest.mark.parametrize(
    "name",
    ["", " ", " 山田", "山田 ", "山  田", "山\n田", "山\t田", "山\u0000田", "山田1", "山田１", "山田!",
     "<b>", "山\u200b田", "\u202e山田",
     "\ufe00山", "a\U000e0100", "山\U000e0100\U000e0101", "\ud800", "\ue000", "😀", "山" * 51],
)  # fmt: skip
def test_what_no_name_can_be_is_refused(name: str) -> None:
    with pytest.raises(MalformedName):
        official(name)


@given(st.text(max_size=60))
def test_an_accepted_name_is_stable(text: str) -> None:
    try:
        once = official(text)
    except MalformedName:
        return
    assert official(once) == once


def test_kana_is_wide_katakana() -> None:
    assert kana("ﾔﾏﾀﾞ") == "ヤマダ"
    for wrong in ("やまだ", "YAMADA", "", "ヤマダ1", " ヤマダ", "ー"):
        with pytest.raises(MalformedKana):
            kana(wrong)


def test_latin_letters() -> None:
    assert latin_or_empty("") == ""
    assert latin_or_empty("O'NEIL-SMITH, ANNE M.") == "O'NEIL-SMITH, ANNE M."
    for wrong in ("ＡＢＣ", "JOSÉ", "A\n", "1A", "山田"):
        with pytest.raises(MalformedLatinName):
            latin_or_empty(wrong)


def test_the_form_for_finding_folds_what_the_form_for_writing_keeps() -> None:
    assert searchable("髙﨑\u3000葛\U000e0100子") == searchable("高崎 葛子") == "高崎 葛子"
    assert searchable("smith  John") == "SMITH JOHN"

"""The Japanese texts: parts are merged, contradictions named, and nothing that a citizen sees lacks a translation."""

from __future__ import annotations

import gettext
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mynaportal import catalogues, messages

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


def part(directory: Path, room: str, *entries: str) -> Path:
    path = directory / f"{room}.po"
    path.write_text(HEADER + "\n".join(entries))
    return path


def entry(english: str, japanese: str, context: str = "", flag: str = "") -> str:
    lines = [flag, f'msgctxt "{context}"' if context else "", f'msgid "{english}"', f'msgstr "{japanese}"']
    return "\n".join(line for line in lines if line) + "\n"


def test_parts_are_merged_into_one_catalogue(tmp_path: Path) -> None:
    part(tmp_path, "a", entry("Yes", "はい"), entry("Open", "開く"))
    part(tmp_path, "b", entry("Yes", "はい"), entry("Open", "開いています", context="state"))
    target = tmp_path / "ja" / "django.mo"
    assert catalogues.compile_all(parts=tmp_path, target=target) == 3
    with target.open("rb") as file:
        texts = gettext.GNUTranslations(file)
    assert texts.gettext("Yes") == "はい"
    assert texts.gettext("Open") == "開く"
    assert texts.pgettext("state", "Open") == "開いています"


def test_plural_forms_have_one_japanese_text(tmp_path: Path) -> None:
    part(tmp_path, "a", 'msgid "%(n)s letter"\nmsgid_plural "%(n)s letters"\nmsgstr[0] "%(n)s通のお知らせ"\n')
    target = tmp_path / "django.mo"
    catalogues.compile_all(parts=tmp_path, target=target)
    with target.open("rb") as file:
        texts = gettext.GNUTranslations(file)
    assert texts.ngettext("%(n)s letter", "%(n)s letters", 2) == "%(n)s通のお知らせ"


def test_two_translations_of_one_text_name_both_parts(tmp_path: Path) -> None:
    part(tmp_path, "a", entry("Close", "閉じる"))
    part(tmp_path, "b", entry("Close", "終了"))
    with pytest.raises(catalogues.CatalogueError) as caught:
        catalogues.merged(tmp_path)
    assert "a.po" in str(caught.value)
    assert "b.po" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(entry("Close", ""), "no translation"), (entry("Close", "閉じる", flag="#, fuzzy"), "fuzzy")],
)
def test_an_unready_translation_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    part(tmp_path, "a", wrong)
    with pytest.raises(catalogues.CatalogueError, match=said):
        catalogues.merged(tmp_path)


def test_nothing_is_done_twice_and_every_change_is_seen(tmp_path: Path) -> None:
    target = tmp_path / "ja" / "django.mo"
    first = part(tmp_path, "a", entry("Yes", "はい"))
    second = part(tmp_path, "b", entry("No", "いいえ"))
    assert catalogues.compile_all(parts=tmp_path, target=target) == 2
    later = target.stat().st_mtime_ns + 10**9
    os.utime(target, ns=(later, later))
    assert catalogues.compile_all(parts=tmp_path, target=target) is None
    os.utime(first, ns=(later + 10**9, later + 10**9))
    assert catalogues.compile_all(parts=tmp_path, target=target) == 2
    second.unlink()
    os.utime(tmp_path, ns=(later + 10**10, later + 10**10))
    assert catalogues.compile_all(parts=tmp_path, target=target) == 1


def test_texts_are_found_in_templates_and_in_python(tmp_path: Path) -> None:
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "views.py").write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        '_("One")\nngettext("%d two", "%d twos", 2)\npgettext("month", "May")\nf"{_(\'Three\')}"\n'
    )
    (tmp_path / "templates" / "desk").mkdir(parents=True)
    (tmp_path / "templates" / "desk" / "page.html").write_text(
        "<p>\n     日本 (\n  {% translate 'Four' %}</p>\n {# note #}"
        '{% blocktranslate trimmed with a=b %}\n  Five\n  {{ a }}%\n{% endblocktranslate %} {{ _("Six") }}'
        '{% include "x.html" with title=_("Seven") %}'
    )
    found = messages.texts(tmp_path)
    assert {text for _context, text in found} == {
        "One",
        "%d two",
        "May",
        "Three",
        "Four",
        "Five %(a)s%%",
        "Six",
        "Seven",
    }
    assert ("month", "May") in found
    assert messages.room_of(found[None, "Four"]) == "desk"
    assert messages.room_of(found[None, "One"]) == "portal"


def test_every_text_has_its_japanese() -> None:
    known = catalogues.keys_in()
    missing = {place: text for (context, text), place in messages.texts().items() if (context, text) not in known}
    assert missing == {}


def test_no_part_contradicts_another_or_is_unready() -> None:
    assert len(catalogues.merged()) > 0


def test_missing_texts_are_listed_ready_to_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogues, "keys_in", dict)
    monkeypatch.setattr(messages, "texts", lambda: {("month", "May"): "portal/views/home.py:3"})
    out = StringIO()
    call_command("collect_messages", stdout=out)
    assert "locale/parts/portal.po lacks 1" in out.getvalue()
    assert 'msgctxt "month"\nmsgid "May"\nmsgstr ""' in out.getvalue()
    with pytest.raises(CommandError, match="1 texts"):
        call_command("collect_messages", check=True, stdout=StringIO())

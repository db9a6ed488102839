"""What the reader says, in Japanese and English. It runs without the portal, so it has its own words."""

from __future__ import annotations

import json
from pathlib import Path

LANGUAGES = ("ja", "en")

_WORDS = Path(__file__).with_name("words")

TEXTS: dict[str, dict[str, str]] = {
    language: json.loads((_WORDS / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES
}


def choose_language(accept_language: str) -> str:
    """The first of our languages in the browser's own order; Japanese where it names none."""
    wanted = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((-weight, position, tag[:2].lower()))
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), "ja")

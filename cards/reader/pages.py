"""The reader's pages. Every value is escaped; what is markup says so by its type."""

from __future__ import annotations

import html
from functools import lru_cache
from pathlib import Path
from string import Template

from cards.reader.pending import Request
from cards.reader.slots import LOCKED, Inserted
from cards.reader.texts import TEXTS

_TEMPLATES = Path(__file__).with_name("templates")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


@lru_cache
def _template(name: str) -> Template:
    return Template((_TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))


def _render(name: str, words: dict[str, str], **values: str) -> Markup:
    escaped = {
        key: value if isinstance(value, Markup) else html.escape(value) for key, value in {**words, **values}.items()
    }
    return Markup(_template(name).substitute(escaped).strip())


def _layout(language: str, *, title: str, content: Markup, token: str = "") -> bytes:
    words = TEXTS[language]
    switch = Markup("")
    if token:
        switch = _render("switch", words, token=token, other="en" if language == "ja" else "ja")
    page = _render("layout", words, language=language, title=title, content=content, switch=switch)
    return f"{page}\n".encode()


def allow(request: Request, *, token: str, problem: str = "") -> bytes:
    """Whether a site may use this reader from now on: the digits in the reader's own window say that she is here."""
    words = TEXTS[request.language]
    content = _render(
        "allow",
        words,
        origin=request.origin,
        token=token,
        problem=_render("problem", words, text=problem) if problem else Markup(""),
        invalid=Markup(' aria-invalid="true"' if problem else ""),
    )
    title = f"{words['error']}: {words['allow_title']}" if problem else words["allow_title"]
    return _layout(request.language, title=title, content=content, token=token)


def ask(
    request: Request, *, token: str, cards: list[Inserted], address: str, chosen: str = "", problem: str = ""
) -> bytes:
    """Who asks, for what; which card; the PIN."""
    words = TEXTS[request.language]
    chosen = chosen or (cards[0].slug if len(cards) == 1 else "")
    rows = [
        _render(
            "card",
            words,
            slug=card.slug,
            text=words["card_of"].format(name=_name(request.language, card)),
            note=Markup(f'<strong class="note">{html.escape(words["card_locked"])}</strong>')
            if card.state == LOCKED
            else Markup(""),
            checked=Markup(" checked" if card.slug == chosen else ""),
        )
        for card in cards
    ]
    content = _render(
        "ask",
        words,
        origin=request.origin,
        purpose=words[f"purpose_{request.purpose}"],
        token=token,
        cards=Markup("\n".join(rows)),
        pin_where=words["pin_where"].format(address=address),
        problem=_render("problem", words, text=problem) if problem else Markup(""),
        invalid=Markup(' aria-invalid="true"' if problem else ""),
    )
    title = f"{words['error']}: {words['ask_title']}" if problem else words["ask_title"]
    return _layout(request.language, title=title, content=content, token=token)


def forward(request: Request, *, certificate: str, signature: str, pairing: str) -> bytes:
    """The page that takes the answer back to the origin that asked."""
    words = TEXTS[request.language]
    content = _render(
        "forward",
        words,
        action=request.origin + request.return_to,
        challenge=request.challenge,
        certificate=certificate,
        signature=signature,
        pairing=pairing,
    )
    return _layout(request.language, title=words["forward_title"], content=content)


def again(request: Request, which: str, *, token: str) -> bytes:
    """Something that the holder can put right: no card, card removed, not ready."""
    words = TEXTS[request.language]
    return _message(request.language, which, actions=_render("again", words, token=token), token=token)


def ended(request: Request, which: str) -> bytes:
    """The end of this request: cancelled or blocked; a link leads back to the site."""
    return _message(request.language, which, actions=_back(request.language, request.origin))


def message(language: str, which: str) -> bytes:
    """A page without a request: refused, malformed, over."""
    return _message(language, which, actions=Markup(""))


def home(language: str, *, cards: int, origins: list[str]) -> bytes:
    words = TEXTS[language]
    count = Markup(f"<p>{html.escape(words['cards_inserted'].format(count=cards))}</p>")
    links = [_link(words, origin, words["open_portal"].format(origin=origin)) for origin in origins]
    return _message(language, "home", actions=Markup("\n".join([count, *links])))


def _message(language: str, which: str, *, actions: Markup, token: str = "") -> bytes:
    words = TEXTS[language]
    title = words[f"{which}_title"]
    content = _render("message", words, title=title, text=words[f"{which}_text"], actions=actions)
    return _layout(language, title=title, content=content, token=token)


def _name(language: str, card: Inserted) -> str:
    """The name as printed; in English with the Latin letters that stand on the card, if any do."""
    if language == "en" and card.latin_name not in ("", card.name):
        return f"{card.latin_name} ({card.name})"
    return card.name


def _back(language: str, origin: str) -> Markup:
    words = TEXTS[language]
    return _link(words, origin, words["back"])


def _link(words: dict[str, str], origin: str, text: str) -> Markup:
    return _render("link", words, href=f"{origin}/", text=text)

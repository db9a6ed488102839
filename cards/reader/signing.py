"""What happens between the holder's PIN and the answer to the site."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from cards.chip.memory import CardRemoved
from cards.reader import pages
from cards.reader.pairing import NotTheCode, Pairing
from cards.reader.pending import Pending, Request
from cards.reader.slots import LOCKED, Slots
from cards.reader.terminal import NotPersonalised, PinBlocked, PinWrong, Terminal
from cards.reader.texts import TEXTS

log = logging.getLogger("cards.reader")
_PIN = re.compile(r"[0-9]{4}")


class Signing:
    """The pages of one reader: allow the site, ask, try the PIN, take the answer back. A page's token works once."""

    def __init__(
        self, *, slots: Slots, pairing: Pairing, address: str, on_first_insertion: Callable[[str], object] | None
    ) -> None:
        self._slots = slots
        self._pairing = pairing
        self._address = address
        self._on_first_insertion = on_first_insertion
        self._pending = Pending()

    def begin(self, request: Request) -> bytes:
        return self._ask(request)

    def go_on(self, *, token: str, action: str, code: str, card: str, pin: str, language: str) -> bytes:
        """The holder pressed a button on one of our pages."""
        request = self._pending.take(token)
        if request is None:
            return pages.message(language, "over")
        if action == "cancel":
            return pages.ended(request, "cancelled")
        if action == "language":
            return self._ask(self._in_other_language(request))
        if action == "allow":
            return self._allow(request, code="".join(unicodedata.normalize("NFKC", code).split()))
        if action != "sign" or not request.is_paired:
            return self._ask(request)
        return self._sign(request, card=card, pin=unicodedata.normalize("NFKC", pin).strip())

    def _allow(self, request: Request, *, code: str) -> bytes:
        try:
            self._pairing.allow(code)
        except NotTheCode:
            return self._ask(request, problem=TEXTS[request.language]["code_wrong"])
        return self._ask(replace(request, is_paired=True))

    def _ask(self, request: Request, *, chosen: str = "", problem: str = "") -> bytes:
        """The next page: of a site that is not allowed yet, nothing but whether it shall be."""
        if not request.is_paired:
            if not self._pairing.is_open:
                return pages.ended(request, "not_allowed")
            return pages.allow(request, token=self._pending.put(request), problem=problem)
        cards, token = self._slots.inserted(), self._pending.put(request)
        if not cards:
            return pages.again(request, "no_card", token=token)
        if len(cards) == 1 and cards[0].state == LOCKED:
            return pages.ended(request, "blocked")
        return pages.ask(request, token=token, cards=cards, address=self._address, chosen=chosen, problem=problem)

    def _sign(self, request: Request, *, card: str, pin: str) -> bytes:
        words = TEXTS[request.language]
        if not card:
            return self._ask(request, problem=words["choose_first"])
        if not _PIN.fullmatch(pin):
            return self._ask(request, chosen=card, problem=words["pin_form"])
        try:
            certificate, signature = self._use(card, pin=pin, message=request.message())
        except PinWrong as wrong:
            problem = words["pin_wrong"].format(tries=wrong.tries)
            return self._ask(request, chosen=card, problem=problem)
        except PinBlocked:
            return pages.ended(request, "blocked")
        except CardRemoved:
            return pages.again(request, "removed", token=self._pending.put(request))
        except NotPersonalised:
            return pages.again(request, "not_ready", token=self._pending.put(request))
        pairing = self._pairing.token(request.origin)
        return pages.forward(request, certificate=certificate, signature=signature, pairing=pairing)

    def _use(self, slug: str, *, pin: str, message: bytes) -> tuple[str, str]:
        """The card's certificate and its signature, in base64."""
        card = self._slots.card(slug)
        terminal = Terminal(card.transmit)
        try:
            certificate = self._certificate(terminal, slug)
            signature = terminal.sign(pin=pin, digest=hashlib.sha256(message).digest())
        finally:
            card.power_off()
        return base64.b64encode(certificate).decode(), base64.b64encode(signature).decode()

    def _certificate(self, terminal: Terminal, slug: str) -> bytes:
        try:
            return terminal.certificate()
        except NotPersonalised:
            if self._on_first_insertion is None:
                raise
        try:
            self._on_first_insertion(slug)
        except CardRemoved:
            raise
        except Exception as error:  # whatever the municipality's side could not do, the holder's card is not ready
            log.error("first insertion failed: %s", type(error).__name__)
            raise NotPersonalised from None
        return terminal.certificate()

    @staticmethod
    def _in_other_language(request: Request) -> Request:
        return replace(request, language="en" if request.language == "ja" else "ja")

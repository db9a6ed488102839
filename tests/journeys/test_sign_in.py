"""Signing in with a card in a browser, in every way in which it can end; each page says what to do next."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Country

pytestmark = [pytest.mark.browser, pytest.mark.committed]

PIN = "1234"
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}


class Window:
    """One browser of one person, and where the pictures of what they saw go."""

    def __init__(self, context: BrowserContext, country: Country, pictures: Path) -> None:
        self.context, self.country, self.pictures = context, country, pictures
        self.page: Page = context.new_page()
        self.speak("en")

    def speak(self, language: str) -> None:
        self.context.add_cookies([{"name": "django_language", "value": language, "url": self.country.url}])

    def to_the_reader(self, address: str = "/sign-in/") -> None:
        self.page.goto(address)
        self.page.locator(f"form[action='{self.country.reader}/sign'] button").click()
        assert self.page.url.startswith(self.country.reader)

    def use(self, card: str, pin: str = PIN) -> None:
        """The reader's own page: which card, and the PIN."""
        self.page.locator(f"input[name=card][value={card}]").check()
        self.page.locator("input[name=pin]").fill(pin)
        self.page.locator("button[value=sign]").click()

    def sign_in(self, card: str, pin: str = PIN) -> None:
        self.to_the_reader()
        self.use(card, pin)

    def signed_in(self, card: str) -> None:
        self.sign_in(card)
        expect(self.page).to_have_url(f"{self.country.url}/")
        expect(self.page.locator("h1")).to_have_text("For you to do")

    def sign_out(self) -> None:
        self.page.goto("/")
        self.page.locator("header form[action$='sign-out/'] button").click()
        expect(self.page).to_have_url(f"{self.country.url}/signed-out/")

    def says(self, name: str, *, english: list[str], japanese: list[str], todo: bool = True) -> None:
        """The page that is open, in both languages and at both widths: every sentence, and what to do now."""
        for language, words in (("en", english), ("ja", japanese)):
            self.speak(language)
            self.page.reload()
            assert self.page.locator("html").get_attribute("lang") == language
            main = self.page.locator("main")
            heading = {"en": "What to do now", "ja": "次にすること"}[language]
            for sentence in [*words, *([heading] if todo else [])]:
                expect(main).to_contain_text(sentence)
            self.picture(f"{name}-{language}")
        self.speak("en")

    def picture(self, name: str) -> None:
        for size, shape in SIZES.items():
            self.page.set_viewport_size(shape)
            assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            self.page.screenshot(path=self.pictures / f"{name}-{size}.png", full_page=True)


@pytest.fixture
def window(chromium: Browser, country: Country, tmp_path: Path) -> Iterator[Window]:
    pictures = Path(os.environ.get("MYNA_SCREENSHOTS") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(
        base_url=country.url, viewport=SIZES["desktop"], locale="en-GB", reduced_motion="reduce"
    )
    context.on("request", lambda request: country.urls.append(request.url))
    context.set_default_timeout(20_000)
    yield Window(context, country, pictures)
    context.close()


def change(country: Country, slug: str, act: str) -> None:
    """What the municipality does to a card, by its own acts."""
    country.manage(
        "shell",
        "-c",
        "from django.utils import timezone; from cards import lifecycle; from cards.models import Card\n"
        f"card, at = Card.objects.get(chip_slug={slug!r}), timezone.now()\n{act}",
    )


def test_a_wrong_pin_then_the_right_one(window: Window) -> None:
    page = window.page
    window.sign_in("kenji", "9999")
    expect(page.locator("main")).to_contain_text("Wrong PIN. Tries left before it is locked: 2.")
    window.use("kenji")
    expect(page.locator("h1")).to_have_text("For you to do")
    assert "SATO KENJI" in page.locator("header").inner_text()


def test_three_wrong_pins_block_the_card_and_the_page_says_where_to_go(window: Window) -> None:
    page = window.page
    window.to_the_reader()
    for _ in range(3):
        window.use("linh", "9999")
    expect(page.locator("main")).to_contain_text("The PIN is locked")
    expect(page.locator("main")).to_contain_text("bring the card and proof of identity to your municipality's counter")
    window.picture("blocked-en")
    window.speak("ja")
    window.to_the_reader()
    window.use("linh")
    expect(page.locator("main")).to_contain_text("ロック")
    expect(page.locator("main")).to_contain_text("窓口")
    window.picture("blocked-ja")
    page.goto("/records/")
    assert "/sign-in/" in page.url


def test_the_stop_holds_at_once_and_the_next_sign_in_says_so(window: Window) -> None:
    """Stopped by the holder's own button, from the sign-in history, without the card."""
    page = window.page
    window.signed_in("misaki")
    page.goto("/activity/")
    page.get_by_role("link", name="It was not me").click()
    window.says(
        "stop", todo=False,
        english=["Both certificates end for good", "The stop of the card can be lifted"],
        japanese=["二つの電子証明書は失効し、元には戻りません", "カードの一時停止は解除できます"],
    )  # fmt: skip
    page.reload()
    page.get_by_role("button", name="Stop the card now").click()
    window.says(
        "stopped",
        english=["Your card is stopped since", "tell the police", "You stopped the card."],
        japanese=["カードを一時停止しています", "警察に届け出て", "ご自身でカードを一時停止しました"],
    )
    window.sign_out()
    window.sign_in("misaki")
    expect(page).to_have_url(re.compile("/sign-in/refused/card-suspended/"))
    window.says(
        "suspended",
        english=["This card has been stopped", "have it released at the card counter"],
        japanese=["このカードは一時停止されています", "カード窓口"],
    )


def test_a_revoked_certificate(window: Window, country: Country) -> None:
    window.signed_in("mitaka-clerk-2")
    window.sign_out()
    change(country, "mitaka-clerk-2", "lifecycle.revoke(card=card, at=at, by='counter')")
    window.sign_in("mitaka-clerk-2")
    expect(window.page).to_have_url(re.compile("/sign-in/refused/certificate-revoked/"))
    window.says("revoked", english=["no longer valid", "If you have a newer card"], japanese=["失効", "新しいカード"])


def test_an_expired_card(window: Window, country: Country) -> None:
    window.signed_in("chofu-clerk-2")
    window.sign_out()
    yesterday = "Card.objects.filter(pk=card.pk).update(issued_on='2016-04-01', expires_on='2026-04-01')"
    change(country, "chofu-clerk-2", yesterday)
    window.sign_in("chofu-clerk-2")
    expect(window.page).to_have_url(re.compile("/sign-in/refused/certificate-expired/"))
    window.says("expired", english=["has expired", "Have the certificate renewed"], japanese=["有効期限", "更新"])


def test_the_card_of_another_person_in_mid_session_changes_nothing(window: Window) -> None:
    page = window.page
    window.signed_in("kenji")
    page.goto("/settings/")
    page.check("input[name=language][value=en]")
    page.check("#id_hints")
    page.fill("#id_email", "kenji@example.jp")
    page.get_by_role("button", name="Save the settings").click()
    expect(page).to_have_url(re.compile("/confirm/$"))
    window.says(
        "confirm", todo=False,
        english=["Your e-mail address for hints: kenji@example.jp", "the card is asked once more"],
        japanese=["お知らせメールの送り先", "もう一度カードで確認します"],
    )  # fmt: skip
    window.to_the_reader("/confirm/")
    expect(page.locator("main")).to_contain_text("Confirm with your card what you are doing now")
    window.use("taro")
    expect(page).to_have_url(re.compile("/confirm/refused/other-person/"))
    window.says(
        "other-person",
        english=["This is another person's card", "Nothing has been changed", "Put your own card on the reader"],
        japanese=["別の方のカードです", "何も変更されていません", "ご自身のカード"],
    )
    page.goto("/settings/")
    assert page.input_value("#id_email") == ""
    page.goto("/confirm/")
    window.to_the_reader("/confirm/")
    window.use("kenji")
    expect(page.locator("main")).to_contain_text("Your settings have been saved.")
    assert page.input_value("#id_email") == "kenji@example.jp"


def test_a_browser_that_the_reader_does_not_know_is_allowed_once(window: Window) -> None:
    """The demo's portal has its reader's token; this browser hides it, as every browser would elsewhere."""
    page, country = window.page, window.country
    page.route(
        "**/sign-in/",
        lambda route: route.fulfill(
            body=re.sub(r'name="pairing" value="[^"]*"', 'name="pairing" value=""', (got := route.fetch()).text()),
            response=got,
        ),
    )
    for language, words in (
        ("ja", "このサイトにカードリーダーの使用を許可しますか"),
        ("en", "May this site use the card reader?"),
    ):
        window.speak(language)
        window.to_the_reader()
        expect(page.locator("h1")).to_have_text(words)
        window.picture(f"pairing-{language}")
    page.locator("#code").fill("000 000" if "000 000" not in _digits(country) else "111 111")
    page.locator("button[value=allow]").click()
    expect(page.locator("main")).to_contain_text("not the digits that stand in the program's window")
    window.picture("pairing-wrong-en")
    page.locator("#code").fill(_digits(country))
    page.locator("button[value=allow]").click()
    window.use("taro")
    expect(page.locator("h1")).to_have_text("For you to do")
    (kept,) = [cookie for cookie in window.context.cookies() if cookie["name"] == "reader"]
    assert (len(kept["value"]), kept["httpOnly"]) == (43, True)


def _digits(country: Country) -> str:
    """What stands in the reader's own window: in the demo, in the servers' log."""
    return re.findall(r"six digits: (\d{3} \d{3})", (country.var / "demo.log").read_text())[-1]


def test_without_the_reader_the_page_says_what_to_start(window: Window) -> None:
    window.context.route(f"{window.country.reader}/**", lambda route: route.abort())
    window.page.goto("/sign-in/")
    window.says(
        "no-reader", todo=False,
        english=["The card reader program is not running", "Start the card reader program"],
        japanese=["カードリーダーのプログラムが動いていません", "起動"],
    )  # fmt: skip


def test_the_card_page_of_a_card_in_use(window: Window) -> None:
    window.signed_in("kenji")
    window.page.goto("/card/")
    window.says(
        "card", todo=False,
        english=["For signing in", "For signing documents", "Possible from", "The card was put into use."],
        japanese=["利用者証明用", "署名用", "更新できます", "カードの利用が始まりました"],
    )  # fmt: skip

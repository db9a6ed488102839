"""The clerk's part of the story in a browser: every look needs a purpose, and the citizen reads of it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Country

pytestmark = [pytest.mark.browser, pytest.mark.committed]

SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
FIND = "/desk/residents/resident/"
CASE = "2026-1122"
STORY = {"山田", "林", "小林", "加藤", "吉田", "佐藤", "鈴木", "田中", "伊藤"}


class Window:
    """A browser of one person, and where the pictures of what it showed go."""

    def __init__(self, browser: Browser, country: Country, pictures: Path) -> None:
        self.country, self.pictures = country, pictures
        self.context = browser.new_context(
            base_url=country.url, viewport=SIZES["desktop"], locale="en-GB", reduced_motion="reduce"
        )
        self.context.on("request", lambda request: country.urls.append(request.url))
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.speak("en")

    def speak(self, language: str) -> None:
        self.context.add_cookies([{"name": "django_language", "value": language, "url": self.country.url}])

    def sign_in(self, card: str, at: str = "/desk/sign-in/") -> None:
        self.page.goto(at)
        self.page.locator(f"form[action='{self.country.reader}/sign'] button").click()
        self.page.locator(f"input[name=card][value={card}]").check()
        self.page.locator("input[name=pin]").fill("1234")
        self.page.locator("button[value=sign]").click()

    def send(self, **values: str) -> None:
        """Fill in the page's form and send it."""
        for name, value in values.items():
            field = self.page.locator(f"main [name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            elif field.get_attribute("type") == "checkbox":
                field.check()
            else:
                field.fill(value)
        self.page.locator("main form button").first.click()

    def pictured(self, title: str) -> None:
        """What is open now, in both widths."""
        language = self.page.locator("html").get_attribute("lang")
        for name, size in SIZES.items():
            self.page.set_viewport_size(size)
            wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{title} is {wide} px wider than a {name}"
            self.page.screenshot(path=self.pictures / f"desk-{title}-{language}-{name}.png", full_page=True)
        self.page.set_viewport_size(SIZES["desktop"])

    def pictured_in_both_languages(self, title: str) -> None:
        """A page that may be asked for again."""
        for language in ("ja", "en"):
            self.speak(language)
            self.page.reload()
            expect(self.page.locator("html")).to_have_attribute("lang", language)
            self.pictured(title)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: a directory named by MYNA_SCREENSHOTS, or one that is thrown away."""
    directory = Path(os.environ.get("MYNA_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture(scope="module")
def clerk(chromium: Browser, country: Country, pictures: Path) -> Iterator[Window]:
    """Chofu's clerk, signed in with the card."""
    window = Window(chromium, country, pictures)
    window.page.goto("/desk/sign-in/")
    window.pictured_in_both_languages("sign-in")
    window.sign_in("chofu-clerk-1")
    expect(window.page).to_have_url(f"{country.url}/desk/")
    yield window
    window.context.close()


@pytest.fixture(scope="module")
def neighbour(country: Country) -> dict[str, str]:
    """A resident of Chofu who has no part in the story, as Chofu's own list has the person."""
    path = country.var / "agencies" / "132080" / "people.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "\u3000" in row["name"] and len(row["birth_date"]) == 10]
    others = [row for row in rows if row["name"].partition("\u3000")[0] not in STORY and row["birth_date"] < "2000"]
    return min(others, key=lambda row: row["birth_date"])


def open_record(window: Window, *, name: str, birth_date: str, purpose: str) -> None:
    window.page.goto(FIND)
    window.send(name=name, birth_date=birth_date)
    window.page.locator("main table a").first.click()
    window.send(purpose=purpose, case_number=CASE)


def test_she_finds_what_a_clerk_may_do(clerk: Window) -> None:
    clerk.page.goto("/desk/")
    expect(clerk.page.locator("header")).to_contain_text("Chofu City")
    clerk.pictured_in_both_languages("home")


def test_one_thing_that_is_known_is_too_little_to_search(clerk: Window, neighbour: dict[str, str]) -> None:
    clerk.page.goto(FIND)
    clerk.pictured_in_both_languages("search")
    clerk.send(name=neighbour["name"])
    expect(clerk.page.locator("main [role=alert]")).to_contain_text("Give at least two things")
    expect(clerk.page.locator("main table")).to_have_count(0)
    clerk.pictured("search-refused")


def test_two_find_rows_that_show_no_whole_name(clerk: Window, neighbour: dict[str, str]) -> None:
    family, _, given = neighbour["name"].partition("\u3000")
    for language in ("ja", "en"):
        clerk.speak(language)
        clerk.page.goto(FIND)
        clerk.send(name=neighbour["name"], birth_date=neighbour["birth_date"])
        table = clerk.page.locator("main table")
        expect(table).to_contain_text(f"{family}\u3000{given[0]}○")
        expect(table).to_contain_text(neighbour["birth_date"][:4])
        assert neighbour["birth_date"] not in table.inner_text()
        if len(given) > 1:
            assert given not in table.inner_text()
        clerk.pictured("found")


def test_nothing_of_the_person_is_shown_before_the_purpose(clerk: Window, neighbour: dict[str, str]) -> None:
    clerk.page.goto(FIND)
    clerk.send(name=neighbour["name"], birth_date=neighbour["birth_date"])
    clerk.page.locator("main table a").first.click()
    expect(clerk.page).to_have_url(re.compile("/purpose/$"))
    clerk.pictured_in_both_languages("purpose")
    assert not any(part in clerk.page.content() for part in neighbour["name"].split("\u3000"))
    clerk.page.goto(clerk.page.url.replace("/purpose/", "/change/"))
    expect(clerk.page).to_have_url(re.compile("/purpose/$"))
    clerk.send(purpose="MOVING", case_number=CASE)
    expect(clerk.page).to_have_url(re.compile("/change/$"))
    expect(clerk.page.locator("main")).to_contain_text(neighbour["name"])
    clerk.pictured_in_both_languages("person")


def test_a_move_is_checked_before_it_is_noted(clerk: Window, neighbour: dict[str, str]) -> None:
    clerk.page.locator("main a[href$='/act/moving-within/']").click()
    clerk.pictured_in_both_languages("moving")
    clerk.send(postal_code="182-0024", town="布田", street="4丁目12番地8", building="")
    expect(clerk.page.locator("main")).to_contain_text("Nothing is noted yet")
    expect(clerk.page.locator("main")).to_contain_text("4丁目12番地8")
    clerk.pictured("check")
    clerk.page.locator("button[value=confirm]").click()
    expect(clerk.page.locator("main")).to_contain_text("It is noted in the record.")
    expect(clerk.page.locator("main")).to_contain_text("東京都調布市布田4丁目12番地8")


def test_the_number_is_masked_until_there_is_a_reason(clerk: Window) -> None:
    record = clerk.page.url
    masked = clerk.page.locator("main").inner_text()
    assert re.search(r"••••.*\d{4}", masked)
    assert re.search(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)", masked) is None
    clerk.page.locator("main a[href$='/number/show/']").click()
    clerk.pictured_in_both_languages("unmask")
    clerk.send(reason="Notice returned by the post office")
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", clerk.page.locator("p.amount").inner_text())
    clerk.pictured("number")
    clerk.page.goto(record)
    assert re.search(r"••••.*\d{4}", clerk.page.locator("main").inner_text())


def test_the_person_is_protected(clerk: Window) -> None:
    clerk.page.locator("main a[href$='/protection/set/']").click()
    clerk.pictured_in_both_languages("protect")
    clerk.send(sure="yes")
    expect(clerk.page.locator("main")).to_contain_text("The person is protected")
    clerk.page.reload()
    expect(clerk.page.locator("main")).to_contain_text("This person is protected.")
    clerk.pictured_in_both_languages("protected")


def test_what_the_record_said_and_the_lists_can_be_read(clerk: Window) -> None:
    clerk.page.goto(clerk.page.url.replace("/change/", "/as-of/") + "?on=2026-01-01")
    clerk.pictured_in_both_languages("as-of")
    for title, address in {
        "arrivals": FIND + "arrivals/", "approvals": "/desk/approvals/", "lists": "/desk/lists/",
        "statute": "/desk/lists/statute/", "records": "/desk/exchange/accessrecord/",
        "agencies": "/desk/agencies/agency/", "new": FIND + "new/from-abroad/",
    }.items():  # fmt: skip
        clerk.page.goto(address)
        clerk.pictured_in_both_languages(title)


def test_taro_reads_that_a_clerk_of_chofu_looked(
    chromium: Browser, country: Country, pictures: Path, clerk: Window
) -> None:
    open_record(clerk, name="山田太郎", birth_date="1988-11-03", purpose="CERTIFICATE")
    expect(clerk.page.locator("main")).to_contain_text("山田\u3000太郎")
    taro = Window(chromium, country, pictures)
    taro.sign_in("taro", at="/sign-in/")
    expect(taro.page).to_have_url(f"{country.url}/")
    taro.page.goto("/records/")
    taro.page.locator("main a", has_text="a certificate that the person asked for").first.click()
    expect(taro.page.locator("dl.facts")).to_contain_text("A clerk of Chofu City")
    expect(taro.page.locator("dl.facts")).not_to_contain_text("小林")
    taro.pictured_in_both_languages("taro-reads")
    taro.context.close()


def test_he_asks_and_is_answered_by_the_city_and_then_by_the_commission(
    chromium: Browser, country: Country, pictures: Path, clerk: Window
) -> None:
    record = clerk.page.url
    taro = Window(chromium, country, pictures)
    taro.sign_in("taro", at="/sign-in/")
    expect(taro.page).to_have_url(f"{country.url}/")
    taro.page.goto("/records/")
    taro.page.locator("main a", has_text="a certificate that the person asked for").first.click()
    taro.page.locator("input[name=ground][value=NOT_ME]").check()
    taro.page.locator("textarea[name=text]").fill("I did not ask for a certificate.")
    taro.page.get_by_role("button", name="Send the question").click()
    expect(taro.page.locator("main")).to_contain_text("Answer due by")
    asked = taro.page.url
    taro.pictured("taro-asks")
    clerk.page.goto("/desk/questions/")
    clerk.page.locator("main table a").first.click()
    expect(clerk.page.locator("main")).to_contain_text("I did not ask for a certificate.")
    expect(clerk.page.locator("main")).not_to_contain_text("太郎")
    clerk.pictured_in_both_languages("question")
    clerk.send(text="The certificate was for the nursery.")
    expect(clerk.page.locator("main")).to_contain_text("No question waits for an answer.")
    taro.page.goto("/mailbox/")
    taro.page.locator("main a", has_text="アクセス記録についてのお尋ねに回答がありました").first.click()
    expect(taro.page.locator("main")).not_to_contain_text("nursery")
    taro.page.goto(asked)
    expect(taro.page.locator("main")).to_contain_text("The certificate was for the nursery.")
    taro.page.get_by_role("button", name="Pass it to the commission").click()
    officer = Window(chromium, country, pictures)
    officer.sign_in("commission-officer")
    expect(officer.page.locator("header")).to_contain_text("Personal Information Protection Commission")
    officer.page.goto("/desk/supervision/questions/")
    officer.page.locator("main table a").first.click()
    officer.send(text="The city was allowed to look.")
    expect(officer.page.locator("main")).to_contain_text("The answer is with the person")
    officer.context.close()
    taro.page.goto(asked)
    expect(taro.page.locator("main")).to_contain_text("The city was allowed to look.")
    taro.pictured_in_both_languages("taro-is-answered")
    taro.context.close()
    clerk.page.goto(record)


def test_a_clerk_of_mitaka_neither_finds_nor_opens_him(
    chromium: Browser, country: Country, pictures: Path, clerk: Window
) -> None:
    address = clerk.page.url
    mitaka = Window(chromium, country, pictures)
    mitaka.sign_in("mitaka-clerk-1")
    expect(mitaka.page.locator("header")).to_contain_text("Mitaka City")
    mitaka.page.goto(FIND)
    mitaka.send(name="山田太郎", birth_date="1988-11-03")
    expect(mitaka.page.locator("main .empty")).to_contain_text("Nobody in this register")
    mitaka.pictured("nobody")
    for page in (address, address.replace("/change/", "/purpose/")):
        answer = mitaka.page.goto(page)
        assert answer is not None
        assert answer.status == 404
        assert "太郎" not in mitaka.page.content()
    expect(mitaka.page.locator("main a.button")).to_have_attribute("href", "/desk/")
    mitaka.pictured_in_both_languages("nowhere")
    mitaka.context.close()


def test_signing_out_closes_the_desk(clerk: Window) -> None:
    record = clerk.page.url
    clerk.page.goto("/desk/")
    clerk.page.locator("header form[action$='/sign-out/'] button").click()
    expect(clerk.page).to_have_url(re.compile("/desk/sign-in/$"))
    clerk.page.goto(record)
    expect(clerk.page).to_have_url(re.compile("/desk/sign-in/"))

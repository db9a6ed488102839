"""The whole story in a browser: Chofu asks Mitaka about Hanako, and she reads it; two languages, two widths."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Country

pytestmark = [pytest.mark.browser, pytest.mark.committed]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: a directory named by MYNA_SCREENSHOTS, or one that is thrown away."""
    directory = Path(os.environ.get("MYNA_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture(scope="module")
def hanako(chromium: Browser, country: Country) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=country.url, viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")
    context.on("request", lambda request: country.urls.append(request.url))
    context.set_default_timeout(20_000)
    yield context
    context.close()


def sign_in(page: Page, country: Country, *, card: str, pin: str, at: str = "/sign-in/") -> None:
    """From the portal to the reader, the PIN in the reader's own page, and back."""
    page.goto(at)
    page.locator(f"form[action='{country.reader}/sign'] button").click()
    assert page.url.startswith(country.reader)
    page.locator(f"input[name=card][value={card}]").check()
    page.locator("input[name=pin]").fill(pin)
    page.locator("button[value=sign]").click()


@pytest.fixture(scope="module")
def story(country: Country) -> dict[str, str]:
    """Chofu's system does its part over HTTP: asks, is refused, sends the decision and the nursery's bill."""
    result = country.run("examples/child_allowance.py")
    assert result.returncode == 0, result.stdout + result.stderr
    answered, refused = re.findall(rf'"record": "({UUID})"', result.stdout)[:2]
    printed = [json.loads(block) for block in re.findall(r"^\{.*?^\}", result.stdout, re.DOTALL | re.MULTILINE)]
    assert printed[0]["outcome"] == "0000"
    assert printed[1]["status"] == 403
    assert printed[1]["code"] == "2001"
    return {"answered": answered, "refused": refused, "income": printed[0]["items"][0]["value"]}


def test_the_demo_prints_three_doors(country: Country) -> None:
    assert f"{country.url}/" in country.printed
    assert f"{country.url}/desk/" in country.printed
    assert f"{country.url}/api/" in country.printed
    assert "hanako" in country.printed
    assert "chofu-clerk-1" in country.printed


def test_hanako_signs_in_with_her_card(hanako: BrowserContext, country: Country, story: dict[str, str]) -> None:
    page = hanako.new_page()
    sign_in(page, country, card="hanako", pin="1234")
    expect(page).to_have_url(f"{country.url}/")
    expect(page.locator("header").first).to_contain_text(re.compile("yamada hanako", re.IGNORECASE))


def test_she_reads_who_asked_whom_for_what_by_which_law(
    hanako: BrowserContext, country: Country, story: dict[str, str]
) -> None:
    page = hanako.new_page()
    page.goto("/records/")
    expect(page.locator(f"a[href='/records/{story['answered']}/']")).to_be_visible()
    expect(page.locator(f"a[href='/records/{story['refused']}/']")).to_be_visible()
    page.goto(f"/records/{story['answered']}/")
    facts = page.locator("dl.facts")
    said = ("Chofu City", "Mitaka City", "Child Allowance", "Total income", "article 19", "Information was provided")
    for words in said:
        expect(facts).to_contain_text(words)
    expect(facts).to_contain_text(story["answered"])


def test_she_sees_the_refusal_too(hanako: BrowserContext, story: dict[str, str]) -> None:
    page = hanako.new_page()
    page.goto(f"/records/{story['refused']}/")
    expect(page.locator("dl.facts")).to_contain_text("Refused: no law allows it")


def test_she_sees_that_a_clerk_looked(hanako: BrowserContext) -> None:
    page = hanako.new_page()
    page.goto("/records/")
    look = page.locator("main a", has_text=re.compile("clerk of Chofu City", re.IGNORECASE)).first
    look.click()
    expect(page.locator("dl.facts")).to_contain_text("A clerk of Chofu City")


def test_she_sees_her_income_by_the_same_road(hanako: BrowserContext, story: dict[str, str]) -> None:
    page = hanako.new_page()
    page.goto("/information/")
    page.locator("main form[method=post] button").first.click()
    expect(page.locator("main")).to_contain_text(f"{int(story['income']):,}")
    expect(page.locator("main")).to_contain_text("Mitaka City")


def test_the_decision_lies_in_her_mailbox(hanako: BrowserContext, country: Country, story: dict[str, str]) -> None:
    page = hanako.new_page()
    page.goto("/mailbox/")
    page.locator("main a[href^='/mailbox/']", has_text=re.compile(".")).first.click()
    expect(page.locator("main")).to_contain_text("Chofu City")
    address = page.locator("main a[href*='/documents/'], main a[href$='.pdf'], main a[href*='/document/']").first
    document = hanako.request.get(country.url + str(address.get_attribute("href")))
    assert document.status == 200
    assert document.headers["content-type"] == "application/pdf"
    assert document.body().startswith(b"%PDF-")


def test_she_pays_the_nursery_in_two_clicks_and_gets_a_receipt(hanako: BrowserContext, story: dict[str, str]) -> None:
    page = hanako.new_page()
    page.goto("/mailbox/")
    before = page.locator("main a[href^='/mailbox/']").count()
    page.goto("/payments/")
    page.locator("main a[href^='/payments/']").first.click()
    expect(page.locator("main")).to_contain_text("18,500")
    page.locator("main form[method=post] button").first.click()  # the first click
    expect(page).to_have_url(re.compile("/sandbox-bank/"))
    page.locator("form button").first.click()  # the second
    expect(page).to_have_url(re.compile("/payments/"))
    expect(page.locator("main")).to_contain_text(re.compile("paid", re.IGNORECASE))
    page.goto("/mailbox/")
    assert page.locator("main a[href^='/mailbox/']").count() == before + 1


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desktop", DESKTOP)])
def test_it_looks_right_in_both_languages_and_at_both_widths(
    hanako: BrowserContext,
    country: Country,
    story: dict[str, str],
    pictures: Path,
    language: str,
    name: str,
    size: dict[str, int],
) -> None:
    page = hanako.new_page()
    page.set_viewport_size(size)
    hanako.add_cookies([{"name": "django_language", "value": language, "url": country.url}])
    pages = {
        "home": "/",
        "information": "/information/",
        "records": "/records/",
        "record": f"/records/{story['answered']}/",
        "refusal": f"/records/{story['refused']}/",
        "mailbox": "/mailbox/",
        "payments": "/payments/",
        "activity": "/activity/",
        "settings": "/settings/",
    }
    for title, address in pages.items():
        response = page.goto(address)
        assert response is not None
        assert response.status == 200
        assert page.locator("html").get_attribute("lang") == language
        # Nothing is wider than the screen: nobody has to scroll sideways to read.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=pictures / f"{title}-{language}-{name}.png", full_page=True)


def test_signing_out_erases_what_was_shown(hanako: BrowserContext, country: Country) -> None:
    page = hanako.new_page()
    page.goto("/")
    page.locator("header form[action='/sign-out/'] button, header form[action$='sign-out/'] button").first.click()
    expect(page).to_have_url(f"{country.url}/signed-out/")
    page.goto("/information/")
    assert "/sign-in/" in page.url

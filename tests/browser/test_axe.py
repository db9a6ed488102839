"""axe-core finds nothing against WCAG 2.0 to 2.2, levels A and AA, on any page, in both languages, at both widths."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site, open_as
from tests.browser.pages import PAGES

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_violation_and_no_sideways_scrolling_on_any_page(
    chromium: Browser, site: Site, language: str, width: int
) -> None:
    found = {}
    for name, path, person in PAGES:
        window = open_as(chromium, site, person, language=language, width=width)
        page = window.new_page()
        page.goto(path.format(**site.ids))
        found[name] = _violations(page)
        window.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_rules_do_find_something(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "nobody")
    page = window.new_page()
    page.goto("/about/")
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=x>'; document.documentElement.lang = ''")
    assert {problem.split(":")[0] for problem in _violations(page)} >= {"image-alt", "html-has-lang"}
    window.close()


def test_shown_information_and_a_form_with_an_error_have_no_violation(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "hanako", width=320)
    page = window.new_page()
    page.goto("/information/")
    page.locator("main form button").first.click()
    page.wait_for_selector(".card")
    shown = _violations(page)
    page.goto("/settings/")
    page.check("#id_hints")
    page.fill("#id_email", "")
    page.click("main form button")
    page.wait_for_selector(".field__error")
    assert (shown, _violations(page)) == ([], [])
    window.close()


def _violations(page: Page) -> list[str]:
    results = Axe().run(page, options=RULES).response
    problems = [
        f"{violation['id']}: {node['target']}" for violation in results["violations"] for node in violation["nodes"]
    ]
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return problems + ([f"scrolls sideways by {width} px"] if width > 0 else [])

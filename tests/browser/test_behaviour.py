"""What only a browser shows: pages without script, by keyboard, on paper, in forced colours, and the idle warning."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, open_as
from tests.browser.pages import PAGES

pytestmark = pytest.mark.browser


def test_every_page_loads_without_an_error_or_a_breach_of_the_policy(chromium: Browser, site: Site) -> None:
    told: list[str] = []
    for name, path, person in PAGES:
        window = open_as(chromium, site, person, language="en")
        page = window.new_page()
        page.on("pageerror", lambda error, name=name: told.append(f"{name}: {error}"))
        page.on("console", lambda line, name=name: told.append(f"{name}: {line.text}"))
        page.goto(path.format(**site.ids))
        window.close()
    # The reader does not run here, and a refusal is a 403: both are told to the console and are as they should be.
    assert [
        line for line in told if "ERR_CONNECTION_REFUSED" not in line and "Failed to load resource" not in line
    ] == []


def test_without_script_my_information_is_shown_and_the_way_out_works(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "newcomer", language="en", java_script_enabled=False)
    page = window.new_page()
    page.goto("/information/")
    page.get_by_role("button", name="Show my information").click()
    expect(page.get_by_text("No agency holds anything about you")).to_be_visible()
    window.close()


def test_everything_to_press_is_large_enough_on_a_phone(chromium: Browser, site: Site) -> None:
    small: list[str] = []
    for name, path, person in PAGES:
        window = open_as(chromium, site, person, width=360)
        page = window.new_page()
        page.goto(path.format(**site.ids))
        small += [f"{name}: {found}" for found in page.evaluate(_SMALL)]
        window.close()
    assert small == []


# Links within a sentence are as high as its line (WCAG 2.5.8, inline), and so is one that fills its whole list item.
_SMALL = """() => [...document.querySelectorAll("button, .button, nav a, footer a, summary, .choice, select")]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 80))"""


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "hanako", language="en")
    page = window.new_page()
    page.goto("/records/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    assert page.get_by_role("link", name="Skip to the content").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    ring = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "rgb(0, 0, 0) solid 4px" in ring
    window.close()


def test_the_language_switch_stays_on_the_page(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "nobody", language="ja")
    page = window.new_page()
    page.goto("/about/")
    page.get_by_role("button", name="English").click()
    assert page.url == f"{site.url}/about/"
    assert page.locator("html").get_attribute("lang") == "en"
    window.close()


def test_an_idle_page_warns_and_one_press_goes_on(chromium: Browser, site: Site) -> None:
    page = _idle(chromium, site, minutes=58)
    dialog = page.get_by_role("dialog", name="Are you still there?")
    expect(dialog).to_be_visible()
    with page.expect_response("**/session/keep/") as answer:
        page.get_by_role("button", name="Stay signed in").click()
    assert answer.value.status == 204
    expect(dialog).to_be_hidden()
    page.context.close()


def test_a_page_left_alone_shows_nothing_any_more(chromium: Browser, site: Site) -> None:
    page = _idle(chromium, site, minutes=61)
    # Another window of the same person may still be in use, so the server decides: here it is.
    page.wait_for_url(f"{site.url}/")
    page.context.clear_cookies()
    page.goto("/session-ended/")
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    page.context.close()


def test_forced_colours_leave_the_current_place_and_the_edges_of_buttons(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "hanako", forced_colors="active")
    page = window.new_page()
    page.goto("/records/")
    border = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(border.format(".site-nav [aria-current]", "borderBottomWidth")) == "4px"
    assert page.evaluate(border.format(".button", "borderTopStyle")) == "solid"
    window.close()


def test_on_paper_there_is_the_record_and_nothing_to_press(chromium: Browser, site: Site) -> None:
    window = open_as(chromium, site, "hanako", language="en")
    page = window.new_page()
    page.goto(f"/records/{site.ids['answered']}/")
    page.emulate_media(media="print")
    expect(page.get_by_text("My Number Act, article 19, item 8")).to_be_visible()
    for hidden in (".site-nav", ".button", ".breadcrumb"):
        expect(page.locator(hidden).first).to_be_hidden()
    window.close()


def _idle(chromium: Browser, site: Site, *, minutes: int) -> Page:
    page = open_as(chromium, site, "hanako", language="en").new_page()
    page.clock.install()
    page.goto("/records/")
    page.clock.fast_forward(minutes * 60 * 1000)
    return page

"""Paying in two clicks in a real browser, with the portal and the bank in one threaded process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from playwright.sync_api import Browser, Page, expect, sync_playwright

from accounts.models import User
from payments.models import Payment
from tests.browser.conftest import Site, _launch, open_as
from tests.mailing import balances, bill, citizen, letter, real_commits
from tests.portal.country import established
from tests.support import DATABASES

pytestmark = [pytest.mark.browser, pytest.mark.committed]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site(django_db_setup: None, django_db_blocker: Any, settings: Any) -> Iterator[Site]:
    with real_commits(django_db_blocker):
        server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
        server.set_app(WSGIHandler())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        settings.PORTAL_ORIGIN = settings.SANDBOX_BANK_NOTIFY_ORIGIN = url
        hanako = citizen("en")
        ids = {"charge": str(bill(hanako.portal_code).pk), "message": str(letter(hanako.portal_code).pk)}
        yield Site(url, {"hanako": established(hanako)}, ids)
        server.shutdown()
        server.server_close()


@pytest.fixture
def chromium(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, which Django takes for asynchronous code: hence after the databases
    # are copied, with leave for the test's own look-ups, whose connections are closed within the loop too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()
        connections.close_all()


def opened(chromium: Browser, site: Site) -> tuple[Page, list[str]]:
    page = open_as(chromium, site, "hanako", language="en").new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    return page, faults


def test_cancelling_then_two_clicks_and_the_receipt(chromium: Browser, site: Site) -> None:
    page, faults = opened(chromium, site)
    page.goto("/payments/{charge}/".format(**site.ids))
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Confirm the payment")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The payment was not completed")).to_be_visible()

    page.get_by_role("button", name="Pay").click()
    bank = page.url
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Paid. Thank you.")).to_be_visible()

    page.get_by_role("link", name="Open the receipt").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Receipt")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save").click()
    assert saved.value.suggested_filename == "receipt.pdf"
    assert saved.value.path().read_bytes().startswith(b"%PDF-")

    page.goto(bank)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Paid. Thank you.")).to_be_visible()
    assert faults == []
    assert sorted(Payment.objects.values_list("state", flat=True)) == ["FAILED", "SUCCEEDED"]
    assert balances() == {"clearing:sandbox": 18_500, "income:132080": -18_500}


def test_a_portal_out_of_reach_is_tried_again(chromium: Browser, site: Site, settings: Any) -> None:
    page, _ = opened(chromium, site)
    page.goto("/payments/{charge}/".format(**site.ids))
    settings.SANDBOX_BANK_NOTIFY_ORIGIN = "http://127.0.0.1:9"
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="We could not reach the portal")).to_be_visible()
    page.get_by_role("link", name="Back to the portal").click()
    expect(page.get_by_text("We are waiting for the bank")).to_be_visible()
    settings.SANDBOX_BANK_NOTIFY_ORIGIN = site.url
    page.goto("/payments/{charge}/".format(**site.ids))
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Paid. Thank you.")).to_be_visible()
    assert Payment.objects.count() == 1


@DATABASES
def test_real_commits_left_nothing_in_the_tests_databases() -> None:
    assert (User.objects.count(), Payment.objects.count()) == (0, 0)

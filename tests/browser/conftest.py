"""A real browser on a real server: Chromium (Debian's, or Playwright's own) and gunicorn on databases of its own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

from tests.committed import ROOT, migrated_var, run

_START_SECONDS = 60
_SEED = """
import json
from django.utils import timezone
from accounts.models import User
from cards import lifecycle
from notifications.models import Message
from payments.models import Charge
from tests.portal import country

at = timezone.now().replace(microsecond=0)
country.load_agencies()
hanako, newcomer, clerk = country.new_citizen(), country.new_citizen(), country.new_clerk()
country.full_life(hanako, at)
stopped = country.new_citizen()
stopped_card = lifecycle.suspend(card=country.give_card(stopped, at), at=at)
refused = country.ask(hanako, at, affair="JM90000000000099")
print(json.dumps({
    "cookies": {
        "hanako": country.established(hanako, card=country.give_card(hanako, at)),
        "stopped": country.established(stopped, card=stopped_card),
        "newcomer": country.established(newcomer, name="kenji"),
        "clerk": country.established(clerk),
        "nobody": {},
    },
    "answered": country.ask(hanako, at),
    "refused": refused,
    "look": country.look(hanako, at),
    "message": str(Message.objects.first().pk),
    "charge": str(Charge.objects.first().pk),
}))
"""


class Site(NamedTuple):
    """A running portal, and what a test needs to open its pages: sessions by person, and ids."""

    url: str
    cookies: dict[str, dict[str, str]]
    ids: dict[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The portal on a free port, with a citizen of full life, one who has just arrived, and a clerk."""
    with migrated_var(tmp_path_factory.mktemp("site"), "sqlite") as env:
        port, reader_port = free_port(), free_port()
        env |= {
            "MYNA_PORTAL_ORIGIN": f"http://127.0.0.1:{port}",
            "MYNA_READER_ORIGIN": f"http://127.0.0.1:{reader_port}",
        }
        seeded = json.loads(run(env, _SEED).splitlines()[-1])
        url = env["MYNA_PORTAL_ORIGIN"]
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "mynaportal.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"],
            cwd=ROOT,
            env=env,
            stderr=subprocess.PIPE,
        )
        try:
            _wait_for(f"{url}/livez", server)
            yield Site(url, seeded.pop("cookies"), seeded)
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # For a module and no longer: while it lives, Playwright's event loop runs in this thread, and Django would refuse
    # the next module's queries as asynchronous code.
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()


def open_as(
    browser: Browser, site: Site, person: str, *, language: str = "ja", width: int = 1280, **more: Any
) -> BrowserContext:
    """A browser window of one person, in one language and width."""
    context = browser.new_context(
        base_url=site.url,
        locale=language,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
        **more,
    )
    cookies = {**site.cookies[person], "django_language": language}
    context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    return context


def _launch(playwright: Playwright) -> Browser:
    found = [path for path in (shutil.which("chromium"), shutil.which("chromium-browser")) if path]
    for path in [*found, None]:
        try:
            return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error:
            continue
    reason = "no Chromium here: apt-get install chromium fonts-noto-cjk, or playwright install chromium"
    print(reason)
    pytest.skip(reason)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(server.stderr.read().decode()[-2000:])
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("The portal did not start.")

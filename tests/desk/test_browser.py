"""The desk in a real browser: axe-core (WCAG 2.0 to 2.2, A and AA), no sideways scrolling, a move clicked through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site, _wait_for, chromium, free_port, open_as  # noqa: F401
from tests.committed import ROOT, migrated_var, run
from tests.support import SOAK

pytestmark = [pytest.mark.browser, pytest.mark.committed]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SIZES = [("ja", 320), ("en", 1280), *([("ja", 1280), ("en", 320)] if SOAK else [])]
RESIDENTS = "/desk/residents/resident/"
PAGES = {
    "nobody": ["/desk/sign-in/", "/desk/ended/"],
    "clerk": [
        "/desk/", RESIDENTS, RESIDENTS + "arrivals/", RESIDENTS + "new/", RESIDENTS + "new/birth/",
        RESIDENTS + "new/from-abroad/", RESIDENTS + "{taro}/purpose/", RESIDENTS + "{taro}/change/",
        RESIDENTS + "{taro}/as-of/?on=2026-06-01", RESIDENTS + "{taro}/act/correction/",
        RESIDENTS + "{jiro}/moving-in/", RESIDENTS + "{taro}/number/show/", RESIDENTS + "{taro}/number/new/",
        RESIDENTS + "{taro}/protection/set/",
        RESIDENTS + "{taro}/card/issue/", "/desk/approvals/", "/desk/lists/", "/desk/lists/statute/",
        "/desk/waiting/", "/desk/waiting/{unseen}/", "/desk/waiting/{seen}/",
        "/desk/agencies/agency/", "/desk/exchange/accessrecord/", "/desk/payments/charge/",
    ],
    "officer": [
        "/desk/", "/desk/questions/", *("/desk/supervision/" + page for page in (
            "", "refusals/?outcome=2001", "looks/", "copies/", "assessments/", "withheld/", "log/", "questions/",
            "record/{record}/",
        )),
    ],
    "supervisor": [
        RESIDENTS + "{hanako}/change/", RESIDENTS + "{hanako}/number/new/approve/",
        RESIDENTS + "{hanako}/protection/lifting/approve/", "/desk/nowhere/", "/desk/lists/statute/changes/",
        "/desk/lists/statute/add/", "/desk/lists/statute/add/?of=I01", "/desk/agencies/",
        "/desk/agencies/132080/diagnosis/",
    ],
}  # fmt: skip
_SEED = """
import json
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from holdings.models import WaitingQuestion
from tests.desk import waiting, world
w = world.make()
clerk, supervisor = w.opened(w.clerk, w.taro), w.opened(w.supervisor, w.hanako)
for resident in (w.jiro, w.hanako):
    clerk.post(world.address("purpose", resident.pk), {"purpose": "MOVING", "case_number": "1"})
clerk.post(world.address("ask_for_number", w.hanako.pk), {"reason": "NUMBER_LEAKED"})
clerk.post(world.address("protect", w.hanako.pk), {"sure": "on"})
clerk.post(world.address("ask_to_lift", w.hanako.pk), {"sure": "on"})
for resident in (w.taro, w.hanako):
    waiting.ask_and_wait(resident)
seen, unseen = (str(question.id) for question in WaitingQuestion.objects.all())
clerk.post(f"/desk/waiting/{seen}/")
from tests.desk.test_supervision import looked
record = looked(w, 6)
session = lambda client: {"session": client.cookies["session"].value}
print(json.dumps({
    "cookies": {
        "nobody": {}, "clerk": session(clerk), "supervisor": session(supervisor), "fresh": session(w.client(w.second)),
        "officer": session(w.client(w.officer)),
    },
    "seen": seen, "unseen": unseen, "hanako": str(w.hanako.pk), "taro": str(w.taro.pk), "jiro": str(w.jiro.pk),
    "record": record,
}))
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The desk on a free port, as a process that opens no other door."""
    with migrated_var(tmp_path_factory.mktemp("desk"), "sqlite") as env:
        port = free_port()
        env |= {"MYNA_PORTAL_ORIGIN": f"http://127.0.0.1:{port}", "MYNA_DOORS": "desk"}
        seeded = json.loads(run(env, _SEED).splitlines()[-1])
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "mynaportal.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"],
            cwd=ROOT,
            env=env,
            stderr=subprocess.PIPE,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/livez", server)
            yield Site(f"http://127.0.0.1:{port}", seeded.pop("cookies"), seeded)
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_no_violation_no_sideways_scrolling_and_no_console_message(
    chromium: Browser,  # noqa: F811
    desk: Site,
    language: str,
    width: int,
) -> None:
    found = {}
    for person, paths in PAGES.items():
        page, said = opened(chromium, desk, person, language=language, width=width)
        for path in paths:
            page.goto(path.format(**desk.ids))
            # A page that is not there, and a card reader that does not run here, are told to the console.
            as_it_should = ("404", "ERR_CONNECTION_REFUSED")
            found[path] = violations(page) + [text for text in said if not any(part in text for part in as_it_should)]
            said.clear()
        page.context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}


def test_a_move_is_clicked_through_without_script(chromium: Browser, desk: Site) -> None:  # noqa: F811
    page, said = opened(chromium, desk, "fresh", language="ja", width=320, java_script_enabled=False)
    page.goto(RESIDENTS + "arrivals/")
    page.fill("#id_name", "鈴木次郎")
    page.fill("#id_birth_date", "1975年7月20日")
    page.click("main form button")
    assert "三鷹市" in page.inner_text("main table") and "次郎" not in page.inner_text("main table")
    page.click("main table a")
    assert "鈴木" not in page.inner_text("main")
    page.select_option("#id_purpose", "MOVING")
    page.fill("#id_case_number", "転入-7")
    page.click("main form button")
    assert "鈴木　次郎" in page.inner_text("main")
    page.fill("#id_postal_code", "182-0024")
    page.fill("#id_town", "布田")
    page.fill("#id_street", "1-2-3")
    page.click("main form button")
    assert "182" in page.inner_text("main") and "まだ記載されていません" in page.inner_text("main")
    page.click("button[value=confirm]")
    assert "住民票に記載しました" in page.inner_text("main")
    assert "東京都調布市布田1-2-3" in page.inner_text("main")
    assert said == []
    page.context.close()


def test_an_idle_page_warns_after_two_thirds_of_a_quarter_of_an_hour(chromium: Browser, desk: Site) -> None:  # noqa: F811
    page, said = opened(chromium, desk, "clerk", language="en", width=360)
    page.clock.install()
    page.goto("/desk/lists/")
    page.clock.fast_forward(13 * 60 * 1000)
    dialog = page.get_by_role("dialog", name="Are you still there?")
    dialog.wait_for(state="visible")
    assert violations(page) == []
    with page.expect_response("**/desk/keep/") as answer:
        page.get_by_role("button", name="Stay signed in").click()
    assert answer.value.status == 204
    dialog.wait_for(state="hidden")
    page.clock.fast_forward(16 * 60 * 1000)
    page.wait_for_url("**/desk/")  # the server decides, and for it this session is still young
    page.context.clear_cookies()
    page.goto("/desk/ended/")
    assert "You have been signed out" in page.inner_text("h1")
    assert violations(page) == [] and said == []
    page.context.close()


def opened(browser: Browser, desk: Site, person: str, **more: Any) -> tuple[Page, list[str]]:
    page = open_as(browser, desk, person, **more).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    return page, said


def violations(page: Page) -> list[str]:
    results = Axe().run(page, options=RULES).response
    problems = [f"{one['id']}: {node['target']}" for one in results["violations"] for node in one["nodes"]]
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return problems + ([f"scrolls sideways by {sideways} px"] if sideways > 0 else [])

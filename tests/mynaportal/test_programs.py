"""A process with the status door alone: no pages, no cookies, and closed unless a view says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.committed import migrated_var, run

SCRIPT = """
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from mynaportal import programs

programs.urlpatterns.append(path("forgotten", lambda request: HttpResponse("told")))
browser = Client(HTTP_HOST="127.0.0.1")
for address, status in (
    ("/livez", 200), ("/readyz", 200), ("/pki/access", 204), ("/pki/ocsp/junk", 200), ("/pki/ocsp", 405),
    ("/forgotten", 403), ("/", 404), ("/sign-in/", 404), ("/desk/", 404), ("/api/keys", 404), ("/language/", 404),
    ("/pki/nothing", 404), ("/static/portal.css", 404),
):
    answer = browser.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    assert not answer.cookies
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.content or "html" not in answer["Content-Type"], address
assert browser.get("/livez", HTTP_HOST="elsewhere.example").status_code == 400
assert browser.post("/pki/ocsp", b"junk", content_type="application/ocsp-request").status_code == 200
assert browser.post("/pki/token", {}).status_code == 400
"""


@pytest.mark.committed
def test_programs_find_their_door_and_nothing_else(tmp_path: Path) -> None:
    with migrated_var(tmp_path) as env:
        run({**env, "MYNA_DOORS": "status", "MYNA_LOG_LEVEL": "CRITICAL"}, SCRIPT)

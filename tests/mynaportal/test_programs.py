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
AWAY = """
from pathlib import Path
from django.conf import settings
from django.db import connections
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from cards.models import Certificate
from cards.pki import ocsp
from mynaportal import programs
from tests.status.test_ocsp_door import plain, now
from tests.cards.certificates import certify, generation, serial

issuer = generation(1, at=now())
asked = plain(issuer, serial(certify(issuer, at=now())))
connections.close_all()
Path(settings.DATABASES["registry"]["NAME"]).rename(Path(settings.DATABASES["registry"]["NAME"]).with_suffix(".moved"))
Path(settings.DATABASES["registry"]["NAME"]).mkdir()
browser = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
answer = browser.post("/pki/ocsp", asked, content_type="application/ocsp-request")
assert (answer.status_code, answer.content) == (200, ocsp.failure(ocsp.Failure.TRY_LATER)), answer.content
assert browser.get("/readyz").status_code == 503
programs.urlpatterns.append(path("asks", login_not_required(lambda request: HttpResponse(Certificate.objects.count()))))
answer = browser.get("/asks")
assert (answer.status_code, answer["Retry-After"], answer.content) == (503, "10", b"Service Unavailable\\n")
"""


@pytest.mark.committed
def test_programs_find_their_door_and_nothing_else(tmp_path: Path) -> None:
    with migrated_var(tmp_path) as env:
        run({**env, "MYNA_DOORS": "status", "MYNA_LOG_LEVEL": "CRITICAL"}, SCRIPT)


@pytest.mark.committed
def test_while_the_database_is_away_the_responder_says_try_later(tmp_path: Path) -> None:
    with migrated_var(tmp_path, "sqlite") as env:
        run({**env, "MYNA_DOORS": "status", "MYNA_LOG_LEVEL": "CRITICAL", "MYNA_PKI_STATUS_OPEN": "1"}, AWAY)

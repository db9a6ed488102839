"""Every door that this process opens, and the health pages."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from mynaportal import health
from portal.views.language import set_language

urlpatterns = [
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
    path("language/", set_language, name="set_language"),
]
if "api" in settings.MYNA_DOORS:
    urlpatterns.append(path("api/", include("api.urls")))
if "desk" in settings.MYNA_DOORS:
    urlpatterns.append(path("desk/", include("desk.urls")))
if "status" in settings.MYNA_DOORS:
    urlpatterns.append(path("pki/", include("status.urls")))
if "bank" in settings.MYNA_DOORS and settings.SANDBOX_BANK:
    urlpatterns.append(path("sandbox-bank/", include("sandbox_bank.urls")))
if "portal" in settings.MYNA_DOORS:
    urlpatterns.append(path("", include("portal.urls")))

handler400 = "mynaportal.errors.bad_request"
handler403 = "mynaportal.errors.forbidden"
handler404 = "mynaportal.errors.not_found"
handler500 = "mynaportal.errors.server_error"

"""The service with the reference's address beside its own, as gunicorn runs it: `gunicorn bench.serving`."""

from __future__ import annotations

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")
settings.ROOT_URLCONF = "bench.serving_urls"

from mynaportal.wsgi import application  # noqa: E402, F401 - after the settings have been changed

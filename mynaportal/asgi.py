"""The ASGI entry point. In production it refuses to start with a development stand-in."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")
application = get_asgi_application()

from mynaportal.checks import refuse_stand_ins  # noqa: E402  after the apps are loaded

refuse_stand_ins()

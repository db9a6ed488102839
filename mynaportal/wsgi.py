"""The WSGI entry point. In production it refuses to start with a development stand-in."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")
application = get_wsgi_application()

from mynaportal.checks import refuse_stand_ins  # noqa: E402  after the apps are loaded

refuse_stand_ins()

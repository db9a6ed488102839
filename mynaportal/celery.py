"""The Celery application. Tasks take ids only and are safe to repeat; the beat repeats what may have been missed."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")

app = Celery("mynaportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

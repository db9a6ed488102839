"""The Celery application. Tasks take ids only and are safe to repeat; the beat repeats what may have been missed."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mynaportal.settings")

app = Celery("mynaportal")
# For every thread of a server, not only for the one that imports this.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# What needs the register's keys goes to a worker that has them (docker-compose.yml: registry-worker).
app.conf.task_routes = {
    "mynaportal.tasks.drain_code_issues": {"queue": "registry"},
    "mynaportal.tasks.finish_moves": {"queue": "registry"},
    "cards.tasks.publish_status": {"queue": "registry"},
    "cards.tasks.check_certificates": {"queue": "registry"},
    "mynaportal.tasks.restore_protection": {"queue": "registry"},
}

app.conf.beat_schedule = {
    "codes that agencies wait for": {"task": "mynaportal.tasks.drain_code_issues", "schedule": 60.0},
    "hints that were lost": {"task": "notifications.tasks.queue_waiting_hints", "schedule": 300.0},
    "moves that were cut off": {"task": "mynaportal.tasks.finish_moves", "schedule": 300.0},
    "what verifiers ask for": {"task": "cards.tasks.publish_status", "schedule": 300.0},
    "inquiries whose time is over": {"task": "exchange.tasks.end_inquiries", "schedule": 60.0},
    "inquirers who want to be told": {"task": "exchange.tasks.tell_inquirers", "schedule": 60.0},
    "recalls that were cut off": {"task": "exchange.tasks.drain_recalls", "schedule": 60.0},
    "bulk inquiries that were cut off": {"task": "exchange.tasks.queue_waiting_bulks", "schedule": 60.0},
    "answers that nobody fetched": {"task": "exchange.tasks.erase_old_answers", "schedule": 3600.0},
    "witnesses of the log": {"task": "exchange.tasks.ask_witnesses", "schedule": 300.0},
    "the log and its copies": {"task": "exchange.tasks.check_records", "schedule": crontab(hour=3, minute=40)},
    "what was issued": {"task": "cards.tasks.check_certificates", "schedule": crontab(hour=3, minute=40)},
    "what is older than seven years": {
        "task": "exchange.tasks.delete_expired_records",
        "schedule": crontab(hour=2, minute=20),
    },
    "answers of which nobody was told": {"task": "mynaportal.tasks.tell_of_answers", "schedule": 300.0},
    "flags that were lost": {"task": "mynaportal.tasks.restore_protection", "schedule": 300.0},
    "bills that lapsed": {"task": "payments.tasks.close_time_barred_bills", "schedule": crontab(hour=0, minute=10)},
    "what has ended": {"task": "mynaportal.tasks.forget_what_has_ended", "schedule": 3600.0},
}


@worker_init.connect
@beat_init.connect
def refuse_stand_ins(**kwargs: Any) -> None:
    """In production no worker starts with a development stand-in."""
    from mynaportal import checks  # after the apps are loaded

    checks.refuse_stand_ins()

"""Background work: inline without a broker in every thread, and a beat that names only tasks that exist."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from celery import shared_task
from celery.exceptions import ImproperlyConfigured
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from agencies.models import UsedOnce
from mynaportal import celery, checks, tasks
from tests.support import DATABASES

SECONDS_OF_A_DAY = 86_400


done_by: list[str] = []


@shared_task(name="tests.note")
def note() -> None:
    done_by.append(threading.current_thread().name)


def test_without_a_broker_a_task_runs_inside_the_caller_in_every_thread() -> None:
    done_by.clear()
    thread = threading.Thread(target=note.delay, name="a server's thread")
    thread.start()
    thread.join()
    note.delay()
    assert done_by == ["a server's thread", threading.current_thread().name]


def test_what_a_killed_worker_had_in_its_hands_is_given_to_another() -> None:
    conf = celery.app.conf
    assert conf.task_acks_late and conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] == SECONDS_OF_A_DAY / 24
    assert not any(task.acks_late is False for task in celery.app.tasks.values() if not task.name.startswith("celery."))


def test_the_beat_names_tasks_that_exist() -> None:
    celery.app.loader.import_default_modules()
    for entry in celery.app.conf.beat_schedule.values():
        assert entry["task"] in celery.app.tasks


def test_every_route_is_for_a_task_that_exists() -> None:
    celery.app.loader.import_default_modules()
    assert set(celery.app.conf.task_routes) <= set(celery.app.tasks)


def test_what_needs_the_vault_goes_to_the_workers_that_have_it() -> None:
    beat = {entry["task"] for entry in celery.app.conf.beat_schedule.values()}
    for name in ("drain_code_issues", "finish_moves", "restore_protection"):
        assert celery.app.conf.task_routes[f"mynaportal.tasks.{name}"] == {"queue": "registry"}
        assert f"mynaportal.tasks.{name}" in beat


def test_the_beat_can_tell_when_each_is_due() -> None:
    from celery.schedules import maybe_schedule

    for entry in celery.app.conf.beat_schedule.values():
        is_due, next_look = maybe_schedule(entry["schedule"], app=celery.app).is_due(timezone.now() - timedelta(days=2))
        assert is_due
        assert 0 < next_look <= SECONDS_OF_A_DAY


@DATABASES
def test_what_has_ended_is_forgotten_and_the_rest_stays() -> None:
    now = timezone.now()
    for days in (-1, 1):
        session = SessionStore()
        session.set_expiry(days * SECONDS_OF_A_DAY)
        session.save()
        UsedOnce.objects.create(hash=bytes([days + 1]) * 32, expires_at=now + timedelta(days=days))
    tasks.forget_what_has_ended()
    assert Session.objects.count() == 1
    assert UsedOnce.objects.filter(expires_at__gt=now).count() == UsedOnce.objects.count() == 1


@DATABASES
def test_periodic_work_on_empty_databases_does_nothing_and_may_be_repeated() -> None:
    for _ in range(2):
        tasks.drain_code_issues()
        tasks.finish_moves()
        tasks.restore_protection()
        tasks.forget_what_has_ended()


def test_a_worker_refuses_to_start_with_a_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ImproperlyConfigured

    monkeypatch.setattr(checks, "refuse_stand_ins", refuse)
    with pytest.raises(ImproperlyConfigured):
        celery.refuse_stand_ins()


def test_no_task_takes_more_than_an_id() -> None:
    celery.app.loader.import_default_modules()
    for name, task in celery.app.tasks.items():
        if not name.startswith(("celery.", "tests.")):
            names = task.run.__code__.co_varnames[: task.run.__code__.co_argcount]
            assert all(argument.endswith("_id") for argument in names), name

"""A page costs the same with one row and with three."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from django.db import connections
from django.test.utils import CaptureQueriesContext

from databases import ALIASES
from notifications.models import Mailbox, Message
from numbering import change
from residents import register
from tests.desk.world import CHOFU, HANAKO, IN_CHOFU, START, World, a_code
from tests.support import DATABASES

pytestmark = DATABASES


def queries_of(call: Callable[[], Any]) -> int:
    with ExitStack() as stack:
        captured = [stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in ALIASES]
        assert call().status_code == 200
    return sum(len(context) for context in captured)


def letter() -> None:
    box = Mailbox.objects.create(portal_code=a_code())
    Message.objects.create(
        mailbox=box, sender=CHOFU, reference=str(box.pk), subject_sealed=b"", body_sealed=b"", sent_at=START
    )


def test_a_list(world: World) -> None:
    client = world.client(world.clerk)
    letter()
    one = queries_of(lambda: client.get("/desk/notifications/message/"))
    letter()
    letter()
    assert queries_of(lambda: client.get("/desk/notifications/message/")) == one


def test_the_records(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    few = queries_of(lambda: client.get("/desk/exchange/accessrecord/"))
    world.opened(world.clerk, world.taro)
    assert queries_of(lambda: client.get("/desk/exchange/accessrecord/")) == few


def test_a_search(world: World) -> None:
    client = world.client(world.clerk)
    asked = {"name": "山田", "address": "小島町"}
    two = queries_of(lambda: client.post("/desk/residents/resident/", asked))
    for given_name in ("一", "二"):
        details = replace(HANAKO, given_name=given_name)
        register.register_moving_in(details=details, address=IN_CHOFU, on=START.date(), by="x", at=START)
    assert queries_of(lambda: client.post("/desk/residents/resident/", asked)) == two


def test_what_waits(world: World) -> None:
    client = world.client(world.supervisor)
    change.request(resident=world.hanako, reason="CARD_LOST", by="x", at=START)
    one = queries_of(lambda: client.get("/desk/approvals/"))
    change.request(resident=world.taro, reason="CARD_LOST", by="x", at=START)
    assert queries_of(lambda: client.get("/desk/approvals/")) == one

"""Inquiries that wait for the clerk's agency: nothing is shown before the look is on record, and one clerk decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from agencies.models import Agency
from codes.rist1 import format_code
from crossings.codes import portal_code_of
from exchange import ledger, records, standing
from exchange.inquiry import Answer
from exchange.models import AccessRecord
from holdings.models import Protection, WaitingQuestion
from tests.desk import world as desk_world
from tests.desk.waiting import LIST, ask, ask_and_wait, code_at
from tests.desk.world import CHOFU, MITAKA, World
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.fixture
def asked(world: World) -> Answer:
    """Mitaka asks Chofu about Hanako's income; Chofu decides by hand."""
    return ask_and_wait(world.hanako)


def address() -> str:
    return f"{LIST}{WaitingQuestion.objects.get().id}/"


def result(answer: Answer) -> Answer:
    inquirer = Agency.objects.get(local_code=MITAKA)
    return standing.result(inquirer=inquirer, record=answer.record, at=timezone.now())


def looked(world: World, user: User) -> Client:
    client = world.client(user)
    assert client.post(address()).status_code == 302
    return client


def test_the_list_names_nobody_and_is_each_agencys_own(world: World, asked: Answer) -> None:
    page = world.client(world.clerk).get(LIST)
    assert [row["href"] for row in page.context["rows"]] == [address()]
    text = page.content.decode()
    assert "三鷹市" in text and "地方税関係情報" in text
    assert "3120457" not in text and "山田" not in text
    assert world.client(world.stranger).get(LIST).context["rows"] == []
    assert world.client(world.stranger).get(address()).status_code == 404
    assert world.client(world.stranger).post(address()).status_code == 404


def test_nothing_is_shown_before_the_look_is_on_record(world: World, asked: Answer) -> None:
    client = world.client(world.clerk)
    before = client.get(address()).content.decode()
    code = format_code(code_at(CHOFU, world.hanako))
    assert "3120457" not in before and code not in before
    decided_blind = client.post(address(), {"decision": "ANSWER", "reason": "x"})
    assert decided_blind.status_code == 302
    assert result(asked).is_pending
    look = AccessRecord.objects.filter(kind="LOOK").order_by("-leaf")[0]
    assert bytes(look.subject) == ledger.subject_of(portal_code_of(world.hanako))
    assert ledger.private_of(look)["clerk"] == world.clerk.pseudonym("exchange")
    after = client.get(address()).content.decode()
    assert "3120457" in after and code in after
    assert "3120457" not in world.client(world.second).get(address()).content.decode()


def test_the_person_reads_that_her_copy_was_looked_at(world: World, asked: Answer) -> None:
    looked(world, world.clerk)
    found = records.of_citizen(portal_code=portal_code_of(world.hanako), at=timezone.now())
    record = next(each for each in found if each.affair == "JM90000000000096")
    with translation.override("en"):
        assert record.inquirer.name == "Chofu City"
        assert record.outcome_text == "A clerk saw what would be answered"


def test_a_clerk_answers_with_what_was_shown(world: World, asked: Answer) -> None:
    done = looked(world, world.clerk).post(address(), {"decision": "ANSWER", "reason": "本人に確認"}, follow=True)
    assert done.redirect_chain == [(LIST, 302)]
    assert done.context["rows"] == []
    assert [item.value for item in result(asked).items] == ["3120457"]
    closing = AccessRecord.objects.filter(phase="ANSWERED").get()
    private = ledger.private_of(closing)
    assert (private["reason"], private["clerk"]) == ("本人に確認", world.clerk.pseudonym("exchange"))


def test_a_clerk_declines(world: World, asked: Answer) -> None:
    looked(world, world.supervisor).post(address(), {"decision": "DECLINE", "reason": "支援措置"})
    assert (result(asked).outcome, result(asked).items) == ("4001", [])


@pytest.mark.parametrize("wrong", [{"decision": "", "reason": "x"}, {"decision": "ANSWER", "reason": ""}, {}])
def test_without_decision_or_reason_nothing_is_done(world: World, asked: Answer, wrong: dict[str, str]) -> None:
    page = looked(world, world.clerk).post(address(), wrong)
    assert page.context["form"].errors
    assert result(asked).is_pending


def test_what_was_taken_back_meanwhile_is_gone(world: World, asked: Answer) -> None:
    client, where = looked(world, world.clerk), address()
    standing.cancel(inquirer=Agency.objects.get(local_code=MITAKA), record=asked.record, at=timezone.now())
    assert client.post(where, {"decision": "ANSWER", "reason": "x"}).status_code == 404
    assert result(asked).outcome == "4002"


def test_who_decides_after_the_deadline_is_told(world: World, asked: Answer) -> None:
    client = looked(world, world.clerk)
    standing.Inquiry.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    page = client.post(address(), {"decision": "ANSWER", "reason": "x"}, follow=True)
    assert "すでに終わっています" in page.content.decode()
    assert result(asked).outcome == "5002"


def test_of_a_protected_person_the_desk_is_not_told_who_asks(world: World, asked: Answer) -> None:
    ask(world.taro)
    Protection.objects.create(agency=CHOFU, code=code_at(CHOFU, world.hanako))
    page = world.client(world.clerk).get(LIST)
    assert {row["who"] for row in page.context["rows"]} == {"三鷹市", "表示しません（支援措置の対象の方です）"}


def test_a_clerk_of_an_agency_without_a_register_decides_too(world: World) -> None:
    pension = desk_world.clerk("900019")
    assert world.client(pension).get(LIST).status_code == 200
    assert world.client(pension).get("/desk/approvals/").status_code == 403

"""Purpose first, recorded, and only then the page."""

from __future__ import annotations

import logging
import time
from unittest.mock import patch

import pytest

from crossings.codes import portal_code_of
from desk import grants
from desk.pages.page import address
from exchange import ledger
from exchange.models import AccessRecord, Kind
from tests.desk.world import World
from tests.support import DATABASES

pytestmark = DATABASES

WHY = {"purpose": "CERTIFICATE", "case_number": "2026-17", "words": "窓口で請求"}


def looks_at(world: World) -> list[AccessRecord]:
    subject = ledger.subject_of(portal_code_of(world.hanako))
    return [
        row for row in AccessRecord.objects.about(subject).filter(kind=Kind.LOOK) if about(row)["what"] == "register"
    ]


def about(row: AccessRecord) -> dict[str, str]:
    return ledger.private_of(row)


def test_the_look_is_on_her_record_with_purpose_and_without_the_clerks_code(world: World) -> None:
    client = world.client(world.clerk)
    answer = client.post(address("purpose", world.hanako.pk), WHY)
    assert answer.headers["Location"] == address("change", world.hanako.pk)
    (row,) = looks_at(world)
    kept = about(row)
    assert kept["purpose"] == "CERTIFICATE: 窓口で請求"
    assert kept["case_number"] == "2026-17"
    assert kept["clerk"] == world.clerk.pseudonym("exchange")
    assert "山田　花子" in client.get(answer.headers["Location"]).content.decode()


def test_nothing_is_shown_or_recorded_before_the_purpose_is_given(world: World) -> None:
    client = world.client(world.clerk)
    answer = client.get(address("change", world.hanako.pk))
    assert (answer.status_code, answer.headers["Location"]) == (302, address("purpose", world.hanako.pk))
    page = client.get(address("purpose", world.hanako.pk)).content.decode()
    assert "山田" not in page and "花子" not in page and "1990" not in page.replace("1990-04-15.", "")
    for wrong in (
        {},
        {"purpose": "CERTIFICATE"},
        {"purpose": "NOSY", "case_number": "1"},
        {"purpose": "OTHER", "case_number": "1"},
    ):
        assert client.post(address("purpose", world.hanako.pk), wrong).status_code == 200
    assert looks_at(world) == []
    assert client.get(address("change", world.hanako.pk)).status_code == 302


def test_when_the_record_cannot_be_written_nothing_opens(world: World) -> None:
    client = world.client(world.clerk)
    client.raise_request_exception = False
    with patch("exchange.ledger.record_all", side_effect=OSError("disk full")):
        answer = client.post(address("purpose", world.hanako.pk), WHY)
        found = client.post("/desk/residents/resident/", {"name": "山田", "birth_date": "1990-04-15"})
    assert (answer.status_code, found.status_code) == (500, 500)
    assert "花" not in answer.content.decode() and "花" not in found.content.decode()
    assert client.get(address("change", world.hanako.pk)).status_code == 302


def test_when_the_record_cannot_be_written_the_number_stays_masked(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    client.raise_request_exception = False
    with patch("exchange.ledger.record_all", side_effect=OSError), patch("desk.pages.number.unmask") as unmask:
        answer = client.post(address("unmask", world.hanako.pk), {"reason": "窓口で確認"})
    assert answer.status_code == 500
    assert unmask.call_count == 0


def test_the_permission_is_for_one_person_one_clerk_and_ten_minutes(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    assert client.get(address("change", world.hanako.pk)).status_code == 200
    assert client.get(address("change", world.taro.pk)).status_code == 302
    assert world.client(world.second).get(address("change", world.hanako.pk)).status_code == 302
    later = time.time() + grants.LASTS.total_seconds() + 1
    with patch("desk.grants.time.time", return_value=later):
        assert client.get(address("change", world.hanako.pk)).status_code == 302


def test_the_session_holds_no_value_of_the_register(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    kept = str(dict(client.session.items()))
    assert str(world.hanako.pk) not in kept and world.hanako.pk.hex not in kept
    assert world.hanako.local_id not in kept and "山田" not in kept


def test_a_search_is_on_record_without_whom_and_shows_masked_rows(world: World) -> None:
    client = world.client(world.clerk)
    page = client.post("/desk/residents/resident/", {"name": "やまだ", "address": "小島町"}).content.decode()
    assert "山田　花○" in page and "山田　太○" in page
    assert "花子" not in page and "2-35-1" not in page and "04-15" not in page.replace("1990-04-15", "")
    searches = list(AccessRecord.objects.filter(kind=Kind.LOOK, subject=None))
    assert [about(row)["what"] for row in searches] == ["search: name address"]
    assert "山田" not in str(about(searches[0])) and "やまだ" not in str(about(searches[0]))


@pytest.mark.parametrize(
    "given", [{"name": "山田"}, {"birth_date": "1990-04-15"}, {}, {"name": "  ", "address": "小島町"}]
)
def test_one_thing_is_not_enough_to_search(world: World, given: dict[str, str]) -> None:
    page = world.client(world.clerk).post("/desk/residents/resident/", given).content.decode()
    assert "花○" not in page
    assert AccessRecord.objects.filter(kind=Kind.LOOK, subject=None).count() == 0


def test_a_search_finds_nobody_of_another_city(world: World) -> None:
    asked = {"name": "佐藤", "birth_date": "1975-07-20"}
    assert "佐藤" not in rows(world.client(world.clerk).post("/desk/residents/resident/", asked))
    assert "佐藤" in rows(world.client(world.stranger).post("/desk/residents/resident/", asked))


def rows(answer: object) -> str:
    return answer.content.decode().partition('id="found"')[2]


def test_her_number_is_shown_after_two_records(world: World) -> None:
    from numbering.models import Unmasking

    client = world.opened(world.clerk, world.hanako)
    page = client.get(address("change", world.hanako.pk)).content.decode()
    assert "•••• ••••" in page
    assert client.post(address("unmask", world.hanako.pk), {"reason": ""}).context["form"].errors
    answer = client.post(address("unmask", world.hanako.pk), {"reason": "本人の求め"})
    shown = answer.context["number"]
    assert len(shown.replace(" ", "")) == 12
    (row,) = Unmasking.objects.all()
    assert (row.by, row.reason) == (world.clerk.pseudonym("registry"), "本人の求め")
    subject = ledger.subject_of(portal_code_of(world.hanako))
    whats = [about(row)["what"] for row in AccessRecord.objects.about(subject).filter(kind=Kind.LOOK)]
    assert whats.count("number") == 1


def test_the_notice_is_a_pdf_with_a_plain_name(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    answer = client.post(address("number_notice", world.hanako.pk), {"reason": "通知書の再発行"})
    assert answer.content[:5] == b"%PDF-"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="notice.pdf"'
    assert "no-store" in answer.headers["Cache-Control"]


def test_no_name_or_number_in_logs_titles_and_addresses(world: World, caplog: pytest.LogCaptureFixture) -> None:
    import re

    with caplog.at_level(logging.DEBUG):
        client = world.opened(world.clerk, world.hanako)
        client.post("/desk/residents/resident/", {"name": "山田", "birth_date": "1990-04-15"})
        pages = [client.get(address(name, world.hanako.pk)) for name in ("change", "as_of", "purpose", "unmask")]
        pages.append(client.post(address("unmask", world.hanako.pk), {"reason": "本人の求め"}))
        number = pages[-1].context["number"]
    titles = [re.search(r"<title>(.*?)</title>", page.content.decode(), re.S)[1] for page in pages]
    links = [link for page in pages for link in re.findall(r'(?:href|action)="([^"]*)"', page.content.decode())]
    for text in [caplog.text, *titles, *links]:
        for secret in ("山田", "花子", "ハナコ", "1990-04-15", number, number.replace(" ", ""), world.hanako.local_id):
            assert secret not in text


def test_two_clerks_sessions_about_her_share_no_value(world: World) -> None:
    one, other = (world.opened(user, world.hanako).session["desk-grants"] for user in (world.clerk, world.second))
    assert len(one) == len(other) == 1
    assert set(one) & set(other) == set()

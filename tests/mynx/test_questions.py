"""What citizens ask about the agency's records: listed at the terminal, and answered."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from crossings import ask
from exchange import questions
from tests.api.sides import Country
from tests.mynx.test_client import INQUIRE, country, directory, line, run
from tests.support import DATABASES

__all__ = ["country", "directory", "line"]
pytestmark = [DATABASES, pytest.mark.usefixtures("line")]


@pytest.fixture
def record(country: Country, directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Our reference of an inquiry, about which Hanako has asked."""
    assert run(directory, *INQUIRE) == 0
    reference = str(json.loads(capsys.readouterr().out)["record"])
    user = User.objects.citizen(country.portal_code_of(country.hanako))
    given: dict[str, Any] = {"ground": "NOT_ME", "text": "どの手続きのためですか", "is_protected": False}
    ask.ask(user=user, reference=uuid.UUID(reference), **given, at=timezone.now())
    return reference


def answers(country: Country, record: str) -> list[str]:
    portal_code = country.portal_code_of(country.hanako)
    return [each.answer for each in questions.of_record(portal_code=portal_code, reference=record, at=timezone.now())]


def test_a_question_is_listed_until_it_is_answered(
    country: Country, directory: Path, record: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(directory, "questions") == 0
    said = capsys.readouterr().out
    [asked] = json.loads(said)
    assert (asked["record"], asked["text"], asked["case_number"]) == (record, "どの手続きのためですか", "CA-2026-0417")
    assert country.chofu.printed_code_for(country.hanako)[3:] not in said
    assert run(directory, "answer", record, "--text", "認定のためです") == 0
    assert json.loads(capsys.readouterr().out)["record"] == record
    assert answers(country, record) == ["認定のためです"]
    assert run(directory, "questions", "--limit", "5") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_an_answer_may_come_by_standard_input_and_again(
    country: Country,
    directory: Path,
    record: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO("児童手当の\n認定のためです\n"))
        assert run(directory, "answer", record, "--text", "-") == 0
    assert answers(country, record) == ["児童手当の\n認定のためです"]
    capsys.readouterr()
    assert run(directory, "answer", record, "--text", "間違いでした") == 1
    assert json.loads(capsys.readouterr().out)["type"].endswith("/question-answered")
    assert "認定" not in (directory / "records.jsonl").read_text()


def test_what_nobody_asked_is_refused(directory: Path, record: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(directory, "answer", str(uuid.uuid4()), "--text", "x") == 1
    assert json.loads(capsys.readouterr().out)["type"].endswith("/no-such-question")
    assert run(directory, "questions", "--limit", "0") == 1

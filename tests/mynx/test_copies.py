"""Copies by file: checked against our own list before anything is sent, in parts, resumable under the same names."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from holdings import copies as held
from holdings.models import Holding, Run
from mynx import copies
from mynx.agency import Agency
from mynx.client import NotReached, Service
from tests.api.sides import CHILD_ALLOWANCE, LOCAL_TAX, TOTAL_INCOME, Country, new_point, tax_items
from tests.mynx.test_client import Line, country, directory, line, run
from tests.support import DATABASES

__all__ = ["country", "directory", "line"]
pytestmark = [DATABASES, pytest.mark.usefixtures("line")]

ITEMS = sorted(tax_items())
PEOPLE = [("7", "山田　花子", "1990-04-15"), ("8", "佐藤 健司", "1975-07-20"), ("9", "鈴木 次郎", "1980-01-01")]


@pytest.fixture
def people(country: Country, directory: Path) -> Path:
    """Three persons in our own list, each with a code."""
    points = [country.hanako, country.kenji, new_point()]
    rows = [(*person, country.chofu.printed_code_for(point)) for person, point in zip(PEOPLE, points, strict=True)]
    lines = ["local_id,name,kana,birth_date,code", *(f"{i},{name},,{born},{code}" for i, name, born, code in rows)]
    (directory / "people.csv").write_text("\n".join(lines) + "\n")
    return directory


def row(person: int = 0, income: str = "100", **changes: str) -> dict[str, str]:
    local_id, name, born = PEOPLE[person]
    items = dict.fromkeys(ITEMS, "(NOT_APPLICABLE)") | {TOTAL_INCOME: income}
    return {"local_id": local_id, "name": name, "birth_date": born, "fiscal_year": "2026"} | items | changes


def write(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def register(directory: Path, file: Path, *more: str) -> int:
    return run(directory, "register", str(file), "--data-set", LOCAL_TAX, *more)


def outcomes(file: Path) -> list[str]:
    with file.with_name(f"{file.name}.outcomes.csv").open(encoding="utf-8") as content:
        return [row["outcome"] for row in csv.DictReader(content)]


def incomes(country: Country) -> dict[str, Any]:
    """What lies there of Hanako and Kenji."""
    rows = {copy.code: held.opened(copy)[TOTAL_INCOME] for copy in Holding.objects.filter(agency="132080")}
    points = {"hanako": country.hanako, "kenji": country.kenji}
    return {name: rows.get(country.chofu.code_for(point), {}).get("value") for name, point in points.items()}


def test_a_file_is_registered_by_our_own_ids(
    country: Country, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "tax.csv", row(), row(1, "200"))
    assert register(people, file) == 0
    assert capsys.readouterr().out == "2 of 2 lines are registered; the others are named in tax.csv.outcomes.csv.\n"
    assert incomes(country) == {"hanako": "100", "kenji": "200"}
    assert [outcomes(file), Holding.objects.filter(agency="132080").count()] == [["taken", "taken"], 2]
    for name in ("tax.csv.journal", "tax.csv.outcomes.csv"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert country.chofu.printed_code_for(country.hanako)[3:] not in (tmp_path / name).read_text()
    assert register(people, file) == 0
    assert Run.objects.count() == 1, "the same file again sends nothing"


def test_where_more_than_the_share_disagrees_nothing_is_sent(
    country: Country, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids and facts swapped between two persons, as when each is typed on a screen of its own."""
    hanako, kenji = row(), row(1, "200")
    hanako["local_id"], kenji["local_id"] = kenji["local_id"], hanako["local_id"]
    file = write(tmp_path / "tax.csv", hanako, kenji, row(2, "300"))
    assert register(people, file) == 1
    assert "Nothing was sent: 2 of 3 lines do not agree with people.csv." in capsys.readouterr().err
    assert outcomes(file) == ["the second fact is not that of people.csv"] * 2 + ["not sent yet"]
    assert register(people, file, "--mismatches-at-most", "0.5") == 1
    assert not Holding.objects.filter(agency="132080").exists()


def test_where_fewer_disagree_they_are_left_out_and_named(country: Country, people: Path, tmp_path: Path) -> None:
    wrong = [row(2, birth_date="1980-01-02"), row(2, local_id="99"), row(2, name="", birth_date="")]
    file = write(tmp_path / "tax.csv", row(), *wrong)
    assert register(people, file, "--mismatches-at-most", "0.75") == 1
    assert outcomes(file) == [
        "taken",
        "the second fact is not that of people.csv",
        "people.csv has nobody of this local_id",
        "the second fact is missing",
    ]
    assert incomes(country)["hanako"] == "100"


def test_one_second_fact_is_enough_and_spaces_do_not_count(country: Country, people: Path, tmp_path: Path) -> None:
    rows = [row(name="山田花子"), row(1, "200", name="佐藤　健司")]
    for each in rows:
        del each["birth_date"]
    assert register(people, write(tmp_path / "names.csv", *rows)) == 0
    assert incomes(country) == {"hanako": "100", "kenji": "200"}


def test_lines_that_the_service_refuses_stay_out_and_the_others_go_in(
    country: Country, people: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "tax.csv", row(), row(1, "ten"), row(2, "(BECAUSE)"))
    assert register(people, file) == 1
    first, second, third = outcomes(file)
    assert first == "taken"
    assert second.startswith(f"items.{TOTAL_INCOME}: Must be")
    assert third.startswith(f"items.{TOTAL_INCOME}: Must be")
    assert incomes(country) == {"hanako": "100", "kenji": None}


def test_what_cannot_be_sent_is_named_before(country: Country, people: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "tax.csv", row(), row(1, ""), row(2, fiscal_year="R8"))
    assert register(people, file) == 1
    assert outcomes(file) == [
        "taken",
        "a cell is empty: say a value, or in brackets why there is none, as (NOT_HELD)",
        "a year or version is not a number",
    ]


def test_a_run_that_was_cut_off_goes_on_under_the_same_references(
    country: Country, people: Path, tmp_path: Path, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second part is registered, but its answer is lost."""
    monkeypatch.setattr(copies, "MOST_COPIES", 1)
    file = write(tmp_path / "tax.csv", row(), row(1, "200"), row(2, "300"))
    sent: list[dict[str, Any]] = []

    def send(self: Service, method: str, path: str, body: bytes, *rest: Any) -> Any:
        answer = line(method, path, body, *rest)
        if path.endswith("/register"):
            sent.append(json.loads(body)["copies"][0])
            if len(sent) == 2:
                raise NotReached("Nothing answers.")
        return answer

    monkeypatch.setattr(Service, "send", send)
    assert register(people, file) == 3
    assert register(people, file) == 0
    assert [copy["reference"] for copy in sent[1:3]] == [sent[1]["reference"]] * 2
    assert (len(sent), len({copy["reference"] for copy in sent}), Run.objects.count()) == (4, 3, 3)
    assert incomes(country) == {"hanako": "100", "kenji": "200"}


def test_a_changed_file_is_another_run(
    country: Country, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "tax.csv", row())
    assert register(people, file) == 0
    write(file, row(income="500"))
    assert register(people, file) == 3
    assert "was changed after its run had begun" in capsys.readouterr().err
    assert register(people, write(tmp_path / "correction.csv", row(income="500")), "--kind", "CORRECTION") == 0
    assert incomes(country)["hanako"] == "500"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("local_id,0200000010\n7,1\n", "a second fact"),
        ("name,0200000010\n山田,1\n", "needs the column local_id"),
        ("local_id,name,income\n7,山田,1\n", "columns that are not known"),
        ("local_id,name,name\n7,山田,1\n", "columns that are not known"),
        ("local_id,name\n7,山田,1\n", "more cells"),
        ('local_id,name\n7,"山田\n', "not a CSV file"),
        ("local_id,name\n7,山田\n".encode("shift_jis"), "not a CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_as_one(
    people: Path, tmp_path: Path, content: str | bytes, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tax.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert register(people, file) == 3
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "tax.csv.journal").exists()


def test_what_is_not_ours_to_provide_is_refused_as_a_whole(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "tax.csv", row())
    assert run(people, "register", str(file), "--data-set", "TM90000000000003") == 1
    assert '"status": 403' in capsys.readouterr().out
    assert outcomes(file) == ["not sent yet"]


def test_a_copy_is_stopped_resumed_and_withdrawn(
    country: Country, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(people, write(tmp_path / "tax.csv", row()))
    hers = ["--data-set", LOCAL_TAX, "--person", "山田花子"]
    assert run(people, "stop", *hers, "--reason", "REPORTED") == 0
    assert run(people, "resume", *hers) == 0
    assert run(people, "stop", "--data-set", LOCAL_TAX, "--reason", "FAULT") == 0
    capsys.readouterr()
    assert run(people, "withdraw", *hers, "--fiscal-year", "2026", "--reason", "WRONG_PERSON") == 0
    assert json.loads(capsys.readouterr().out) == {"withdrawn": True}
    assert Holding.objects.get(agency="132080").is_withdrawn


def test_recalls_are_noted_with_our_own_case_and_confirmed(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = ["--person", "7", "--provider", "132047", "--affair", CHILD_ALLOWANCE, "--data-set", LOCAL_TAX]
    run(directory, "inquire", *about, "--item", TOTAL_INCOME, "--fiscal-year", "2026", "--case-number", "CA-7")
    record = json.loads(capsys.readouterr().out)["record"]
    withdrawal = {"code": country.mitaka.printed_code_for(country.hanako), "data_set": LOCAL_TAX}
    withdrawal |= {"period": {"fiscal_year": 2026}, "reason": "WRONG_CONTENT"}
    assert country.mitaka.post("/api/v1/copies/withdraw", withdrawal).json == {"withdrawn": True}
    # A later line of the journal that names no case, as that of an answered question, hides nothing.
    Agency(directory).note(at="", address="/api/v1/questions/answer", status=200, outcome="", record=record, ours="")
    assert run(directory, "recalls") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split()[1:] == ["WRONG_CONTENT", LOCAL_TAX, record, "CA-7"]
    assert said[1:] == ["1 recalls."]
    assert run(directory, "recalls") == 0
    assert capsys.readouterr().out == "0 recalls.\n"
    run(directory, "records", "--last", "1")
    assert f"WRONG_CONTENT  {record}  CA-7" in capsys.readouterr().out

"""A file of inquiries, from the clerk's table to the results beside it, against the real API."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from exchange import bulk_work
from exchange.bulk_models import Bulk
from exchange.models import AccessRecord
from mynx import __main__ as program
from mynx import bulk as bulk_file
from mynx import keys
from mynx.agency import Agency, Unusable
from mynx.client import Service
from tests.api.sides import AUDIENCE, INCOME, LOCAL_TAX, MITAKA, SALARY, TOTAL_INCOME, Country, new_country
from tests.support import DATABASES

pytestmark = DATABASES

HEADER = "person,line,provider,affair,data_set,items,fiscal_year,case_number\n"
LINE = f"{{}},{{}},{MITAKA},JM90000000000001,{LOCAL_TAX},{TOTAL_INCOME} {SALARY},2026,CA-1\n"


@pytest.fixture
def country(db: None) -> Country:
    cache.clear()
    return new_country()


@pytest.fixture
def directory(country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    side = country.chofu
    client = {"client_id": str(side.client.client_id), "token_endpoint": AUDIENCE}
    (tmp_path / "client.json").write_text(json.dumps(client | {"private_jwk": side.key.as_dict(private=True)}))
    (tmp_path / "code_key.json").write_text(json.dumps({"private_key": keys.to_text(side.code_key)}))
    hers, his = side.printed_code_for(country.hanako), side.printed_code_for(country.kenji)
    (tmp_path / "people.csv").write_text(
        f"local_id,name,kana,birth_date,code\n7,山田　花子,,1990-04-15,{hers}\n8,佐藤　健二,,1988-01-02,{his}\n9,x,,,\n"
    )
    (tmp_path / "ask.csv").write_text(HEADER + LINE.format("山田 花子", "a") + LINE.format("8", "b"))

    def send(
        self: Service, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        response = side.web.generic(method, path, body, headers=dict(headers))
        return response.status_code, {n.lower(): v for n, v in response.headers.items()}, response.content

    monkeypatch.setattr(Service, "send", send)
    monkeypatch.setattr(bulk_file, "FIRST_PAUSE", 0.0)
    return tmp_path


def run(directory: Path, *arguments: str) -> int:
    return program.main(["--agency", str(directory), "bulk", *arguments])


def inquire(directory: Path, *more: str, file: str = "ask.csv", reference: str = "R-1") -> int:
    return run(directory, "inquire", str(directory / file), "--reference", reference, *more)


def test_a_file_in_and_a_file_out(country: Country, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = directory / "out.csv"
    assert inquire(directory, "--out", str(out)) == 0
    shown = capsys.readouterr()
    assert "2 lines in" in shown.err
    assert json.loads(shown.out)["erased_at"]
    [his] = country.records_of(country.kenji)
    [hers] = country.records_of(country.hanako)
    assert list(csv.reader(out.open(encoding="utf-8"))) == [
        ["line", "outcome", "record", "row", "item", "name", "value", "null_reason"],
        ["a", "0000", hers.reference, "I01", TOTAL_INCOME, "Total income", INCOME, ""],
        ["a", "0000", hers.reference, "I01", SALARY, "Salary", "", "NOT_APPLICABLE"],
        ["b", "0004", his.reference, "I01", "", "", "", ""],
    ]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    journal = list(Agency(directory).journal())
    assert [(e["ours"], e["record"], e["outcome"]) for e in journal] == [
        ("a", hers.reference, "0000"),
        ("b", his.reference, "0004"),
    ]
    code = country.chofu.printed_code_for(country.hanako)[3:]
    assert not [path for path in directory.iterdir() if code in path.read_text() and path.name != "people.csv"]


def test_the_same_command_goes_on_where_it_stopped(
    country: Country, directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bulk_work, "queue", lambda bulk: None)
        assert inquire(directory) == 0
    assert json.loads(capsys.readouterr().out)["settled"] == 0
    (directory / "people.csv").unlink()  # what is in it has changed since: the file was handed in as it was
    out = directory / "out.csv"
    assert inquire(directory, "--out", str(out), "--keep") == 0
    first = out.read_text()
    assert inquire(directory, "--out", str(out)) == 0
    assert out.read_text() == first
    assert inquire(directory, "--out", str(out)) == 1
    assert "erased" in capsys.readouterr().err
    assert inquire(directory) == 0
    assert (Bulk.objects.count(), AccessRecord.objects.count()) == (1, 4)


def test_another_file_under_the_same_reference_is_refused(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inquire(directory) == 0
    (directory / "ask.csv").write_text(HEADER + LINE.format("8", "b"))
    capsys.readouterr()
    assert inquire(directory) == 1
    assert json.loads(capsys.readouterr().out)["status"] == 409


def test_a_refused_line_is_named_by_its_place_in_the_file(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = LINE.format("7", "a") + LINE.format("8", "b").replace(MITAKA, "999999")
    (directory / "ask.csv").write_text(HEADER + lines)
    assert inquire(directory) == 1
    shown = capsys.readouterr()
    assert "ask.csv, line 3, provider: There is no active agency" in shown.err
    assert json.loads(shown.out)["status"] == 400
    assert not Bulk.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER + LINE.format("佐藤", "a"), "line 2: The list has 0 persons"),
        (HEADER + LINE.format("9", "a"), "line 2: The list has 1 persons"),
        (HEADER + LINE.format("7", "a") + "7,b\n", "line 3: it has not as many fields"),
        (HEADER + LINE.format("7", "a").replace("2026", "R8"), "line 2: fiscal_year is not a number"),
        (HEADER.replace("person", "code") + LINE.format("7", "a"), "has no column person"),
        (HEADER.strip() + ",note\n" + LINE.format("7", "a"), "columns that are not known"),
        ("", "has no column line"),
        (HEADER + '"', "is not CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_sent(
    directory: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    (directory / "ask.csv").write_text(content)
    assert inquire(directory) == 3
    assert said in capsys.readouterr().err
    assert not Bulk.objects.exists()


def test_another_encoding_and_other_times(directory: Path) -> None:
    agency = Agency(directory)
    with pytest.raises(Unusable, match="not CSV in UTF-8"):
        list(bulk_file.read((HEADER + LINE.format("山田 花子", "a")).encode("shift_jis"), agency, name="f"))
    header = HEADER.replace("fiscal_year", "as_of,begins_on,ends_on")
    rows = LINE.format("7", "a").replace("2026,", "2026-04-01,,,") + LINE.format("7", "b").replace("2026,", ",,,")
    first, second = bulk_file.read(("\ufeff" + header + rows).encode(), agency, name="f")
    assert first["condition"] == {"as_of": "2026-04-01"}
    assert "condition" not in second
    assert first["items"] == [TOTAL_INCOME, SALARY]


def test_status_and_cancel(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bulk_work, "queue", lambda bulk: None)
    inquire(directory)
    capsys.readouterr()

    def state(command: str) -> Any:
        assert run(directory, command, "--reference", "R-1") == 0
        return json.loads(capsys.readouterr().out)["state"]

    assert [state(command) for command in ("status", "cancel", "status")] == ["OPEN", "CANCELLED", "CANCELLED"]
    assert run(directory, "status", "--reference", "R-2") == 3
    assert "Nothing was handed in" in capsys.readouterr().err


def test_evidence_goes_with_it(directory: Path) -> None:
    assert inquire(directory, "--clerk", "K-7f3a", "--section", "kosodate") == 0
    assert Bulk.objects.get().state == "DONE"

"""The agency's client against the real API: what it sends is taken, what is not genuine is not believed."""

from __future__ import annotations

import json
import re
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from exchange import epochs, ledger
from exchange.models import AccessRecord, CodeIssue
from holdings import hosted, waiting
from mynx import __main__ as program
from mynx import inquiries, keys
from mynx.agency import Agency, Unusable
from mynx.client import NotReached, Service
from mynx.signatures import NotGenuine
from notifications.models import Document, Message
from payments.models import Charge
from tests.api.sides import (
    AUDIENCE,
    INCOME,
    LOCAL_TAX,
    MITAKA,
    PDF,
    SALARY,
    TOTAL_INCOME,
    Country,
    Side,
    new_country,
    new_point,
)
from tests.api.test_codes import offer
from tests.support import DATABASES

pytestmark = DATABASES

Line = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, dict[str, str], bytes]]
INQUIRE = [
    "inquire", "--person", "山田　花子", "--provider", MITAKA, "--affair", "JM90000000000001", "--data-set", LOCAL_TAX,
    "--item", TOTAL_INCOME, "--item", SALARY, "--fiscal-year", "2026", "--case-number", "CA-2026-0417",
]  # fmt: skip


@pytest.fixture
def country(db: None) -> Country:
    cache.clear()
    return new_country()


@pytest.fixture
def directory(country: Country, tmp_path: Path) -> Path:
    side = country.chofu
    client = {"client_id": str(side.client.client_id), "token_endpoint": AUDIENCE}
    private = side.key.as_dict(private=True)
    (tmp_path / "client.json").write_text(json.dumps(client | {"private_jwk": private}))
    (tmp_path / "code_key.json").write_text(json.dumps({"private_key": keys.to_text(side.code_key)}))
    code = side.printed_code_for(country.hanako)
    (tmp_path / "people.csv").write_text(f"local_id,name,kana,birth_date,code\n7,山田　花子,,1990-04-15,{code}\n")
    return tmp_path


@pytest.fixture
def line(country: Country, monkeypatch: pytest.MonkeyPatch) -> Line:
    """The real API, with the test client for a line."""

    def send(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        response = country.chofu.web.generic(method, path, body, headers=dict(headers))
        return response.status_code, {n.lower(): v for n, v in response.headers.items()}, response.content

    monkeypatch.setattr(Service, "send", lambda self, *arguments: send(*arguments))
    return send


def run(directory: Path, *arguments: str) -> int:
    return program.main(["--agency", str(directory), *arguments])


@pytest.mark.usefixtures("line")
def test_an_inquiry_and_the_agencys_own_record_of_it(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(directory, *INQUIRE) == 0
    answer = json.loads(capsys.readouterr().out)
    [record] = country.records_of(country.hanako)
    assert (answer["items"][0]["value"], answer["record"]) == (INCOME, record.reference)
    assert run(directory, "records") == 0
    assert re.fullmatch(rf"\S+Z?\+00:00  200  0000  {record.reference}  CA-2026-0417\n", capsys.readouterr().out)
    journal = (directory / "records.jsonl").read_text()
    assert INCOME not in journal
    assert country.chofu.printed_code_for(country.hanako)[3:] not in journal
    assert stat.S_IMODE((directory / "records.jsonl").stat().st_mode) == 0o600


@pytest.mark.usefixtures("line")
def test_a_refusal_is_shown_noted_and_told_by_the_exit(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(directory, *INQUIRE[:4], "900019", *INQUIRE[5:]) == 1
    refusal = json.loads(capsys.readouterr().out)
    assert (refusal["code"], refusal["status"]) == ("2001", 403)
    run(directory, "records")
    assert f"403  2001  {refusal['record']}" in capsys.readouterr().out


@pytest.mark.usefixtures("line")
def test_evidence_goes_with_it(country: Country, directory: Path) -> None:
    assert run(directory, *INQUIRE, "--clerk", "K-7f3a", "--section", "kosodate", "--row", "I01") == 0
    evidence = ledger.private_of(AccessRecord.objects.select_related("leaf")[0])["evidence"]
    claims = json.loads(keys.to_bytes(evidence.split(".")[1]))
    found = [claims[name] for name in ("clerk", "section", "case_number", "row")]
    assert found == ["K-7f3a", "kosodate", "CA-2026-0417", "I01"]


@pytest.mark.usefixtures("line")
def test_a_notice_and_a_charge(country: Country, directory: Path) -> None:
    (directory / "letter.pdf").write_bytes(PDF)
    about = ["--person", "7", "--affair", "JM90000000000001", "--reference", "R-1", "--clerk", "K"]
    sent = ["--subject", "通知", "--body", "本文", "--document", str(directory / "letter.pdf")]
    assert run(directory, "notice", *about, *sent) == 0
    assert (Message.objects.get().subject, Document.objects.get().content) == ("通知", PDF)
    about[3] = "JM90000000000020"
    assert run(directory, "charge", *about, "--title", "保育料", "--amount", "18500", "--due-on", "2026-12-28") == 0
    assert Charge.objects.get().amount == 18500


@pytest.mark.usefixtures("line")
def test_codes_are_collected_opened_stored_and_confirmed(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(country.chofu, country.kenji, "8")
    offer(country.chofu, country.hanako, "7")
    assert run(directory, "collect") == 0
    assert capsys.readouterr().out == "2 codes collected.\n"
    assert CodeIssue.objects.count() == 0
    agency = Agency(directory)
    assert agency.code_of("8") == country.chofu.printed_code_for(country.kenji)
    assert agency.code_of("山田花子") == country.chofu.printed_code_for(country.hanako)


@pytest.mark.usefixtures("line")
def test_a_blind_inquiry_gets_the_same_answer(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosted.deposit(agency=MITAKA, private_key=country.mitaka.code_key)
    assert run(directory, *INQUIRE, "--blind") == 0
    answer = json.loads(capsys.readouterr().out)
    [record] = country.records_of(country.hanako)
    assert (answer["items"][0]["value"], answer["record"]) == (INCOME, record.reference)
    run(directory, "records")
    assert f"200  0000  {record.reference}  CA-2026-0417" in capsys.readouterr().out
    assert run(directory, *INQUIRE[:4], "900019", *INQUIRE[5:], "--blind") == 1
    assert json.loads(capsys.readouterr().out)["type"].endswith("/not-asked-blind")


def people_of(side: Side, persons: list[bytes]) -> str:
    rows = [f"{number},,,,{side.printed_code_for(person)}\n" for number, person in enumerate(persons)]
    return "local_id,name,kana,birth_date,code\n" + "".join(rows) + "waits,,,,\n"


@pytest.mark.usefixtures("line")
def test_a_list_is_renewed_in_batches_and_after_a_break_the_rest(
    country: Country, directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    persons = [new_point() for _ in range(5)]
    former = people_of(country.chofu, persons)
    (directory / "people.csv").write_text(former)
    monkeypatch.setattr(program, "RENEWED_AT_ONCE", 2)
    assert run(directory, "renew") == 0
    assert capsys.readouterr().out == "0 codes renewed.\n"
    assert (directory / "people.csv").read_text() == former
    epochs.begin(country.chofu.agency, settle=0)

    keep, kept = Agency.replace_codes, []

    def break_the_second_time(self: Agency, present: dict[str, str]) -> None:
        kept.append(present)
        if len(kept) == 2:
            raise OSError("the disk is full")
        keep(self, present)

    monkeypatch.setattr(Agency, "replace_codes", break_the_second_time)
    assert run(directory, "renew") == 3
    assert (directory / "people.csv").read_text().count(",a2-") == 2
    assert run(directory, "renew") == 0
    assert capsys.readouterr().out == "3 codes renewed.\n"
    assert (directory / "people.csv").read_text() == people_of(country.chofu, persons)


@pytest.mark.usefixtures("line")
def test_a_new_key_is_taken_into_use_when_the_service_has_it(
    country: Country, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = ["register-key", "--local-code", country.chofu.agency.local_code]
    before = (directory / "code_key.json").read_text()
    assert run(directory, *register) == 0
    assert run(directory, *register[:2], "132047", "--new") == 1  # the proof is another agency's
    offer(country.chofu, country.hanako, "7")
    assert run(directory, "collect") == 3  # which key is registered is not known here
    assert "half registered" in capsys.readouterr().err
    assert run(directory, *register, "--new") == 1  # a code waits under the former key
    assert (directory / "code_key.json").read_text() == before
    assert run(directory, "collect") == 0
    assert run(directory, *register, "--new") == 0
    assert (directory / "code_key.json").read_text() != before
    country.chofu.agency.refresh_from_db()
    country.chofu.code_key = Agency(directory).code_key()
    offer(country.chofu, country.kenji, "8")
    assert run(directory, "collect") == 0
    assert Agency(directory).code_of("8") == country.chofu.printed_code_for(country.kenji)


@pytest.mark.usefixtures("line")
def test_a_token_is_used_until_shortly_before_it_ends(directory: Path) -> None:
    service = Service(Agency(directory))
    first = service.token()
    assert service.token() == first
    service._token_ends = time.time() + 10
    assert service.token() != first


@pytest.mark.usefixtures("line")
def test_pinned_keys_are_the_only_ones(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(directory, "keys", "--pin") == 0
    published = json.loads(capsys.readouterr().out)
    assert Agency(directory).pinned_keys() == published["keys"]
    assert run(directory, *INQUIRE) == 0
    other = published["keys"][0] | {"kid": "another"}
    Agency(directory).pin([other])
    assert run(directory, *INQUIRE) == 3
    assert "does not publish" in capsys.readouterr().err


def test_what_was_changed_on_the_way_is_neither_believed_nor_noted(
    directory: Path, line: Line, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def send(self: Service, *arguments: Any) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = line(*arguments)
        return status, headers, body.replace(INCOME.encode(), b"9999999")

    monkeypatch.setattr(Service, "send", send)
    assert run(directory, *INQUIRE) == 3
    shown = capsys.readouterr()
    assert (shown.out, "not the one that was signed" in shown.err) == ("", True)
    assert list(Agency(directory).journal()) == []


def test_a_replayed_answer_is_not_believed(directory: Path, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []

    def send(self: Service, method: str, path: str, *rest: Any) -> tuple[int, dict[str, str], bytes]:
        answer = line(method, path, *rest)
        if "/v1/" not in path:
            return answer
        kept.append(answer)
        found: tuple[int, dict[str, str], bytes] = kept[0]
        return found

    monkeypatch.setattr(Service, "send", send)
    service = Service(Agency(directory))
    assert service.post("/api/v1/codes/collect", {"limit": 1}).is_good
    with pytest.raises(NotGenuine):
        service.post("/api/v1/codes/collect", {"limit": 1})


def test_what_is_missing_is_said(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(directory / "nowhere", "records") == 3
    assert "client.json is not there" in capsys.readouterr().err
    with pytest.raises(Unusable, match="0 persons"):
        Agency(directory).code_of("佐藤")
    with pytest.raises(NotReached, match="http"):
        Service(Agency(directory), reached_at="file:///etc")
    with pytest.raises(SystemExit):
        program.main(["inquire"])


def test_nothing_answers(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(directory, "--service", "http://127.0.0.1:9", "collect") == 3
    assert capsys.readouterr().err == "Nothing answers at http://127.0.0.1:9.\n"


@pytest.mark.usefixtures("line")
def test_an_inquiry_that_waits_is_decided_and_fetched(
    country: Country,
    directory: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mitaka = provider_directory(country, tmp_path_factory.mktemp("mitaka"))
    waiting.set_by_hand(agency=MITAKA, data_set=LOCAL_TAX)
    assert run(directory, *INQUIRE, "--reference", "R-1") == 0
    promised = json.loads(capsys.readouterr().out)
    assert promised["outcome"] == "0109"
    assert run(mitaka, "waiting") == 0
    said = capsys.readouterr().out
    [entry] = json.loads(said)
    assert (entry["person"], entry["code"], entry["inquirer"]) == ("M-7", None, "132080")
    assert country.mitaka.printed_code_for(country.hanako)[3:] not in said
    given = ["--item", f"{TOTAL_INCOME}=77", "--missing", f"{SALARY}=NOT_HELD", "--reason", "checked"]

    def meanwhile(seconds: float) -> None:
        assert run(mitaka, "decide", entry["record"], "answer", *given, "--clerk", "K") == 0

    monkeypatch.setattr(inquiries.time, "sleep", meanwhile)
    capsys.readouterr()
    assert run(directory, "result", promised["record"], "--wait", "60") == 0
    decided, end = capsys.readouterr().out.split("}\n{")
    assert '"outcome": "0000"' in decided
    assert [item["value"] for item in json.loads("{" + end)["items"]] == ["77", None]
    assert run(directory, *INQUIRE, "--reference", "R-1") == 0
    assert json.loads(capsys.readouterr().out)["record"] == promised["record"]


@pytest.mark.usefixtures("line")
def test_an_inquiry_is_taken_back_or_declined(
    country: Country, directory: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    mitaka = provider_directory(country, tmp_path_factory.mktemp("mitaka"))
    waiting.set_by_hand(agency=MITAKA, data_set=LOCAL_TAX)
    run(directory, *INQUIRE)
    record = json.loads(capsys.readouterr().out)["record"]
    run(mitaka, "waiting")
    [entry] = json.loads(capsys.readouterr().out)
    assert run(directory, "cancel", record) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "4002"
    assert run(mitaka, "decide", entry["record"], "decline", "--reason", "late") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "4002"
    run(directory, *INQUIRE)
    run(mitaka, "waiting")
    *_, listed = capsys.readouterr().out.partition("}\n[")
    [entry] = json.loads("[" + listed)
    assert run(mitaka, "decide", entry["record"], "decline", "--reason", "protected") == 0
    assert run(directory, "callback", "http://127.0.0.1:8123/") == 0
    assert run(directory, "callback") == 0
    assert '"is_registered": false' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run(mitaka, "decide", entry["record"], "answer", "--reason", "x", "--item", "no-sign")


def provider_directory(country: Country, directory: Path) -> Path:
    """Mitaka's own files; Hanako is M-7 there."""
    side = country.mitaka
    client = {"client_id": str(side.client.client_id), "token_endpoint": AUDIENCE}
    (directory / "client.json").write_text(json.dumps(client | {"private_jwk": side.key.as_dict(private=True)}))
    code = side.printed_code_for(country.hanako)
    (directory / "people.csv").write_text(f"local_id,name,kana,birth_date,code\nM-7,山田　花子,,1990-04-15,{code}\n")
    return directory

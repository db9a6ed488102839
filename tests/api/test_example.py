"""examples/child_allowance.py, as a city would run it, against this API: only the sending of bytes is replaced."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdf
import pytest
from django.conf import settings
from joserfc.jwk import ECKey, OKPKey

from notifications.models import Document
from payments.models import Charge
from tests.api.sides import AUDIENCE, CHOFU, INCOME, Country, Side, new_side
from tests.support import DATABASES

pytestmark = DATABASES

FILE = Path(settings.BASE_DIR) / "examples" / "child_allowance.py"


def write_own_side(directory: Path, side: Side, code: str) -> None:
    own = directory / CHOFU
    own.mkdir(parents=True, exist_ok=True)
    client = {
        "client_id": str(side.client.client_id),
        "token_endpoint": AUDIENCE,
        "private_jwk": side.key.as_dict(private=True),
    }
    (own / "client.json").write_text(json.dumps(client))
    people = f"local_id,name,kana,birth_date,code\n1,山田　花子,ヤマダ　ハナコ,1990-04-15,{code}\n2,佐藤　健司,,,x\n"
    (own / "people.csv").write_text(people)


@pytest.fixture
def program(country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    write_own_side(tmp_path, country.chofu, country.chofu.printed_code_for(country.hanako))
    monkeypatch.setenv("MYNA_AGENCIES_DIR", str(tmp_path))
    specification = importlib.util.spec_from_file_location("child_allowance", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        response = country.chofu.web.generic(method, path, body, headers=headers)
        return response.status_code, {n.lower(): v for n, v in response.headers.items()}, response.content

    monkeypatch.setattr(module, "send", send)
    return module


def run(program: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["child_allowance.py", *arguments])
    return int(program.main())


def test_the_whole_story(
    program: ModuleType, country: Country, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(program, monkeypatch) == 0
    shown = capsys.readouterr().out
    charged, noticed, refused, asked = country.records_of(country.hanako)
    assert INCOME in shown
    assert f"The id of its record: {asked.reference}" in shown
    assert (refused.is_refused, refused.reference in shown, '"code": "2001"' in shown) == (True, True, True)
    assert (noticed.kind, charged.kind) == ("DELIVERY", "DELIVERY")
    assert Charge.objects.get().amount == 18500
    assert country.chofu.printed_code_for(country.hanako) not in shown


def test_the_pdf_is_one(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(program, monkeypatch, "--only", "notice") == 0
    [page] = pypdf.PdfReader(io.BytesIO(Document.objects.get().content), strict=True).pages
    assert "児童手当 認定通知書" in page.extract_text()
    assert "15,000 yen" in page.extract_text()


@pytest.mark.parametrize(
    ("step", "kinds"), [("inquiry", ["INQUIRY"]), ("refused", ["INQUIRY"]), ("charge", ["DELIVERY"])]
)
def test_one_step(
    program: ModuleType, country: Country, monkeypatch: pytest.MonkeyPatch, step: str, kinds: list[str]
) -> None:
    assert run(program, monkeypatch, "--only", step) == 0
    assert [record.kind for record in country.records_of(country.hanako)] == kinds


def test_it_can_be_run_again(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [run(program, monkeypatch), run(program, monkeypatch)] == [0, 0]


def test_a_p256_key_signs_too(
    program: ModuleType, country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(country.chofu.key, OKPKey)
    write_own_side(tmp_path, new_side(CHOFU, key=ECKey.generate_key("P-256")), "x")
    assert program.get_token()


def test_an_unknown_person_is_said_so(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(program, monkeypatch, "--person", "山田 太郎") == 1
    assert capsys.readouterr().err == "Our list has 0 persons of that name.\n"


def test_without_the_demo_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MYNA_AGENCIES_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "argv", ["child_allowance.py"])
    specification = importlib.util.spec_from_file_location("child_allowance", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.main() == 1
    assert "Start the demo first: make demo" in capsys.readouterr().err


def test_when_nothing_answers_it_says_so(
    country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_own_side(tmp_path, country.chofu, country.chofu.printed_code_for(country.hanako))
    monkeypatch.setenv("MYNA_AGENCIES_DIR", str(tmp_path))
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(sys, "argv", ["child_allowance.py"])
    specification = importlib.util.spec_from_file_location("child_allowance", FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.main() == 1
    assert capsys.readouterr().err == "Nothing answers at http://127.0.0.1:9. Is the demo running? (make demo)\n"


def spoiling(program: ModuleType, monkeypatch: pytest.MonkeyPatch, spoil: Any) -> None:
    """Someone on the line changes what comes back from the addresses for agencies."""
    real = program.send

    def send(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        answer = real(method, path, body, headers)
        return spoil(*answer) if "/v1/" in path else answer

    monkeypatch.setattr(program, "send", send)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda status, headers, body: (status, headers, body.replace(b"3120457", b"3120458")),
        lambda status, headers, body: (201, headers, body),
        lambda status, headers, body: (status, {n: v for n, v in headers.items() if "signature" not in n}, body),
        lambda status, headers, body: (status, headers | {"signature": f"mynx=:{'A' * 86}==:"}, body),
        lambda status, headers, body: (
            status,
            headers | {"signature-input": headers["signature-input"].replace(' "signature";req;key="mynx"', "")},
            body,
        ),
    ],
    ids=["body", "status", "unsigned", "forged", "unbound"],
)
def test_an_answer_that_was_changed_on_the_way_is_not_believed(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spoil: Any
) -> None:
    spoiling(program, monkeypatch, spoil)
    assert run(program, monkeypatch, "--only", "inquiry") == 1
    shown = capsys.readouterr()
    assert INCOME not in shown.out
    assert shown.err.startswith("The answer")


def test_the_answer_to_another_request_is_not_believed(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: list[Any] = []
    spoiling(program, monkeypatch, lambda *answer: kept.append(answer) or kept[0])
    token, body = program.get_token(), {"limit": 1}
    assert program.call("/api/v1/codes/collect", token, body)[0] == 200
    with pytest.raises(program.Stop, match="answers another request"):
        program.call("/api/v1/codes/collect", token, body)


def test_it_imports_nothing_of_the_project() -> None:
    tree = ast.parse(FILE.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert foreign == {"cryptography"}

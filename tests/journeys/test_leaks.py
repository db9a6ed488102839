"""No number, code, name or PIN of the run in any log line, URL, mail, task argument, repr, error page or exception."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

import pytest

from tests.journeys import theft, truth
from tests.journeys.conftest import Country

pytestmark = pytest.mark.committed

PIN_ALONE = re.compile(rb"(?<![0-9A-Fa-f:.-])1234(?![0-9A-Fa-f:.-])")


@pytest.fixture(scope="module")
def secrets(country: Country) -> set[bytes]:
    """Everything that must not appear, as it would be written."""
    people = truth.parse(country.manage("shell", "-v", "0", "-c", truth.TRUTH))
    found: set[bytes] = set()
    for person in people:
        for number in person["numbers"]:
            groups = re.findall("....", number)
            found |= {form.encode() for form in (number, "-".join(groups), " ".join(groups))}
        for code in person["codes"].values():
            found |= theft.forms(code)
        for name in person["names"]:
            found |= {spelling.encode() for spelling in (name, name.replace("\u3000", ""), name.replace("\u3000", " "))}
        found |= {person["record_code"].encode(), bytes.fromhex(person["subject"]), person["subject"].encode()}
    return found - {b""}


def ask(url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers or {})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def mishaps(country: Country, code: str, number: str) -> list[tuple[int, bytes]]:
    """What an outsider can provoke, with a person's code and number in every place where he may put them."""
    json = {"Content-Type": "application/json"}
    return [
        ask(f"{country.url}/records/{number}/"),
        ask(f"{country.url}/sign-in/finish/?challenge={code}"),
        ask(f"{country.url}/sign-in/answer/", body=f"challenge={code}&signature={number}".encode()),
        ask(f"{country.url}/api/v1/inquiries", body=f'{{"code": "{code}"'.encode(), headers=json),
        ask(
            f"{country.url}/api/v1/inquiries",
            body=f'{{"code": "{code}"}}'.encode(),
            headers={**json, "Authorization": f"Bearer {code}.{number}"},
        ),
        ask(f"{country.url}/api/oauth/token", body=f"client_id={code}&client_assertion={number}".encode()),
        ask(f"{country.reader}/sign", body=f"challenge={code}&purpose={number}".encode()),
    ]


def test_nothing_of_anybody_in_logs_mails_or_addresses(country: Country, secrets: set[bytes]) -> None:
    assert country.run("examples/child_allowance.py").returncode == 0
    person = next(p for p in truth.parse(country.manage("shell", "-v", "0", "-c", truth.TRUTH)) if p["numbers"])
    answers = mishaps(country, person["codes"]["132080"], person["numbers"][0])
    assert all(400 <= status < 500 for status, _ in answers), [status for status, _ in answers]
    said = {"logs": b"", "mails": b"", "addresses": "\n".join(country.urls).encode()}
    said["errors"] = b"\n".join(body for _, body in answers)
    for path in country.var.rglob("*"):
        if path.suffix == ".log":
            said["logs"] += path.read_bytes()
        elif "mail" in path.relative_to(country.var).parts and path.is_file():
            said["mails"] += path.read_bytes()
    assert said["logs"] != b""
    for where, content in said.items():
        assert [secret for secret in secrets if secret in content] == [], where
        assert PIN_ALONE.search(content) is None, where
        assert b"ABC123" not in content, where


def test_nothing_of_anybody_in_reprs_exceptions_or_the_queue(country: Country, secrets: set[bytes]) -> None:
    shown = country.manage("shell", "-v", "0", "-c", truth.SHOWN)
    assert shown.count("<") > 500
    assert shown.count("Error") + shown.count("Refused") + shown.count("NotANumber") + shown.count("CannotOpen") >= 4
    assert [secret for secret in secrets if secret in shown.encode()] == []

"""A provider's own check: only a table that the service signed, that has not gone back and has not expired."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.models import Agency as AgencyRow
from api import statements
from exchange import published, statute
from mynx import keys, permissions
from mynx.agency import Agency, Unusable
from mynx.client import Service
from mynx.permissions import NotPermitted, Table
from mynx.signatures import NotGenuine
from tests.exchange.people import CHILD_ALLOWANCE, CHOFU, FIXED_ASSET_TAX, LOCAL_TAX, MITAKA, TOTAL_INCOME
from tests.mynx.test_client import country, directory, line, run  # noqa: F401
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("line")]

QUESTION = {"inquirer": CHOFU, "provider": MITAKA, "affair": CHILD_ALLOWANCE, "data_set": LOCAL_TAX}
NOW = datetime.now(UTC)


@pytest.fixture
def agency(directory: Path) -> Agency:  # noqa: F811
    return Agency(directory)


@pytest.fixture
def publishes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the service publish this from now on."""

    def publish(*, kind: str = permissions.KIND, bend: Callable[[Any], Any] = lambda it: it, **changes: Any) -> None:
        content = published.table(at=NOW) | changes
        statement = bend(statements.signed(content, kind=kind))
        whole = Service.send

        def send(self: Service, method: str, path: str, *rest: Any) -> Any:
            if path == permissions.PATH:
                return 200, {}, json.dumps(statement).encode()
            return whole(self, method, path, *rest)

        monkeypatch.setattr(Service, "send", send)

    return publish


def instant(**later: float) -> str:
    return (NOW + timedelta(**later)).isoformat(timespec="seconds")


def test_it_is_fetched_verified_and_kept_when_asked(agency: Agency, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(agency.directory, "permissions") == 0
    assert capsys.readouterr().out.startswith(f"version 0, {len(statute.rules())} rows, relied on until ")
    with pytest.raises(Unusable, match="--pin"):
        permissions.current(agency)
    assert run(agency.directory, "permissions", "--pin") == 0
    assert permissions.is_permitted(agency, **QUESTION, items=[TOTAL_INCOME])
    assert not permissions.is_permitted(agency, **QUESTION, items=[FIXED_ASSET_TAX])
    assert (agency.directory / permissions.FILE).stat().st_mode & 0o777 == 0o600


def test_an_expired_one_permits_nothing(agency: Agency) -> None:
    assert run(agency.directory, "permissions", "--pin") == 0
    for when in (published.LIFETIME + timedelta(seconds=1), timedelta(minutes=-5)):
        with pytest.raises(Unusable, match="expired"):
            permissions.is_permitted(agency, **QUESTION, items=[TOTAL_INCOME], at=datetime.now(UTC) + when)


WRONG: dict[str, dict[str, Any]] = {
    "expired": {"expires_at": instant(seconds=-1)},
    "of the future": {"issued_at": instant(hours=12)},
    "another kind": {"kind": "mynx-evidence+jwt"},
    "another form": {"format": "mynaportal-permissions/2"},
    "changed": {"bend": lambda it: it | {"payload": it["payload"][:-8] + "AAAAAAAA"}},
    "unsigned": {"bend": lambda it: it | {"signature": ""}},
    "another key": {"bend": lambda it: it | {"protected": keys.to_text(
        json.dumps({"alg": "Ed25519", "kid": "other", "typ": permissions.KIND}).encode())}},
    "no algorithm": {"bend": lambda it: it | {"protected": keys.to_text(
        json.dumps({"alg": "none", "typ": permissions.KIND}).encode())}},
    "half": {"bend": lambda it: {"payload": it["payload"]}},
    "not a statement": {"bend": lambda it: [it]},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_genuine_is_neither_kept_nor_believed(agency: Agency, publishes: Any, what: str) -> None:
    publishes(**WRONG[what])
    assert run(agency.directory, "permissions", "--pin") == 3
    assert agency.kept(permissions.FILE) is None


def test_the_version_does_not_go_back(agency: Agency, publishes: Any, capsys: pytest.CaptureFixture[str]) -> None:
    publishes(version=7)
    assert run(agency.directory, "permissions", "--pin") == 0
    for older in ({"version": 6}, {"version": 7, "issued_at": instant(minutes=-1)}):
        publishes(**older)
        assert run(agency.directory, "permissions", "--pin") == 3
        assert "has gone back" in capsys.readouterr().err
        assert permissions.current(agency).version == 7
    publishes(version=8)
    assert run(agency.directory, "permissions", "--pin") == 0
    assert permissions.current(agency).version == 8


def test_a_pinned_key_is_the_only_one(agency: Agency) -> None:
    [key] = Client().get("/api/keys").json()["keys"]
    agency.pin([key | {"kid": "another"}])
    assert run(agency.directory, "permissions", "--pin") == 3


def test_a_damaged_file_is_named(agency: Agency) -> None:
    assert run(agency.directory, "permissions", "--pin") == 0
    agency.keep(permissions.FILE, {"payload": "AAAA"})
    with pytest.raises(Unusable, match="damaged"):
        permissions.current(agency)
    assert run(agency.directory, "permissions", "--pin") == 3


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_sides_read_the_table_alike(data: st.DataObject) -> None:
    """What the exchange permits, the provider's own check permits by the same row, and the same refusals."""
    rules = sorted(statute.rules().values(), key=lambda rule: rule.row)
    like, other = data.draw(st.sampled_from(rules)), data.draw(st.sampled_from(rules))
    until = st.sampled_from([date(2031, 3, 31), date(2026, 11, 21), None])
    kinds = [kind for kind in (like.requester_kind, like.provider_kind, "MUNICIPALITY") if not kind.isdigit()]
    first, second = (
        AgencyRow(
            pk=number, local_code=code, kind=data.draw(st.sampled_from(kinds)),
            is_active=data.draw(st.integers(0, 9)) > 0, assessment_until=data.draw(until),
        )
        for number, code in enumerate((data.draw(st.sampled_from([CHOFU, "132063"])), "222222"))
    )  # fmt: skip
    provider = data.draw(st.sampled_from([second, second, first]))
    items = data.draw(st.lists(st.sampled_from([*like.items, *other.items, "9999999999"]), max_size=4))
    on = data.draw(st.dates(date(2023, 1, 1), date(2032, 1, 1)))
    question = {"affair": like.affair.code, "data_set": data.draw(st.sampled_from([like, other])).data_set.code}
    content = published.table(at=NOW) | {"agencies": [published._agency(first), published._agency(second)]}
    try:
        expected = statute.legal_basis(
            kind=like.kind, inquirer=first, provider=provider, items=items, on=on, **question
        ).row  # fmt: skip
    except statute.NotPermitted as refusal:
        expected = refusal.outcome
    try:
        found = Table(content).row(
            kind=str(like.kind), inquirer=first.local_code, provider=provider.local_code, items=items, on=on, **question
        )
    except NotPermitted as refusal:
        found = refusal.outcome
    assert found == expected


def test_a_table_of_another_form_is_not_read() -> None:
    with pytest.raises(NotGenuine):
        Table({"format": "x"})

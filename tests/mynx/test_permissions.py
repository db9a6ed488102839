"""A provider's own check: only a table that the service signed, that has not gone back and has not expired."""

from __future__ import annotations

import json
import time
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
from mynx.holdings import Period
from mynx.permissions import NotPermitted, Table
from mynx.provider import Question
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


# --- a provider that goes on answering ---


def asked(**changes: Any) -> Question:
    facts: dict[str, Any] = {
        "reference": "r",
        "inquirer": CHOFU,
        "row": "I01",
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME],
        "condition": Period(),
        "codes": ["a1-x"],
    }
    return Question(**facts | changes)


@pytest.fixture
def watch(agency: Agency) -> permissions.Watch:
    found = permissions.Watch(Service(agency), provider=MITAKA)
    found.renew()
    return found


def test_what_the_row_permits_is_answered(watch: permissions.Watch) -> None:
    assert watch.permits(asked())
    assert watch.permits(asked(inquirer=""))  # whom a provider is not told
    assert watch.permits(asked(row="S80b", inquirer=AgencyRow.objects.portal().local_code))
    delegated = statute.rules()["I04a"]
    assert watch.permits(asked(row="I04a", on_behalf_of="130001", items=list(delegated.items)))


OTHERWISE: dict[str, dict[str, Any]] = {
    "no such row": {"row": "I99"},
    "no row": {"row": ""},
    "a row for deliveries": {"row": "L97"},
    "a row of other data": {"row": "I02"},
    "a row for another provider": {"row": "I03", "data_set": "TM90000000000003", "items": ["0300000010"]},
    "a row for another inquirer": {"row": "I04a"},
    "another item": {"items": [TOTAL_INCOME, FIXED_ASSET_TAX]},
    "an inquirer that is none": {"inquirer": "999999"},
    "a delegator that is none": {"on_behalf_of": "999999"},
    "itself": {"inquirer": MITAKA},
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_it_does_not_permit_is_declined(watch: permissions.Watch, what: str) -> None:
    assert not watch.permits(asked(**OTHERWISE[what]))


def test_without_an_assessment_nothing_is_permitted(agency: Agency) -> None:
    AgencyRow.objects.filter(local_code=CHOFU).update(assessment_until=date(2026, 1, 1))
    watch = permissions.Watch(Service(agency), provider=MITAKA)
    watch.renew()
    assert not watch.permits(asked())
    assert watch.permits(asked(inquirer=""))


def test_the_last_one_is_relied_on_until_it_expires(agency: Agency, watch: permissions.Watch, publishes: Any) -> None:
    publishes(**WRONG["unsigned"])
    again = permissions.Watch(Service(agency), provider=MITAKA)
    again.renew()
    assert again.permits(asked())
    for when in (published.LIFETIME + timedelta(seconds=1), timedelta(minutes=-5)):
        with pytest.raises(Unusable):
            again.permits(asked(), at=datetime.now(UTC) + when)


def test_a_newer_one_is_taken_by_itself(agency: Agency, publishes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the thread of one that goes on answering; one that has gone back, or cannot be had, is not."""
    for name in ("RENEWED_AFTER_SECONDS", "TRIED_AGAIN_AFTER_SECONDS"):
        monkeypatch.setattr(permissions, name, 0.01)
    agency.pin(Client().get("/api/keys").json()["keys"])
    publishes(version=7)
    with permissions.Watch(Service(agency), provider=MITAKA) as watch:
        for changes, version in (({"version": 7}, 7), (WRONG["half"], 7), ({"version": 6}, 7), ({"version": 8}, 8)):
            publishes(**changes)
            until = time.monotonic() + 10
            while (watch.table is None or watch.table.version != version) and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(0.1)
            assert watch.table is not None and watch.table.version == version
    assert permissions.current(agency).version == 8

"""The diagnosis of an agency: all is well, then each thing is broken in turn, and that check alone fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from joserfc.jwk import OKPKey

from agencies import clients
from agencies.models import Agency, ApiClient, ProviderBreaker
from codes.rist1 import Blinded
from exchange import code_issue, diagnosis, scalars, statute
from exchange.models import AccessRecord
from holdings import copies, hosted
from holdings.models import Holding, HostedKey
from holdings.periods import Period
from tests.exchange.people import CHOFU, HANAKO, KEY, MITAKA, NOW, agency, ask, code_at, hold_income
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]


@pytest.fixture(autouse=True)
def _in_english() -> None:
    translation.activate("en")


@pytest.fixture
def chofu(agencies: None) -> Agency:
    """Chofu with everything that it needs, after one inquiry."""
    found = agency(CHOFU)
    clients.register(agency=found, jwk=dict(OKPKey.generate_key("Ed25519").as_dict(private=False)))
    code = code_at(found, HANAKO)
    for data_set in {rule.data_set.code for rule in statute.rules().values() if rule.provider_kind == found.kind}:
        if any(item.data_set == data_set for item in statute.items().values()):
            copies.register(agency=CHOFU, code=code, data_set=data_set, period=Period(), items={}, at=NOW)
    hosted.deposit(agency=CHOFU, private_key=KEY)
    hold_income(HANAKO)
    assert ask(HANAKO).outcome == "0000"
    return agency(CHOFU)


def failed(who: Agency) -> list[str]:
    return [check.name for check in diagnosis.diagnose(who, at=NOW) if not check.is_good]


def change(**facts: object) -> Callable[[], object]:
    return lambda: Agency.objects.filter(local_code=CHOFU).update(**facts)


def offer_a_code() -> None:
    point = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
    import uuid

    code_issue.offer(
        acquisition=uuid.uuid4(), agency=agency(CHOFU), local_id="1", code=Blinded(point, point), epoch=1
    )  # fmt: skip


def fail_its_system() -> None:
    change(is_hosted=False, provider_url="https://exchange.city.example/inquiries")()
    ProviderBreaker.objects.create(agency=agency(CHOFU), failures=9, retry_at=NOW + timedelta(seconds=30))


BROKEN: dict[str, tuple[Callable[[], object], list[str]]] = {
    "inactive": (change(is_active=False), ["The agency takes part"]),
    "assessment over": (change(assessment_until=date(2026, 11, 21)), ["Its privacy impact assessment is in force"]),
    "no assessment": (change(assessment_until=None), ["Its privacy impact assessment is in force"]),
    "no key": (change(code_public_key=None), ["It has registered a key for its codes"]),
    "no program": (lambda: ApiClient.objects.update(is_active=False), ["A program of it may ask"]),
    "unreadable key": (lambda: ApiClient.objects.update(jwk={"kty": "RSA"}), ["The keys of its programs can be read"]),
    "codes wait": (offer_a_code, ["It has collected its codes"]),
    "two epochs": (lambda: scalars.begin(agency(CHOFU), 2), ["Its former codes are closed"]),
    "no copies of one data set": (
        lambda: Holding.objects.filter(agency=CHOFU, data_set="TM00000000000002").delete(),
        ["It has registered copies: Local tax"],
    ),
    "no address of its own": (change(is_hosted=False), ["Its own system has an address"]),
    "its own system fails": (fail_its_system, ["Its own system answers"]),
    "no deposited key": (lambda: HostedKey.objects.all().delete(), ["Its copies can be asked for blind"]),
}


def test_all_is_well(chofu: Agency) -> None:
    checks = diagnosis.diagnose(chofu, at=NOW)
    assert failed(chofu) == []
    assert len(checks) >= 18 and all(check.name and check.what_to_do for check in checks)


@pytest.mark.parametrize("what", BROKEN)
def test_each_thing_that_is_broken_is_named_and_no_other(chofu: Agency, what: str) -> None:
    act, expected = BROKEN[what]
    act()
    assert failed(agency(CHOFU)) == expected


def test_an_agency_that_no_row_names(chofu: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statute, "rules", dict)
    assert failed(chofu) == ["The permission table names it"]


def test_who_never_asked_is_told_so() -> None:
    names = failed(agency(MITAKA))
    assert "A signed request of it has come through lately" in names
    assert "An inquiry of it has been answered lately" in names
    # A look of a clerk is on record too, and says nothing of the agency's programs.
    assert AccessRecord.objects.count() == 0


def test_a_refused_inquiry_has_come_through_and_was_not_answered(chofu: Agency) -> None:
    with pytest.raises(Exception, match="2001"):
        ask(HANAKO, inquirer=agency("132063"), affair="JM90000000000025")
    names = failed(agency("132063"))
    assert "A signed request of it has come through lately" not in names
    assert "An inquiry of it has been answered lately" in names


def test_our_own_two_and_the_commission_need_less() -> None:
    for code, expected in (("900043", []), ("900035", []), ("900051", [])):
        who = agency(code)
        if who.kind != Agency.Kind.COMMISSION:
            scalars.current(who)
        assert failed(who) == expected, code


def test_nothing_is_written(chofu: Agency) -> None:
    with CaptureQueriesContext(connections["exchange"]) as captured:
        diagnosis.diagnose(chofu, at=NOW)
    assert [query["sql"] for query in captured if not query["sql"].lstrip().startswith("SELECT")] == []


def test_the_command_names_what_fails_and_ends_accordingly(chofu: Agency) -> None:
    out = StringIO()
    call_command("diagnose_agency", CHOFU, stdout=out)
    assert "FAILED" not in out.getvalue() and "good    The agency takes part." in out.getvalue()
    HostedKey.objects.all().delete()
    with pytest.raises(CommandError, match="1 of"):
        call_command("diagnose_agency", CHOFU, stdout=out)
    [line] = [line for line in out.getvalue().splitlines() if line.startswith("FAILED")]
    assert line.startswith("FAILED  Its copies can be asked for blind. The agency deposits")
    with pytest.raises(CommandError, match="No agency"):
        call_command("diagnose_agency", "999999")

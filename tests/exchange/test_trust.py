"""What changes trust is on record before it is done, and everyone can check that it stands in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from joserfc.jwk import OKPKey

from agencies import clients, registry, verifiers
from agencies.models import Agency, ApiClient, Verifier
from codes import proofs as possession
from codes import rist1
from exchange import audit, code_keys, epochs, ledger, proofs, reconciliation, scalars, trust, trust_log
from exchange.inquiry_models import CallbackAddress
from exchange.models import AccessRecord, Kind
from exchange.providers import addresses
from tests.exchange.people import CHOFU, KEY, MITAKA, NOW, agency, ask, code_at, hold_income
from tests.support import DATABASES
from tools import verify_records

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

OTHER_KEY = rist1.private_key_from(bytes([8]) * 32)
BY = {"by": "clerk", "reason": "letter of 1 April"}


def a_jwk() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519").as_dict(private=False))


def a_client(of: str = CHOFU) -> ApiClient:
    return clients.register(agency=agency(of), jwk=a_jwk())


def log() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Phase, outcome, agency and facts of each leaf of this kind."""
    rows = AccessRecord.objects.filter(kind=Kind.TRUST).order_by("leaf").select_related("leaf")
    bodies = [json.loads(row.leaf.body) for row in rows]
    return [(body["phase"], body["outcome"], body["inquirer"], body["trust"]) for body in bodies]


def done(act: str, **facts: str | int) -> list[tuple[str, str, str, dict[str, Any]]]:
    """What an act about Chofu leaves."""
    return [(*how, CHOFU, {"act": act, **facts}) for how in (("ASKED", ""), ("ANSWERED", "0000"))]


# --- each act ---


def test_a_key_for_codes() -> None:
    public_key = rist1.public_key(OTHER_KEY)
    for _ in range(2):  # again changes nothing, and leaves nothing
        trust.register_own_key(agency=agency(CHOFU), private_key=OTHER_KEY, at=NOW)
    assert bytes(agency(CHOFU).code_public_key) == public_key
    assert log() == done("code-key-registered", key=code_keys.thumbprint(public_key))
    proof = possession.prove_possession(OTHER_KEY, owner=MITAKA)
    with pytest.raises(possession.ProofRejected):
        trust.register_code_key(agency=agency(CHOFU), public_key=rist1.public_key(KEY), proof=proof, at=NOW)
    assert len(log()) == 2  # what would not be taken is not begun
    for _ in range(2):
        trust.deposit_code_key(agency=agency(CHOFU), private_key=OTHER_KEY, at=NOW)
    assert log()[2:] == done("code-key-deposited", key=code_keys.thumbprint(public_key))


def test_a_program_and_its_end() -> None:
    jwk = a_jwk()
    client = trust.add_client(agency=agency(CHOFU), jwk=jwk, at=NOW)
    assert client.is_usable
    key = OKPKey.import_key(jwk).thumbprint()
    for _ in range(2):
        trust.end_client(client=ApiClient.objects.get(pk=client.pk), **BY, at=NOW)
    assert not ApiClient.objects.get(pk=client.pk).is_usable
    assert log() == done("client-added", key=key) + done("client-ended", key=key)
    with pytest.raises(clients.NotAPublicKey):
        trust.add_client(agency=agency(CHOFU), jwk={"kty": "RSA"}, at=NOW)
    assert len(log()) == 4


def test_a_verifier() -> None:
    client, kind = a_client(), Verifier.Kind.SIGNATURE
    facts = {"key": clients.thumbprint(client), "verifier": "SIGNATURE"}
    first = trust.register_verifier(client=client, kind=kind, at=NOW)
    assert trust.register_verifier(client=client, kind=kind, at=NOW) == first
    assert trust.end_verifier(client=client, kind=kind, at=NOW)
    assert not trust.end_verifier(client=client, kind=kind, at=NOW)
    assert log() == done("verifier-registered", **facts) + done("verifier-ended", **facts)
    call_command("register_verifier", str(client.client_id), "SIGNATURE")
    call_command("register_verifier", str(client.client_id), "SIGNATURE", "--end")
    assert [entry[3]["act"] for entry in log()[4::2]] == ["verifier-registered", "verifier-ended"]
    with pytest.raises(CommandError):
        call_command("register_verifier", str(client.client_id), "SIGNATURE", "--end")


def test_assessment_and_activity() -> None:
    until = date(2026, 3, 31)
    for _ in range(2):
        trust.set_assessment(agency=agency(CHOFU), until=until, **BY, at=NOW)
    trust.set_assessment(agency=agency(CHOFU), until=None, **BY, at=NOW)
    for _ in range(2):
        trust.deactivate(agency=agency(CHOFU), **BY, at=NOW)
    assert (agency(CHOFU).assessment_until, agency(CHOFU).is_active) == (None, False)
    trust.activate(agency=agency(CHOFU), **BY, at=NOW)
    assert agency(CHOFU).is_active
    assert log() == [
        *done("assessment-set", until="2026-03-31", until_before="2031-03-31"),
        *done("assessment-set", until="", until_before="2026-03-31"),
        *done("agency-deactivated"),
        *done("agency-activated"),
    ]
    row = AccessRecord.objects.filter(kind=Kind.TRUST).select_related("leaf").first()
    assert {name: ledger.private_of(row)[name] for name in BY} == BY
    # Loading the list again does not undo what was decided since.
    trust.set_assessment(agency=agency(CHOFU), until=until, **BY, at=NOW)
    trust.load_agencies(at=NOW)
    assert agency(CHOFU).assessment_until == until


def test_an_address_is_looked_up_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means something else at a second look could be recorded as one address and taken as another."""
    settings.PRODUCTION, looked_up = True, []
    monkeypatch.setattr(addresses, "resolve", lambda host, port: looked_up.append(host) or ["93.184.215.14"])
    a_client(MITAKA)
    assert trust.register_provider(agency=agency(MITAKA), url="https://CITY.example", at=NOW) == "https://city.example/"
    trust.register_callback(agency=agency(CHOFU), url="https://Other.example/ended", by="a client", at=NOW)
    assert looked_up == ["city.example", "other.example"]
    assert agency(MITAKA).provider_url == "https://city.example/"
    assert CallbackAddress.objects.get().url == "https://other.example/ended"


def test_an_epoch() -> None:
    scalars.current(agency(CHOFU))
    assert trust.begin_epoch(agency(CHOFU), settle=0, at=NOW) == 2
    assert trust.begin_epoch(agency(CHOFU), settle=0, at=NOW) == 2
    assert trust.close_epochs(agency(CHOFU), settle=0, at=NOW) == [1]
    with pytest.raises(epochs.NothingToClose):
        trust.close_epochs(agency(CHOFU), settle=0, at=NOW)
    begun = [
        ("ASKED", "", CHOFU, {"act": "epoch-begun"}),
        ("ANSWERED", "0000", CHOFU, {"act": "epoch-begun", "epoch": 2}),
    ]
    assert log() == begun + done("epoch-closed", epoch=1)


def test_the_list_of_agencies() -> None:
    assert trust.load_agencies(at=NOW) == Agency.objects.count()
    assert log() == [], "what is as listed changes nothing"
    Agency.objects.filter(local_code=CHOFU).update(kind="TAX")
    call_command("load_agencies")
    assert agency(CHOFU).kind == "MUNICIPALITY"
    assert log() == done("agency-entered", agency_kind="MUNICIPALITY", until="2031-03-31")


@pytest.mark.django_db(databases="__all__")
def test_agencies_entered_for_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = list(registry.not_as_listed())
    assert wanted == []
    portal = Agency.objects.portal()
    Agency.objects.filter(pk=portal.pk).update(code_public_key=None)
    [found] = registry.not_as_listed()
    assert (found.local_code, found.pk) == (portal.local_code, None)
    trust.load_agencies(at=NOW)
    [_, last] = log()
    assert last[3]["key"] == code_keys.thumbprint(bytes(Agency.objects.portal().code_public_key))


# --- first the record ---

LOWER: dict[str, tuple[Any, str, Callable[[], object]]] = {
    "code key": (registry, "register_code_key", lambda: trust.register_own_key(
        agency=agency(CHOFU), private_key=OTHER_KEY, at=NOW)),
    "client": (clients, "register", lambda: trust.add_client(agency=agency(CHOFU), jwk=a_jwk(), at=NOW)),
    "end": (clients, "end", lambda: trust.end_client(client=a_client(), **BY, at=NOW)),
    "verifier": (verifiers, "register", lambda: trust.register_verifier(
        client=a_client(), kind="SIGNATURE", at=NOW)),
    "assessment": (registry, "set_assessment", lambda: trust.set_assessment(
        agency=agency(CHOFU), until=None, **BY, at=NOW)),
    "activity": (registry, "set_active", lambda: trust.deactivate(agency=agency(CHOFU), **BY, at=NOW)),
    "epoch": (epochs, "begin", lambda: trust.begin_epoch(agency(CHOFU), settle=0, at=NOW)),
}  # fmt: skip


class Crash(BaseException):
    """The process dies."""


@pytest.mark.parametrize("what", LOWER)
def test_a_crash_leaves_a_record_without_a_change(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, act = LOWER[what]

    def crash(*args: object, **facts: object) -> None:
        assert log()[-1][0] == "ASKED", "on record before it is done"
        raise Crash

    monkeypatch.setattr(owner, name, crash)
    with pytest.raises(Crash):
        act()
    assert [entry[0] for entry in log()] == ["ASKED"]
    # The nightly comparison names it.
    [difference] = reconciliation.differences(since=NOW.replace(hour=0), until=NOW.replace(hour=23))
    assert difference.what == reconciliation.NOT_COMPLETED


def test_what_cannot_be_recorded_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: object) -> None:
        raise Crash

    monkeypatch.setattr(ledger, "record_all", crash)
    for _owner, _name, act in LOWER.values():
        with pytest.raises(Crash):
            act()
    chofu = agency(CHOFU)
    assert (bytes(chofu.code_public_key), chofu.is_active, chofu.assessment_until) == (
        rist1.public_key(KEY), True, date(2031, 3, 31),
    )  # fmt: skip
    assert Verifier.objects.count() == 0 and ApiClient.objects.filter(is_active=False).count() == 0


# --- read and checked by anyone ---


@pytest.fixture
def some_acts(agencies: None) -> None:
    hold_income(bytes([1]) * 32)
    for _ in range(3):
        trust.add_client(agency=agency(CHOFU), jwk=a_jwk(), at=NOW)
        ask(bytes([1]) * 32)
    trust.deactivate(agency=agency(MITAKA), **BY, at=NOW)


@pytest.mark.usefixtures("some_acts")
def test_the_public_file_verifies_offline_and_holds_nothing_sealed(tmp_path: Any) -> None:
    content = json.loads(json.dumps(proofs.of_trust()))
    assert list(verify_records.check(content, keys=[], witnesses=[])) == []
    acts = [json.loads(record["entries"][0]["leaf"])["trust"]["act"] for record in content["records"]]
    assert acts == ["agency-deactivated", *["client-added"] * 3]
    assert [len(record["entries"]) for record in content["records"]] == [2] * 4
    text = json.dumps(content)
    assert BY["by"] not in text and BY["reason"] not in text and '"side"' not in text
    path = tmp_path / "trust.json"
    path.write_text(text)
    assert verify_records.main([str(path)]) == 0


@pytest.mark.usefixtures("some_acts")
@pytest.mark.parametrize(
    "bend",
    [
        lambda entry: entry.update(leaf=entry["leaf"].replace(MITAKA, CHOFU)),
        lambda entry: entry.update(leaf=entry["leaf"].replace("agency-deactivated", "agency-activated")),
        lambda entry: entry.update(index=entry["index"] - 1),
        lambda entry: entry["proof"].pop(),
    ],
)
def test_a_bent_file_is_told(bend: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(json.dumps(proofs.of_trust()))
    bend(content["records"][0]["entries"][0])
    [*faults] = verify_records.check(content, keys=[], witnesses=[])
    assert faults and all("Record 1" in fault for fault in faults)


@pytest.mark.usefixtures("some_acts")
def test_only_of_a_change_of_trust_may_the_sealed_part_be_missing() -> None:
    code = code_at(Agency.objects.portal(), bytes([1]) * 32)
    content = json.loads(json.dumps(proofs.of_citizen(portal_code=code, at=NOW)))
    assert list(verify_records.check(content, keys=[], witnesses=[])) == []
    assert all(json.loads(e["leaf"])["kind"] != "TRUST" for record in content["records"] for e in record["entries"])
    del content["records"][0]["entries"][0]["side"]
    assert list(verify_records.check(content, keys=[], witnesses=[])) != []


@pytest.mark.usefixtures("some_acts")
def test_it_is_read_a_page_at_a_time() -> None:
    whole = trust_log.page()
    assert whole.older is None
    first = trust_log.page(limit=3)
    second = trust_log.page(limit=3, before=first.older)
    assert [*first.entries(), *second.entries()] == whole.entries()
    assert (len(first.entries()), second.older) == (3, None)
    assert [entry.is_done for entry in whole.entries()] == [True] * 4
    assert trust_log.page(before=0).entries() == []


@pytest.mark.usefixtures("some_acts")
def test_the_log_is_whole_with_them() -> None:
    assert [*audit.faults(), *audit.sides_amiss(at=NOW)] == []
    call_command("check_log")

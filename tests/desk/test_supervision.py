"""The commission's pages: open to its officers alone, about agencies and never about a person."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from agencies.models import Agency
from crossings import supervise
from crossings.codes import portal_code_of, staff_code_of
from desk.pages.page import address
from exchange import ledger, looks, proofs, records, statute
from exchange.ledger import Event
from exchange.models import AccessRecord, Kind, Phase
from tests.cards import chips
from tests.desk.test_doors import COMMISSIONS, address_of
from tests.desk.test_queries import queries_of
from tests.desk.world import CHOFU, COMMISSION, MITAKA, World
from tests.support import DATABASES

pytestmark = DATABASES

PAGES = [name for name in COMMISSIONS if name not in {"passed-on-one", "behind"}]
REASON = {"reason": "苦情の調査", "case_number": "PPC-7"}


@pytest.fixture
def officer(world: World) -> Client:
    return world.client(world.officer)


def looked(world: World, times: int = 1, *, at: datetime | None = None) -> str:
    reference = ""
    for _ in range(times):
        reference = looks.record(
            agency=Agency.objects.get(local_code=CHOFU), subject=ledger.subject_of(portal_code_of(world.hanako)),
            purpose="CERTIFICATE", case_number="2026-1", clerk=world.clerk.pseudonym("exchange"), what="register",
            at=at or timezone.now(),
        )  # fmt: skip
    return reference


def refuse(world: World, *, is_withheld: bool = False) -> str:
    event = Event(
        kind=Kind.INQUIRY, inquirer=Agency.objects.get(local_code=CHOFU), affair="JM90000000000014",
        provider=Agency.objects.get(local_code=MITAKA), data_set="TM00000000000002", items=(),
        subject=ledger.subject_of(portal_code_of(world.hanako)), is_withheld=is_withheld,
        private={"case_number": "2026-1", "evidence": "e30.eyJjbGVyayI6ImNsZXJrLTciLCJzZWN0aW9uIjoi56iO5YuZ6KqyIn0.x"},
    )  # fmt: skip
    ledger.record(event, phase=Phase.REFUSED, outcome="2001", at=timezone.now())
    return ledger.reference(event.id, ledger.INQUIRER)


# --- who gets in ---


@pytest.mark.parametrize("name", PAGES)
def test_an_officer_opens_it_and_it_says_what_it_is_when_empty(world: World, officer: Client, name: str) -> None:
    answer = officer.get(address_of(name, world))
    assert answer.status_code == 200
    assert "desk-tile" in answer.content.decode() or "empty__title" in answer.content.decode()


def test_no_register_and_no_other_post_is_open_to_an_officer(world: World, officer: Client) -> None:
    assert officer.get(reverse("desk:index")).status_code == 200
    closed = ["residents_resident_changelist", "residents_resident_new", "approvals"]
    assert [officer.get(reverse(f"desk:{name}")).status_code for name in closed] == [403, 403, 403]
    assert officer.get(address("change", world.hanako.pk)).status_code == 403
    assert officer.get(reverse("desk:lists")).status_code == 200


@pytest.mark.parametrize("agency", ["900019", "900027", "130001"])
def test_a_clerk_of_another_agency_is_not_an_officer(world: World, agency: str) -> None:
    from tests.desk.world import clerk

    client = world.client(clerk(agency))
    assert {client.get(address_of(name, world)).status_code for name in COMMISSIONS} == {403}
    assert client.get(reverse("desk:questions")).status_code == 200


def test_where_the_commission_is_no_longer_active_its_officers_see_nothing(world: World, officer: Client) -> None:
    Agency.objects.filter(local_code=COMMISSION).update(is_active=False)
    assert officer.get(reverse("desk:supervision")).status_code == 403


def test_the_desk_bears_the_commissions_name(world: World, officer: Client) -> None:
    page = officer.get(reverse("desk:index")).content.decode()
    assert ("委員会窓口" in page, "自治体窓口" in page) == (True, False)
    assert reverse("desk:supervision") in page
    assert reverse("desk:supervision") not in world.client(world.clerk).get(reverse("desk:index")).content.decode()


# --- what they show ---


def test_refusals_are_listed_filtered_and_paged(world: World, officer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.pages.supervision._PAGE", 2)
    references = [refuse(world) for _ in range(3)]
    page = officer.get(reverse("desk:refusals"))
    links = [reverse("desk:behind", args=[reference]) for reference in references]
    assert [link in page.content.decode() for link in links] == [False, True, True]
    older = officer.get(reverse("desk:refusals") + page.context["older"]).content.decode()
    assert [link in older for link in links] == [True, False, False]
    for query, expected in (
        (f"agency={CHOFU}", True), (f"agency={MITAKA}", False), ("outcome=2001", True), ("outcome=2003", False),
        ("affair=JM90000000000014", True), ("since=2100-01-01", False), ("until=2020-01-01", False),
    ):  # fmt: skip
        assert (links[2] in officer.get(f"{reverse('desk:refusals')}?{query}").content.decode()) is expected, query


@pytest.mark.parametrize("query", [f"before={uuid.UUID(int=7)}", "before=x"])
def test_a_page_that_never_was_is_not_found(world: World, officer: Client, query: str) -> None:
    assert officer.get(f"{reverse('desk:refusals')}?{query}").status_code == 404


def test_a_filter_that_is_no_filter_is_said_to_be_wrong(world: World, officer: Client) -> None:
    answer = officer.get(f"{reverse('desk:refusals')}?agency=999999&since=yesterday&outcome=%27")
    assert (answer.status_code, answer.content.decode().count("field--error")) == (200, 3)


def test_who_stands_out_is_shown_by_the_pseudonym(world: World, officer: Client) -> None:
    reference = looked(world, 6)
    page = officer.get(reverse("desk:unusual")).content.decode()
    pseudonym = world.clerk.pseudonym("exchange")
    assert pseudonym[:12] in page
    assert reverse("desk:behind", args=[reference]) in page
    for secret in ("山田", str(world.hanako.pk), ledger.subject_of(portal_code_of(world.hanako)).hex()):
        assert secret not in page


def test_what_was_left_unread_is_said(world: World, officer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.unusual_looks.find.__kwdefaults__", {"limits": None, "most": 2})
    looked(world, 3)
    assert "新しい2件だけを読み取りました" in officer.get(reverse("desk:unusual")).content.decode()


def test_withheld_records_and_missing_assessments(world: World, officer: Client) -> None:
    refuse(world, is_withheld=True)
    Agency.objects.filter(local_code=MITAKA).update(assessment_until=date(2026, 3, 31))
    withheld = officer.get(reverse("desk:withheld"))
    assert [row["cells"][0][1] for row in withheld.context["rows"]] == ["調布市"]
    missing = officer.get(reverse("desk:assessments"))
    assert [row["cells"][3][1] for row in missing.context["rows"]] == [date(2026, 3, 31)]


@pytest.mark.parametrize("name", ["refusals", "unusual", "differing", "withheld"])
def test_a_page_costs_the_same_with_one_row_and_with_thirty(world: World, officer: Client, name: str) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            refuse(world)
            refuse(world, is_withheld=True)
        looked(world, count)

    more(1)
    one = queries_of(lambda: officer.get(reverse(f"desk:{name}")))
    more(29)
    assert queries_of(lambda: officer.get(reverse(f"desk:{name}"))) == one


# --- behind a record ---


def test_the_reason_first_and_it_is_on_record_about_the_same_person(world: World, officer: Client) -> None:
    reference = refuse(world)
    before = AccessRecord.objects.count()
    where = reverse("desk:behind", args=[reference])
    assert officer.get(where).status_code == 200
    assert officer.post(where, {"reason": "", "case_number": "PPC-7"}).status_code == 200
    assert AccessRecord.objects.count() == before
    page = officer.post(where, REASON)
    assert "clerk-7" in page.content.decode() and "税務課" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    row = AccessRecord.objects.order_by("-leaf").first()
    private = ledger.private_of(row)
    assert bytes(row.subject) == ledger.subject_of(portal_code_of(world.hanako))
    assert (private["purpose"], private["case_number"]) == ("SUPERVISION: 苦情の調査", "PPC-7")
    assert (private["what"], private["clerk"]) == (f"supervision: {reference}", world.officer.pseudonym("exchange"))
    newest = records.of_citizen(portal_code=portal_code_of(world.hanako), at=timezone.now())[0]
    assert (newest.inquirer.local_code, newest.row, newest.purpose) == (COMMISSION, "L97", "SUPERVISION: 苦情の調査")
    assert proofs.of_citizen(portal_code=portal_code_of(world.hanako), at=timezone.now())["records"] != []


def test_a_look_behind_what_is_withheld_is_withheld_as_well(world: World, officer: Client) -> None:
    reference = refuse(world, is_withheld=True)
    code, now = portal_code_of(world.hanako), timezone.now()
    shown = len(records.of_citizen(portal_code=code, at=now))
    assert officer.post(reverse("desk:behind", args=[reference]), REASON).status_code == 200
    assert len(records.of_citizen(portal_code=code, at=now)) == shown
    assert records.withheld_count(portal_code=code, at=now) == 2


def test_a_look_names_its_clerk_by_the_card_that_opens_the_desk(world: World, officer: Client) -> None:
    from cards import issuance

    clerk = world.taro
    issuance.issue(
        resident=clerk, pin=chips.PIN, signature_password=chips.PASSWORD, at=timezone.now(),
        portal_code=portal_code_of(clerk), staff_code=staff_code_of(clerk),
    )  # fmt: skip
    User.objects.filter(pk=world.clerk.pk).update(staff_code=staff_code_of(clerk))
    page = officer.post(reverse("desk:behind", args=[looked(world)]), REASON).content.decode()
    assert clerk.current.full_name in page
    assert world.hanako.current.given_name not in page


def test_an_unknown_record_is_not_found_and_nothing_is_recorded(world: World, officer: Client) -> None:
    before = AccessRecord.objects.count()
    where = reverse("desk:behind", args=[uuid.uuid4()])
    assert [officer.get(where).status_code, officer.post(where, REASON).status_code] == [404, 404]
    assert AccessRecord.objects.count() == before


@pytest.mark.parametrize("who", ["clerk", "supervisor", "stranger", "citizen"])
def test_nobody_else_looks_behind_anything(world: World, who: str) -> None:
    reference, user = looked(world), getattr(world, who)
    before = AccessRecord.objects.count()
    answer = world.client(user).post(reverse("desk:behind", args=[reference]), REASON)
    assert answer.status_code in {302, 403}
    with pytest.raises(supervise.NotAllowed):
        supervise.reveal(officer=user, reference=uuid.UUID(reference), **REASON, at=timezone.now())
    assert AccessRecord.objects.count() == before


def test_without_the_row_of_the_table_nothing_is_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = looked(world)
    without = {row: rule for row, rule in statute.reference().items() if row != "L97"}
    monkeypatch.setattr(statute, "reference", lambda: without)
    statute.forget()
    with pytest.raises(supervise.Refused):
        supervise.reveal(officer=world.officer, reference=uuid.UUID(reference), **REASON, at=timezone.now())
    assert AccessRecord.objects.filter(phase=Phase.REFUSED).count() == 1


def test_what_was_revealed_is_in_no_repr(world: World) -> None:
    revealed = supervise.reveal(
        officer=world.officer, reference=uuid.UUID(looked(world)), **REASON, at=timezone.now() + timedelta(seconds=1)
    )
    assert repr(revealed) == "<Revealed>"

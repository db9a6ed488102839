"""The network's administration at the desk: who may see, propose, decide; side doors are shut."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from joserfc.jwk import OKPKey

from accounts.models import User
from agencies import clients
from agencies.models import Agency
from desk.permissions import Act, may
from exchange import statute
from exchange.models import AccessRecord, Kind, StatuteChange
from exchange.trust_log import page
from holdings.periods import legal_day
from tests.desk.world import CHOFU, MITAKA, World, clerk
from tests.support import DATABASES

pytestmark = DATABASES

CHANGES, ADD, LIST = "/desk/lists/statute/changes/", "/desk/lists/statute/add/", "/desk/agencies/"
NETWORK = "900043"


@pytest.fixture(autouse=True)
def _table_from_the_database(world: World) -> None:
    statute.forget()


@pytest.fixture
def administrator(world: World) -> Client:
    return world.client(clerk(NETWORK))


@pytest.fixture
def head(world: World) -> Client:
    return world.client(clerk(NETWORK, User.Post.SUPERVISOR))


def today() -> str:
    return legal_day(timezone.now()).isoformat()


def a_row(**changes: str) -> dict[str, str]:
    row = {
        "row": "I90", "requester_kind": "PREFECTURE", "provider_kind": "MUNICIPALITY", "affair": "JM90000000000200",
        "affair_ja": "作例", "affair_en": "An example", "procedure": "JT90000000000200", "article_ja": "第19条",
        "article_en": "article 19", "valid_from": today(), "valid_to": "", "item_0200000010": "on",
        "reason": "Order of 1 April",
    }  # fmt: skip
    return row | changes


def an_ordinance(**changes: str) -> dict[str, str]:
    row = a_row(row="I91") | changes
    return {name: value for name, value in row.items() if name not in {"requester_kind", "provider_kind"}}


def propose(browser: Client, **changes: str) -> StatuteChange:
    answer = browser.post(f"{ADD}?of=TM00000000000002", a_row(**changes))
    assert answer.status_code == 302, answer.context["form"].errors
    return StatuteChange.objects.get(row=changes.get("row", "I90"))


def decide(browser: Client, change: StatuteChange, decision: str = "approve") -> int:
    return browser.post(f"{CHANGES}{change.pk}/", {"decision": decision}).status_code


def test_a_row_goes_from_a_clerk_over_a_supervisor_into_the_table(administrator: Client, head: Client) -> None:
    assert administrator.get(ADD).status_code == 200
    assert "合計所得金額" in administrator.get(f"{ADD}?of=TM00000000000002").content.decode()
    change = propose(administrator)
    assert (change.agency, change.state) == (NETWORK, "PROPOSED")
    assert "I90" in head.get(CHANGES).content.decode()
    text = head.get(f"{CHANGES}{change.pk}/").content.decode()
    assert "合計所得金額" in text and "Order of 1 April" in text
    assert decide(head, change) == 302
    rule = statute.rules()["I90"]
    assert (rule.items, rule.requester_kind, statute.version()) == (("0200000010",), "PREFECTURE", 1)
    assert decide(head, change) == 404
    assert [entry.act for entry in page().entries()] == ["row-approved", "row-proposed"]


def test_nobody_decides_alone_and_no_clerk_without_the_post(administrator: Client, head: Client, world: World) -> None:
    own = propose(head)
    page_of_own = head.get(f"{CHANGES}{own.pk}/").content.decode()
    assert 'value="approve"' not in page_of_own and 'value="reject"' in page_of_own
    assert decide(head, own) == 404
    second = world.client(clerk(NETWORK))
    assert decide(administrator, own) == decide(second, own) == decide(second, own, "reject") == 404
    assert decide(world.client(clerk(NETWORK, User.Post.SUPERVISOR)), own) == 302
    taken_back = propose(administrator, row="I92")
    assert decide(administrator, taken_back, "reject") == 302
    taken_back.refresh_from_db()
    assert taken_back.state == "REJECTED"


def test_an_ordinance_is_proposed_by_its_supervisor_and_seen_by_no_other_city(world: World, head: Client) -> None:
    mine, other = world.client(world.supervisor), world.client(world.other_supervisor)
    answer = mine.post(f"{ADD}?of=I01", an_ordinance())
    assert answer.status_code == 302, answer.context["form"].errors
    change = StatuteChange.objects.get()
    assert (change.line["requester_kind"], change.line["ordinance_of"], change.agency) == (CHOFU, "I01", CHOFU)
    address = f"{CHANGES}{change.pk}/"
    assert (mine.get(address).status_code, other.get(address).status_code) == (200, 404)
    assert other.post(address, {"decision": "reject"}).status_code == 404
    assert mine.post(address, {"decision": "approve"}).status_code == 404
    assert "I91" not in other.get(CHANGES).content.decode()
    assert decide(head, change) == 302
    closing = "/desk/lists/statute/I91/close/"
    assert (mine.get(closing).status_code, other.get(closing).status_code, head.get(closing).status_code) == (
        200, 404, 404,
    )  # fmt: skip
    assert mine.get("/desk/lists/statute/I01/close/").status_code == 404
    assert mine.post(closing, {"valid_to": today(), "reason": "repealed"}).status_code == 302
    assert decide(head, StatuteChange.objects.get(act="CLOSE")) == 302
    assert statute.rules()["I91"].valid_to == legal_day(timezone.now())


def test_what_is_refused_is_said_on_the_page(world: World, administrator: Client, head: Client) -> None:
    for changes in ({"row": "I01"}, {"item_0200000010": ""}, {"valid_from": "2020-01-01"}):
        answer = administrator.post(f"{ADD}?of=TM00000000000002", a_row(**changes))
        assert answer.status_code == 200 and answer.context["form"].non_field_errors()
    # An item that the row above does not give is not even a field.
    answer = world.client(world.supervisor).post(f"{ADD}?of=I01", an_ordinance(item_0200000070="on"))
    assert answer.status_code == 302
    assert StatuteChange.objects.get().line["items"] == "0200000010"
    yesterday = (legal_day(timezone.now()) - timedelta(days=1)).isoformat()
    answer = head.post("/desk/lists/statute/I02/close/", {"valid_to": yesterday, "reason": "x"})
    assert answer.context["form"].non_field_errors()
    change = propose(administrator)
    assert decide(head, propose(administrator, row="I95", affair="JM90000000000300")) == 302
    StatuteChange.objects.filter(pk=change.pk)  # the first still waits
    with_other_name = propose(administrator, row="I96", affair="JM90000000000400", affair_en="One name")
    third = propose(administrator, row="I97", affair="JM90000000000400", affair_en="Another name")
    assert decide(head, with_other_name) == 302
    answer = head.post(f"{CHANGES}{third.pk}/", {"decision": "approve"})
    assert answer.status_code == 200 and "I97" in answer.context["problem"]


def test_who_may_what(world: World) -> None:
    new = [Act.PROPOSE_ROW, Act.DECIDE_ROW, Act.ADMINISTER_AGENCY, Act.DIAGNOSE]
    seen = {
        "clerk of a city": [may(world.clerk, act) for act in new],
        "supervisor of a city": [may(world.supervisor, act) for act in new],
        "clerk of pensions": [may(clerk("900019"), act) for act in new],
        "supervisor of pensions": [may(clerk("900019", User.Post.SUPERVISOR), act) for act in new],
        "clerk of the network": [may(clerk(NETWORK), act) for act in new],
        "supervisor of the network": [may(clerk(NETWORK, User.Post.SUPERVISOR), act) for act in new],
        "supervisor of the directory": [may(clerk("900035", User.Post.SUPERVISOR), act) for act in new],
        "citizen": [may(world.citizen, act) for act in new],
    }
    assert seen == {
        "clerk of a city": [False, False, False, False],
        "supervisor of a city": [True, False, False, True],
        "clerk of pensions": [False, False, False, False],
        "supervisor of pensions": [False, False, False, True],
        "clerk of the network": [True, False, False, True],
        "supervisor of the network": [True, True, True, True],
        "supervisor of the directory": [False, False, False, True],
        "citizen": [False, False, False, False],
    }
    for act in (Act.SEARCH, Act.OPEN_PERSON, Act.REGISTER, Act.UNMASK_NUMBER):
        assert not may(clerk(NETWORK, User.Post.SUPERVISOR), act)


def test_a_diagnosis_is_the_agencys_own_and_the_networks(world: World, administrator: Client) -> None:
    own, foreign = f"{LIST}{CHOFU}/diagnosis/", f"{LIST}{MITAKA}/diagnosis/"
    supervisor = world.client(world.supervisor)
    text = supervisor.get(own).content.decode()
    assert "プログラム" in text or "program" in text
    assert supervisor.get(foreign).status_code == 404
    assert supervisor.get(f"{LIST}999999/diagnosis/").status_code == 404
    assert MITAKA not in supervisor.get(LIST).content.decode()
    assert world.client(world.clerk).get(own).status_code == 403
    assert [administrator.get(address).status_code for address in (own, foreign)] == [200, 200]
    assert administrator.get(LIST).content.decode().count("/diagnosis/") == Agency.objects.count()


def test_only_the_networks_supervisor_changes_what_an_agency_is_trusted_with(
    world: World, administrator: Client, head: Client
) -> None:
    chofu = Agency.objects.get(local_code=CHOFU)
    program = clients.register(agency=chofu, jwk=dict(OKPKey.generate_key("Ed25519").as_dict(private=False)))
    acts = {
        f"{LIST}{CHOFU}/assessment/": {"until": "2027-03-31", "reason": "published"},
        f"{LIST}{CHOFU}/clients/{program.client_id}/end/": {"reason": "key stolen"},
        f"{LIST}{CHOFU}/activity/": {"reason": "left"},
    }
    for address, given in acts.items():
        for user in (world.clerk, world.supervisor, world.other_supervisor):
            assert world.client(user).post(address, given).status_code == 403
        assert administrator.post(address, given).status_code == 403
        assert head.post(address, {**given, "reason": ""}).status_code == 200
    chofu.refresh_from_db()
    assert chofu.is_active and chofu.assessment_until.year == 2031
    assert AccessRecord.objects.filter(kind=Kind.TRUST).count() == 0
    for address, given in acts.items():
        assert head.get(address).status_code == 200
        assert head.post(address, given).status_code == 302
    chofu.refresh_from_db()
    program.refresh_from_db()
    assert (chofu.is_active, program.is_active, chofu.assessment_until.isoformat()) == (False, False, "2027-03-31")
    assert [entry.act for entry in page().entries()] == ["agency-deactivated", "client-ended", "assessment-set"]
    assert head.post(f"{LIST}{CHOFU}/activity/", {"reason": "back"}).status_code == 302
    chofu.refresh_from_db()
    assert chofu.is_active
    for nobody in (f"{LIST}{NETWORK}/activity/", f"{LIST}{CHOFU}/clients/{uuid.uuid4()}/end/",
                   f"{LIST}{MITAKA}/clients/{program.client_id}/end/", f"{LIST}999999/assessment/"):  # fmt: skip
        assert head.post(nobody, {"reason": "x"}).status_code == 404

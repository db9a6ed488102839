"""The doors that a stock admin leaves open, each tried and found shut."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from codes.rist1 import format_code
from desk.door import _SESSION_KEY
from desk.pages.page import address
from desk.permissions import MAY, Act
from desk.site import site
from exchange.models import AccessRecord
from notifications.models import Mailbox, Message
from payments.models import Charge
from residents.models import Resident
from tests.desk.world import CHOFU, MITAKA, START, World, a_code
from tests.support import DATABASES

pytestmark = DATABASES

LISTS = ["agencies/agency/", "exchange/accessrecord/", "notifications/message/", "payments/charge/"]


QUERIES = [
    "sender__startswith=1", "mailbox__portal_code__startswith=a1", "leaf__body__contains=132047", "amount__gt=1",
    "entries__family_name=山田", "q=山田", "_to_field=id", "_popup=1", "e=1", "all=", "o=1", "id__in=1", "_facets=1",
]  # fmt: skip
STOCK_PAGES = [
    "autocomplete/?app_label=payments&model_name=charge&field_name=agency&term=1",
    "password_change/", "password_change/done/", "login/", "logout/", "residents/", "payments/",
    "residents/resident/add/", "payments/charge/add/", "agencies/agency/add/",
    "residents/resident/{id}/", "residents/resident/{id}/history/", "residents/resident/{id}/delete/",
    "r/1/{id}/", "r/7/{id}/", "residents/entry/", "numbering/issuednumber/", "auth/group/",
    "agencies/agency/1/change/", "agencies/agency/1/delete/", "agencies/agency/1/history/",
]  # fmt: skip


@pytest.mark.parametrize("page", ["residents/resident/", *LISTS])
def test_no_parameter_asks_across_fields(world: World, page: str) -> None:
    client = world.client(world.supervisor)
    open_ones = [query for query in QUERIES if client.get(f"/desk/{page}?{query}").status_code != 404]
    assert open_ones == []


@pytest.mark.parametrize("page", LISTS)
def test_a_list_takes_no_post(world: World, page: str) -> None:
    answer = world.client(world.clerk).post(f"/desk/{page}", {"action": "delete_selected", "_selected_action": "1"})
    assert answer.status_code == 405


def test_the_stock_pages_are_not_there(world: World) -> None:
    client = world.opened(world.supervisor, world.hanako)
    pages = [page.format(id=world.hanako.pk) for page in STOCK_PAGES]
    assert [page for page in pages if client.get(f"/desk/{page}").status_code != 404] == []


def test_nobody_is_listed_without_a_search(world: World) -> None:
    page = world.client(world.clerk).get("/desk/residents/resident/").content.decode()
    assert "山田" not in page and str(world.hanako.pk) not in page
    assert AccessRecord.objects.filter(kind="LOOK", subject=None).count() == 0


def test_the_admins_own_log_stays_empty(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    client.post(address("act", world.hanako.pk, slug="moving-out"), {"on": "2026-06-01", "step": "confirm"})
    assert world.hanako.current.status == "MOVED_OUT"
    assert LogEntry.objects.count() == 0
    for admin in site._registry.values():
        admin.log_addition(None, world.hanako, "x")
        admin.log_change(None, world.hanako, "x")
        admin.log_deletion(None, world.hanako, "x")
        admin.log_deletions(None, Resident.objects.all())
    assert LogEntry.objects.count() == 0


def test_no_model_admin_writes_lists_or_links(world: World, rf: object) -> None:
    request = rf.get("/desk/")
    request.user = world.supervisor
    for model, admin in site._registry.items():
        assert not admin.has_add_permission(request), model
        assert not admin.has_change_permission(request), model
        assert not admin.has_delete_permission(request), model
        assert not admin.lookup_allowed("id", "1", request), model
        assert not admin.to_field_allowed(request, "id"), model
        assert admin.get_actions(request) == {}, model
        assert admin.list_display_links is None or admin.list_display_links == (), model
        assert admin.search_fields == () and admin.list_filter == () and not admin.view_on_site, model


def test_a_citizen_may_nothing_and_no_post_may_everything_alone() -> None:
    assert MAY["CITIZEN"] == frozenset()
    assert MAY["SUPERVISOR"] - MAY["CLERK"] == {
        Act.APPROVE_LIFTING, Act.APPROVE_NUMBER_CHANGE, Act.CONFIRM_PROXY, Act.DECIDE_ROW, Act.ADMINISTER_AGENCY,
        Act.STOP_COPIES,
    }  # fmt: skip


def test_a_clerks_account_signed_in_at_another_door_is_not_let_in(world: World) -> None:
    from django.test import Client

    client = Client()
    client.force_login(world.clerk)
    assert client.get("/desk/").status_code == 302


def test_the_lists_show_no_person(world: World) -> None:
    client = world.opened(world.clerk, world.hanako)
    for page in LISTS:
        text = client.get(f"/desk/{page}").content.decode()
        assert "山田" not in text and str(world.hanako.pk) not in text
    assert "JM90000000000091" not in client.get("/desk/exchange/accessrecord/").content.decode()
    own = client.get("/desk/exchange/accessrecord/").context["cl"].queryset
    assert own.count() > 0
    assert all('"inquirer":"132080"' in row.leaf.body for row in own)


def test_the_frame_sends_a_strict_policy(world: World) -> None:
    answer = world.client(world.clerk).get(reverse("desk:index"))
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert "no-store" in answer.headers["Cache-Control"]
    assert "<style" not in answer.content.decode() and " style=" not in answer.content.decode()


def test_a_list_is_of_the_own_agency_only_and_says_nothing_of_whom(world: World) -> None:
    code = a_code()
    box = Mailbox.objects.create(portal_code=code)
    for agency, amount in [(CHOFU, 18_500), (MITAKA, 99_777)]:
        Charge.objects.create(
            portal_code=code, agency=agency, reference="r", reference_sealed=b"", title_sealed=b"", amount=amount,
            due_on=START.date(), issued_at=START,
        )  # fmt: skip
        Message.objects.create(
            mailbox=box, sender=agency, reference="r", subject_sealed=b"", body_sealed=b"", sent_at=START
        )
    client = world.client(world.clerk)
    charges = client.get("/desk/payments/charge/").content.decode()
    assert "18,500" in charges and "99,777" not in charges
    assert client.get("/desk/notifications/message/").context["cl"].result_count == 1
    assert format_code(code) not in charges + client.get("/desk/notifications/message/").content.decode()


def test_a_citizen_with_a_clerks_session_mark_is_still_a_citizen(world: World) -> None:
    client = world.client(world.citizen)
    session = client.session
    session[_SESSION_KEY] = True
    session.save()
    assert client.get("/desk/").status_code == 302

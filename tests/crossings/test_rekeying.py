"""A new epoch of an agency: every row is brought, both epochs convert meanwhile, and the former is dead in the end."""

from __future__ import annotations

import uuid

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from codes import rist1
from codes.columns import TwoRowsForOnePerson
from codes.rist1 import Code, MalformedCode
from crossings import rekeying
from exchange import code_issue, conversion, epochs, ledger, records, scalars
from holdings import copies
from holdings.models import Holding, Protection, ProvisionCopy
from holdings.periods import Period
from notifications.models import Mailbox
from tests.cards.people import in_use, places  # noqa: F401
from tests.exchange import people
from tests.exchange.people import CHOFU, HANAKO, KENJI, KEY, MITAKA, TARO, agency, ask, code_at, hold_income
from tests.support import DATABASES

PORTAL, STAFF = "900043", "900035"


@pytest.fixture
def country() -> None:
    people.ready()


def income(person: bytes, **changes) -> str:
    return ask(person, **changes).items[0].value


def rekey(local_code: str = MITAKA, **how) -> rekeying.Rekeyed:
    return rekeying.rekey(agency=agency(local_code), settle=0, at=people.NOW, **how)


def close(local_code: str = MITAKA) -> list[int]:
    return rekeying.close(agency=agency(local_code), settle=0, at=people.NOW)


@DATABASES
@pytest.mark.usefixtures("country")
def test_all_rows_of_the_agency_are_brought_and_no_others():
    for person in (HANAKO, TARO, KENJI):
        hold_income(person)
        ask(person)
    hold_income(HANAKO, at_agency=CHOFU)
    Protection.objects.create(agency=MITAKA, code=code_at(agency(MITAKA), TARO))
    former = {person: code_at(agency(MITAKA), person) for person in (HANAKO, TARO, KENJI)}
    done = rekey(batch=2)
    assert (done.epoch, done.written, done.standing) == (2, 7, [1])
    now = {code_at(agency(MITAKA), person) for person in (HANAKO, TARO, KENJI)}
    assert not now & set(former.values())
    assert {row.code for row in Holding.objects.filter(agency=MITAKA)} == now
    assert {row.code for row in ProvisionCopy.objects.filter(agency=MITAKA)} == now
    assert Protection.objects.get().code == code_at(agency(MITAKA), TARO)
    assert Holding.objects.get(agency=CHOFU).code == code_at(agency(CHOFU), HANAKO)


@DATABASES
@pytest.mark.usefixtures("country")
def test_in_the_window_both_epochs_convert_and_rows_of_both_are_found():
    hold_income(HANAKO, 77)
    hold_income(TARO, 88)
    former = code_at(agency(MITAKA), HANAKO)
    epochs.begin(agency(MITAKA), settle=0)
    assert (income(HANAKO), income(TARO)) == ("77", "88"), "not one row is brought yet"
    row = Holding.objects.filter(code=former).get()
    row.code = code_at(agency(MITAKA), HANAKO)
    row.save()
    assert (income(HANAKO), income(TARO)) == ("77", "88"), "one of two is brought"
    chofu = code_at(agency(CHOFU), HANAKO)
    for code in (former, code_at(agency(MITAKA), HANAKO)):
        assert conversion.convert(code=code, source=agency(MITAKA), target=agency(CHOFU)) == chofu


@DATABASES
@pytest.mark.usefixtures("country")
def test_after_the_close_the_former_codes_are_malformed_and_all_else_goes_on():
    hold_income(HANAKO, 77)
    former = code_at(agency(MITAKA), HANAKO)
    subject = ledger.subject_of(former, known_to=agency(MITAKA))
    rekey()
    assert close() == [1]
    assert epochs.former(agency(MITAKA)) == []
    for _ in range(2):
        with pytest.raises(MalformedCode, match="another epoch"):
            conversion.convert(code=former, source=agency(MITAKA), target=agency(CHOFU))
    assert income(HANAKO) == "77"
    assert ledger.subject_of(code_at(agency(MITAKA), HANAKO), known_to=agency(MITAKA)) == subject
    with pytest.raises(rekeying.NothingToClose):
        close()
    assert rekey().epoch == 3


@DATABASES
@pytest.mark.usefixtures("country")
def test_the_inquirers_former_codes_are_refused_after_its_close():
    hold_income(HANAKO, 77)
    former = code_at(agency(CHOFU), HANAKO)
    rekey(CHOFU)
    assert income(HANAKO, code=former) == income(HANAKO) == "77"
    close(CHOFU)
    with pytest.raises(MalformedCode):
        income(HANAKO, code=former)
    assert income(HANAKO) == "77"


@DATABASES
@pytest.mark.usefixtures("country")
def test_a_row_that_is_written_late_under_a_former_code_is_brought_by_the_close():
    hold_income(HANAKO, 77)
    former = code_at(agency(MITAKA), TARO)
    rekey()
    copies.register(
        agency=MITAKA,
        code=former,
        data_set=people.LOCAL_TAX,
        period=Period(fiscal_year=2026),
        items={people.TOTAL_INCOME: {"value": "88"}},
        at=people.NOW,
    )
    close()
    assert (income(HANAKO), income(TARO)) == ("77", "88")
    assert Holding.objects.count() == 2


@DATABASES
@pytest.mark.usefixtures("country")
def test_a_copy_registered_anew_in_the_window_replaces_the_former_one():
    hold_income(HANAKO, 77)
    hold_income(TARO, 87)
    mitaka = agency(MITAKA)
    former = code_at(mitaka, HANAKO)
    epochs.begin(mitaka, settle=0)
    hold_income(TARO, 88)  # by its new code alone: two rows until the old one is reached
    known_as, *earlier = conversion.convert_to_all(code=former, source=mitaka, target=mitaka)
    copies.register(
        agency=MITAKA,
        code=known_as,
        former=earlier,
        data_set=people.LOCAL_TAX,
        period=Period(fiscal_year=2026),
        items={people.TOTAL_INCOME: {"value": "78"}},
        at=people.NOW,
    )
    assert Holding.objects.count() == 3
    rekey()
    assert (income(HANAKO), income(TARO)) == ("78", "88")
    assert Holding.objects.count() == 2


@DATABASES
@pytest.mark.usefixtures("country")
def test_a_code_that_waits_for_its_agency_is_brought_unseen():
    mitaka = agency(MITAKA)
    hidden = rist1.blind(rist1.person_point(HANAKO), bytes(mitaka.code_public_key))
    issued = conversion.issue(blinded=hidden, agency=mitaka)
    code_issue.offer(
        acquisition=uuid.uuid4(), agency=mitaka, local_id="1", code=issued, epoch=conversion.current_epoch(mitaka)
    )
    rekey()
    close()
    (waiting,) = code_issue.collect(agency=mitaka)
    assert Code(rist1.unblind(waiting.code, KEY), waiting.epoch) == code_at(mitaka, HANAKO)


@DATABASES
@pytest.mark.usefixtures("country")
def test_the_portals_own_codes_are_brought_and_closed_in_one_run():
    hold_income(HANAKO)
    code = people.portal_code(HANAKO)
    user = User.objects.citizen(code)
    Mailbox.objects.create(portal_code=code)
    record = ask().record
    done = rekey(PORTAL)
    assert (done.epoch, done.standing) == (2, [])
    now = people.portal_code(HANAKO)
    assert User.objects.get().portal_code == Mailbox.objects.get().portal_code == now != code
    assert User.objects.citizen(now) == user

    assert [row.reference for row in records.of_citizen(portal_code=now, at=people.NOW)] == [record]
    with pytest.raises(MalformedCode):
        ledger.subject_of(code)


@DATABASES
@pytest.mark.usefixtures("country", "places")
def test_the_code_on_a_card_is_brought_too():
    card = in_use()
    card.seal_codes(portal_code=people.portal_code(HANAKO), staff_code=code_at(agency(STAFF), HANAKO))
    card.save()
    rekey(PORTAL)
    rekey(STAFF)
    card.refresh_from_db()
    assert card.portal_code() == people.portal_code(HANAKO)
    assert card.staff_code() == code_at(agency(STAFF), HANAKO)
    assert (card.portal_code().epoch, card.staff_code().epoch) == (2, 2)


@DATABASES
@pytest.mark.usefixtures("country")
def test_two_mailboxes_of_one_person_are_never_thrown_together():
    code = people.portal_code(HANAKO)
    Mailbox.objects.create(portal_code=code)
    scalars.begin(agency(PORTAL), 2)
    Mailbox.objects.create(portal_code=people.portal_code(HANAKO))
    with pytest.raises(TwoRowsForOnePerson, match=r"^notifications\.Mailbox$"):
        rekey(PORTAL)
    assert Mailbox.objects.count() == 2


@DATABASES
@settings(max_examples=5, deadline=None)
@given(
    persons=st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=4),
    times=st.integers(1, 3),
    batch=st.integers(1, 3),
)
def test_however_often_it_is_rekeyed_every_person_is_found_and_every_old_code_is_dead(persons, times, batch):
    people.ready()
    Holding.objects.all().delete()
    dead: list[Code] = []
    for number, person in enumerate(sorted(persons)):
        hold_income(person, number)
    for _ in range(times):
        dead += [code_at(agency(MITAKA), person) for person in persons]
        rekey(batch=batch)
        close()
    for number, person in enumerate(sorted(persons)):
        assert income(person) == str(number)
        code = code_at(agency(MITAKA), person)
        for other in (CHOFU, PORTAL):
            there = conversion.convert(code=code, source=agency(MITAKA), target=agency(other))
            assert conversion.convert(code=there, source=agency(other), target=agency(MITAKA)) == code
    for code in dead:
        with pytest.raises(MalformedCode):
            conversion.convert(code=code, source=agency(MITAKA), target=agency(CHOFU))


@DATABASES
@pytest.mark.usefixtures("country")
def test_the_command_says_what_it_did_and_asks_for_shut_doors(capsys):
    hold_income(HANAKO, 77)
    call_command("rekey_agency", MITAKA, settle=0)
    assert capsys.readouterr().out.splitlines() == [
        "132047: epoch 2, 1 rows brought.",
        "Codes of epoch 1 still convert. When the agency has changed its own: --close.",
    ]
    call_command("rekey_agency", MITAKA, settle=0, close=True)
    assert capsys.readouterr().out.splitlines()[0] == "132047: destroyed epoch 1."
    for arguments in ((MITAKA, "--close"), (PORTAL,), (STAFF,), ("999999",)):
        with pytest.raises(CommandError):
            call_command("rekey_agency", *arguments, settle=0)
    call_command("rekey_agency", PORTAL, settle=0, doors_are_shut=True)
    assert "No former epoch stands." in capsys.readouterr().out
    assert income(HANAKO) == "77"

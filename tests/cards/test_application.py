"""From the application to the counter, and what is done there."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from cards import application, counter, handover, issuance, lifecycle, photo, production
from cards.application_models import Application, CertificatePair, CertificateSuccession, HandOver
from cards.chip import personalisation, records
from cards.models import Card, CardEvent, Certificate
from cards.reader.terminal import PinBlocked, PinWrong, Terminal
from residents import moves
from residents.models import NationalityClass, Resident
from tests.cards.chips import PASSWORD, PIN, SUPPORT, SURFACE_CHECK, say, verify
from tests.cards.people import NOW, chip, in_use, issued, new_code, person, portrait, terminal
from tests.residents.people import CLERK, HANAKO, MITAKA_2, SAKURA, SECOND_CLERK
from tests.support import DATABASES

pytestmark = [DATABASES, pytest.mark.usefixtures("places")]
DAY = dt.timedelta(days=1)


def applied(resident: Resident | None = None, *, at: dt.datetime = NOW, **more: object) -> Card:
    form = application.print_form(resident=resident or person(), at=at)
    given = {"channel": "POST", "photo": portrait(), "portal_code": new_code(), "at": at, **more}
    return application.apply(application_id=form.application_id, **given)


def ready(resident: Resident | None = None, *, at: dt.datetime = NOW, **more: object) -> Card:
    card = application.examine(card=applied(resident, at=at, **more), by=CLERK, at=at)
    return production.arrive(card=production.produce(card=card, at=at), by=CLERK, at=at)


def checked(card: Card, **more: object) -> HandOver:
    given = {"collector": "HOLDER", "proof": "PHOTO_DOCUMENT", "by": CLERK, "at": NOW, **more}
    return handover.check_identity(card=card, **given)


def given_out(card: Card, *, at: dt.datetime = NOW, **more: object) -> Card:
    checked(card, at=at, **more)
    return handover.hand_over(card=card, pin=PIN, signature_password=PASSWORD, by=CLERK, at=at)


# --- application and examination ----------------------------------------------------------------------------------


def test_the_whole_way_in_its_order() -> None:
    card = given_out(ready())
    card.refresh_from_db()
    states = ["APPLIED", "IN_PRODUCTION", "SHIPPED", "READY", "ACTIVE"]
    assert [event.state for event in card.events.order_by("pk")] == states
    assert terminal(card).certificate() == bytes(card.certificates.get(purpose="USER_AUTHENTICATION").der)
    assert Application.objects.get(card=card).photo_sealed is None
    say(reader := chip(card), SURFACE_CHECK)
    with issuance.chip_file(card).opened() as memory:
        code = records.code_b(
            birth_date="1990-04-15", expires_on=card.expires_on, security_code=memory.printed["security_code"]
        )
    assert say(reader, verify(str(code), 0x92)) == "9000"
    assert portrait().hex() in say(reader, "00B08200000000")


def test_a_forms_id_has_23_digits_and_works_once() -> None:
    resident = person()
    form = application.print_form(resident=resident, at=NOW)
    assert len(form.application_id) == 23
    assert form.application_id.isdecimal()
    given = {"application_id": form.application_id, "channel": "PC", "photo": portrait(), "portal_code": new_code()}
    card = application.apply(**given, at=NOW)
    application.withdraw(card=card, at=NOW)
    with pytest.raises(application.FormUsed):
        application.apply(**given, at=NOW)
    with pytest.raises(application.UnknownForm):
        application.apply(**{**given, "application_id": "0" * 23}, at=NOW)
    assert form.application_id not in f"{form}{form!r}{card.application}"


def test_a_move_voids_the_form() -> None:
    resident = person()
    form = application.print_form(resident=resident, at=NOW)
    moves.move_within(resident=resident, address=MITAKA_2, by=CLERK, at=NOW + DAY)
    with pytest.raises(application.FormOutdated):
        application.apply(
            application_id=form.application_id, channel="PC", photo=portrait(), portal_code=new_code(), at=NOW + DAY
        )
    assert not Card.objects.exists()


def test_a_move_before_the_examination_sends_the_card_nowhere() -> None:
    card = applied()
    moves.move_within(resident=card.resident, address=MITAKA_2, by=CLERK, at=NOW + DAY)
    with pytest.raises(application.FormOutdated):
        application.examine(card=card, by=CLERK, at=NOW + DAY)


def test_the_photo_is_sealed_while_it_is_kept() -> None:
    kept = Application.objects.get(card=applied())
    assert kept.photo() == portrait()
    assert portrait()[:40] not in bytes(kept.photo_sealed)


def test_one_application_at_a_time() -> None:
    resident = person()
    applied(resident)
    with pytest.raises(application.OnItsWay):
        applied(resident)


def test_only_children_under_one_need_no_photo() -> None:
    with pytest.raises(photo.PhotoRefused):
        applied(photo=None)
    born = replace(SAKURA, birth_date="2025-01-01")
    resident, first_birthday = person(born), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(photo.PhotoRefused):
        applied(resident, photo=None, at=first_birthday)
    assert applied(resident, photo=None, at=first_birthday - DAY).state == "APPLIED"


def test_express_is_for_the_counter_and_its_grounds() -> None:
    resident = person()
    with pytest.raises(application.NotExpress):
        applied(resident, express="LOST", channel="PC")
    with pytest.raises(ValueError):
        applied(resident, express="HURRY", channel="COUNTER")
    assert applied(resident, express="LOST", channel="COUNTER").application.express == "LOST"


def test_who_took_it_does_not_examine_it() -> None:
    card = applied(by=CLERK, channel="COUNTER")
    with pytest.raises(application.SameClerk):
        application.examine(card=card, by=CLERK, at=NOW)
    assert application.examine(card=card, by=SECOND_CLERK, at=NOW).state == "IN_PRODUCTION"


def test_a_refused_application_keeps_no_photo_and_leaves_room_for_the_next() -> None:
    card = application.examine(card=applied(), refusal="PHOTO", by=CLERK, at=NOW)
    assert card.state == "REJECTED"
    kept = Application.objects.get(card=card)
    assert (kept.refusal, kept.photo_sealed, kept.photo()) == ("PHOTO", None, None)
    assert applied(card.resident).state == "APPLIED"


def test_who_is_not_on_the_register_gets_no_form() -> None:
    resident = person()
    moves.move_out(resident=resident, by=CLERK, at=NOW)
    with pytest.raises(issuance.NotEntitled):
        application.print_form(resident=resident, at=NOW)


# --- production and hand-over -------------------------------------------------------------------------------------


def test_on_the_way_the_chip_has_neither_pins_nor_keys() -> None:
    card = ready()
    with issuance.chip_file(card).opened() as memory:
        assert (memory.keys, set(memory.pins) & {"authentication", "signature", "support"}) == ({}, set())
    assert not card.certificates.exists()
    assert issuance.personalise(card=card, at=NOW).state == "READY"  # no reader puts it into use


def test_validity_counts_from_the_making() -> None:
    resident = person(replace(HANAKO, birth_date="1990-06-10"))
    card = application.examine(card=applied(resident), by=CLERK, at=NOW)
    card = production.produce(card=card, at=NOW + 14 * DAY)
    assert (card.issued_on, card.expires_on) == (dt.date(2026, 6, 15), dt.date(2036, 6, 10))


def test_a_foreign_residents_card_and_certificates_end_with_the_stay() -> None:
    stays = replace(HANAKO, nationality_class=NationalityClass.MID_TO_LONG_TERM, stay_until=dt.date(2027, 3, 31))
    card = given_out(ready(person(stays)))
    assert card.expires_on == dt.date(2027, 3, 31)
    assert {c.not_after.date() for c in card.certificates.all()} == {dt.date(2027, 3, 31)}


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"is_ward": True}, handover.RepresentativeNeeded),
        ({"collector": "PROXY", "is_ward": True, "hindrance": "AGE"}, handover.RepresentativeNeeded),
        ({"collector": "REPRESENTATIVE", "collector_proof": "PHOTO_DOCUMENT"}, handover.NoRepresentative),
        ({"collector": "PROXY", "collector_proof": "PHOTO_DOCUMENT"}, handover.NoHindrance),
        ({"collector": "PROXY", "hindrance": "ILLNESS"}, handover.ProofMissing),
        ({"collector": "REPRESENTATIVE", "is_ward": True}, handover.ProofMissing),
    ],
)
def test_who_may_come(more: dict[str, object], refusal: type[Exception]) -> None:
    card = ready()
    with pytest.raises(refusal):
        checked(card, **more)
    with pytest.raises(handover.NotChecked):
        handover.hand_over(card=card, pin=PIN, signature_password=PASSWORD, by=CLERK, at=NOW)


def test_for_a_child_the_representative_comes_and_there_is_no_signature() -> None:
    card = ready(person(SAKURA))
    with pytest.raises(handover.RepresentativeNeeded):
        checked(card)
    given_out(card, collector="REPRESENTATIVE", collector_proof="PHOTO_DOCUMENT")
    assert [row.purpose for row in card.certificates.all()] == ["USER_AUTHENTICATION"]
    assert card.expires_on == dt.date(2031, 2, 10)  # the fifth birthday


def test_a_proxy_needs_a_second_clerk() -> None:
    card = ready()
    checked(card, collector="PROXY", collector_proof="PHOTO_DOCUMENT", hindrance="CARE")
    pins = {"pin": PIN, "signature_password": PASSWORD}
    with pytest.raises(handover.SecondClerkNeeded):
        handover.hand_over(card=card, **pins, by=CLERK, at=NOW)
    with pytest.raises(handover.SecondClerkNeeded):
        handover.confirm(card=card, by=CLERK, at=NOW)
    handover.confirm(card=card, by=SECOND_CLERK, at=NOW)
    checked(card, collector="PROXY", collector_proof="PHOTO_DOCUMENT", hindrance="CARE")  # another proxy: anew
    with pytest.raises(handover.SecondClerkNeeded):
        handover.hand_over(card=card, **pins, by=CLERK, at=NOW)
    handover.confirm(card=card, by=SECOND_CLERK, at=NOW)
    assert handover.hand_over(card=card, **pins, by=CLERK, at=NOW).state == "ACTIVE"


def test_a_bad_pin_leaves_the_card_at_the_counter() -> None:
    card = ready()
    checked(card)
    with pytest.raises(personalisation.BadPin):
        handover.hand_over(card=card, pin="12", signature_password=PASSWORD, by=CLERK, at=NOW)
    card.refresh_from_db()
    assert (card.state, card.certificates.count()) == ("READY", 0)


def test_a_card_that_waited_out_a_move_says_the_new_address() -> None:
    card = ready()
    moves.move_within(resident=card.resident, address=MITAKA_2, by=CLERK, at=NOW + DAY)
    given_out(card, at=NOW + DAY)
    assert "上連雀".encode().hex() in say(chip(card), SUPPORT, verify(PIN, 0x91), "00B0820000")


def test_nobody_who_left_the_register_gets_the_card() -> None:
    card = ready()
    checked(card)
    moves.move_out(resident=card.resident, by=CLERK, at=NOW)
    with pytest.raises(handover.NotPossible):
        handover.hand_over(card=card, pin=PIN, signature_password=PASSWORD, by=CLERK, at=NOW)


# --- at the counter -----------------------------------------------------------------------------------------------


def test_a_blocked_pin_is_unlocked_with_a_new_one_and_all_tries() -> None:
    card = in_use()
    reader = terminal(card)
    for _ in range(2):
        with pytest.raises(PinWrong):
            reader.sign(pin="0000", digest=bytes(32))
    with pytest.raises(PinBlocked):
        reader.sign(pin="0000", digest=bytes(32))
    assert reader.tries_left() == 0
    counter.set_pins(card=card, pin="9876", by=CLERK, at=NOW)
    assert terminal(card).tries_left() == 3
    assert terminal(card).sign(pin="9876", digest=bytes(32))
    with pytest.raises(PinWrong):
        terminal(card).sign(pin=PIN, digest=bytes(32))
    assert card.events.last().what == CardEvent.What.PINS_SET
    assert set(card.certificates.values_list("state", flat=True)) == {"VALID"}


def test_a_stopped_card_gets_no_pins_and_no_surface() -> None:
    card = lifecycle.suspend(card=in_use(), at=NOW)
    for act in (counter.set_pins, counter.update_surface, counter.take_pins_off, counter.renew_signature):
        more = {"pin": "9876"} if act is counter.set_pins else {}
        with pytest.raises(counter.NotPossible):
            act(card=card, by=CLERK, at=NOW, **more)


def test_after_a_move_surface_and_signature_are_renewed_and_the_other_certificate_goes_on() -> None:
    card = in_use()
    authentication = card.certificates.get(purpose="USER_AUTHENTICATION")
    old = card.certificates.get(purpose="SIGNATURE")
    moves.move_within(resident=card.resident, address=MITAKA_2, by=CLERK, at=NOW + DAY)
    lifecycle.attributes_changed(resident=card.resident, at=NOW + DAY)
    counter.update_surface(card=card, by=CLERK, at=NOW + DAY)
    counter.renew_signature(card=card, by=CLERK, at=NOW + DAY)
    assert "上連雀".encode().hex() in say(chip(card), SUPPORT, verify(PIN, 0x91), "00B0820000")
    new = card.certificates.get(purpose="SIGNATURE", state="VALID")
    assert "上連雀".encode() in bytes(new.der)
    authentication.refresh_from_db()
    assert authentication.state == "VALID"
    assert CertificateSuccession.objects.get(older=old).newer == new
    assert CertificatePair.objects.get(signature=new).authentication == authentication
    assert terminal(card).sign(pin=PIN, digest=bytes(32))


def test_a_signature_certificate_that_stays_is_paired_with_the_new_other_one() -> None:
    card = in_use()
    signature = card.certificates.get(purpose="SIGNATURE")
    issuance.renew_certificates(card=card, at=NOW + DAY, by=CLERK, purposes=["USER_AUTHENTICATION"])
    (pair,) = CertificatePair.objects.all()
    assert (pair.signature, pair.authentication.state) == (signature, "VALID")
    assert CertificateSuccession.objects.get().newer == pair.authentication


def test_a_replacement_links_both_purposes_old_to_new() -> None:
    resident = person()
    old = {row.purpose: row for row in in_use(resident).certificates.all()}
    new = in_use(resident, at=NOW + 30 * DAY)
    for purpose, row in old.items():
        assert CertificateSuccession.objects.get(older=row).newer == new.certificates.get(purpose=purpose)
    pair = CertificatePair.objects.get(signature=new.certificates.get(purpose="SIGNATURE"))
    assert pair.authentication.card == new


def test_a_card_without_pins_and_back() -> None:
    card = counter.take_pins_off(card=in_use(), by=CLERK, at=NOW)
    assert card.without_pins
    states = dict(card.certificates.values_list("purpose", "state"))
    assert states == {"SIGNATURE": "REVOKED", "USER_AUTHENTICATION": "VALID"}
    reader = chip(card)
    assert say(reader, "00A4040C0AD392F000260100000001", "00A4020C020018") == "6a82"
    assert say(reader, "00A4020C020017", "802A00800100" + "00") == "6982"
    assert say(reader, "00A4020C02000A", "00B0000004")[-4:] == "9000"  # terminals read it without a PIN
    with pytest.raises(counter.NotPossible):
        counter.take_pins_off(card=card, by=CLERK, at=NOW)
    counter.set_pins(card=card, pin="4321", signature_password="NEW123", by=CLERK, at=NOW + DAY)
    card.refresh_from_db()
    assert not card.without_pins
    assert terminal(card).sign(pin="4321", digest=bytes(32))
    assert card.certificates.filter(purpose="SIGNATURE", state="VALID").count() == 1


def test_a_card_applied_for_without_pins_has_none() -> None:
    card = ready(without_pins=True)
    checked(card)
    handover.hand_over(card=card, by=CLERK, at=NOW)
    assert list(card.certificates.values_list("purpose", flat=True)) == ["USER_AUTHENTICATION"]
    assert isinstance(terminal(card), Terminal)
    with issuance.chip_file(card).opened() as memory:
        assert "authentication" not in memory.pins


def test_giving_back_ends_everything() -> None:
    card = counter.give_back(card=in_use(), by=CLERK, at=NOW)
    assert card.state == "RETURNED"
    assert set(card.certificates.values_list("state", flat=True)) == {"REVOKED"}


def test_cards_past_their_last_day_expire_once() -> None:
    card, waiting = in_use(), issued(person(replace(HANAKO, given_name="次子")))
    last = dt.datetime(2036, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
    assert lifecycle.expire(at=last) == 0
    assert lifecycle.expire(at=last + dt.timedelta(seconds=1)) == 2
    assert lifecycle.expire(at=last + DAY) == 0
    assert {Card.objects.get(pk=one.pk).state for one in (card, waiting)} == {"EXPIRED"}
    assert not Certificate.objects.filter(state="VALID").exists()


def test_certificates_renewed_in_the_same_second_still_come_one_after_the_other() -> None:
    card = in_use()
    for _ in range(4):
        issuance.renew_certificates(card=card, at=NOW)
    lifecycle.attributes_changed(resident=card.resident, at=NOW)
    counter.set_pins(card=card, pin="9876", signature_password="XYZ789", by=CLERK, at=NOW)
    for purpose, count in (("USER_AUTHENTICATION", 5), ("SIGNATURE", 6)):
        rows = card.certificates.filter(purpose=purpose)
        newest = rows.get(state="VALID")
        assert rows.count() == count
        assert CertificateSuccession.objects.filter(older__in=rows, newer__in=rows).count() == count - 1
        assert not CertificateSuccession.objects.filter(older=newest).exists()

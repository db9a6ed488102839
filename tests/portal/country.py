"""The portal's own small country for page tests: codes, accounts, records, letters and bills, through the real acts."""

from __future__ import annotations

import datetime as dt
import secrets

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client

from accounts import session_vault
from accounts.models import SignIn, User
from agencies import registry
from agencies.models import Agency
from cards import issuance
from cards.models import Card
from codes import rist1
from codes.rist1 import Code
from exchange import conversion, delivery, inquiry, ledger, looks, registration, self_inquiry
from exchange.conversion import convert
from exchange.inquiry import Refused
from holdings import copies
from holdings.models import Run, Withdrawal
from holdings.periods import Period
from notifications.delivery import deliver
from payments import charging
from tests.cards.chips import PASSWORD, PIN
from tests.cards.people import person

MITAKA, CHOFU, FUCHU, PENSION = "132047", "132080", "132063", "900019"
KNOWING = [MITAKA, CHOFU, PENSION]
ALLOWANCE, TAX, RESIDENT = "JM90000000000001", "TM00000000000002", "TM00000000000001"
INCOME = ["0200000010", "0200000020", "0200000030", "0200000040"]
NAMES = {
    "hanako": {"ja": "山田　花子", "en": "Hanako Yamada"},
    "kenji": {"ja": "佐藤　健司", "en": "Kenji Sato"},
}


def load_agencies() -> None:
    registry.load()


def new_code(agency_code: str = "900043") -> Code:
    """The code of a new person at the portal (or the staff directory, 900035), issued as the exchange issues it."""
    agency = Agency.objects.get(local_code=agency_code)
    key = registry.own_private_key(agency)
    blinded = rist1.blind(rist1.person_point(secrets.token_bytes(32)), rist1.public_key(key))
    epoch = conversion.current_epoch(agency)
    return Code(rist1.unblind(conversion.issue(blinded=blinded, agency=agency, epoch=epoch), key), epoch)


def new_citizen() -> User:
    return User.objects.citizen(new_code())


def new_clerk(agency: str = CHOFU) -> User:
    return User.objects.create(staff_code=new_code("900035"), agency=agency, post=User.Post.CLERK)


def code_at(user: User, agency: str) -> Code:
    portal = Agency.objects.portal()
    return convert(code=user.portal_code, source=portal, target=Agency.objects.known(agency))


def hold(user: User, agency: str, data_set: str, at: dt.datetime, **values: str) -> None:
    """A copy at an agency: items as `_0100000010="…"`; a value in angle brackets is a reason for having none."""
    items = {
        code.strip("_"): {"null_reason": value.strip("<>")} if value.startswith("<") else {"value": value}
        for code, value in values.items()
    }
    copies.register(agency=agency, code=code_at(user, agency), data_set=data_set, items=items, at=at)


def correct(user: User, at: dt.datetime) -> None:
    """Mitaka finds that its copy of the citizen's local tax was wrong, and corrects it."""
    items = {item: {"value": "1"} for item in (*INCOME, "0200000050", "0200000060", "0200000070")}
    copy = registration.HandedIn(
        code=code_at(user, MITAKA), data_set=TAX, layout_version=1, items=items, reference=secrets.token_hex(8)
    )
    mitaka = Agency.objects.known(MITAKA)
    registration.register(agency=mitaka, kind=Run.Kind.CORRECTION, handed_in=[copy], at=at)


def withdraw(user: User, at: dt.datetime, reason: str = "WRONG_PERSON") -> None:
    """Mitaka withdraws that copy."""
    registration.withdraw(
        agency=Agency.objects.known(MITAKA), code=code_at(user, MITAKA), data_set=TAX, period=Period(),
        reason=Withdrawal(reason), at=at,
    )  # fmt: skip


def ask(user: User, at: dt.datetime, *, who: str = CHOFU, whom: str = MITAKA, affair: str = ALLOWANCE) -> str:
    """An inquiry about the citizen; the reference of its record. An affair outside the table is refused."""
    try:
        return inquiry.inquire(
            inquirer=Agency.objects.known(who),
            code=code_at(user, who),
            provider=Agency.objects.known(whom),
            affair=affair,
            data_set=TAX,
            items=INCOME,
            case_number="A-1",
            at=at,
        ).record
    except Refused as refusal:
        return refusal.record


def look(user: User, at: dt.datetime, *, who: str = CHOFU, purpose: str = "MOVING", what: str = "register") -> str:
    return str(
        looks.record(
            agency=Agency.objects.known(who),
            subject=ledger.subject_of(user.portal_code),
            purpose=purpose,
            case_number="",
            clerk="pseudonym",
            what=what,
            at=at,
        )
    )


def ask_oneself(user: User, at: dt.datetime, *, whom: str = MITAKA) -> str:
    return self_inquiry.ask(
        portal_code=user.portal_code, provider=Agency.objects.known(whom), data_set=RESIDENT, at=at
    ).record


def send(user: User, at: dt.datetime, *, sender: str = CHOFU) -> None:
    """A delivery on record, without the letter."""
    begun = delivery.begin(
        sender=Agency.objects.known(sender),
        code=code_at(user, sender),
        affair=ALLOWANCE,
        what=delivery.NOTICE,
        at=at,
    )
    delivery.complete(begun, at=at)


def full_life(user: User, at: dt.datetime, name: str = "hanako") -> None:
    """Holdings at three agencies, records of every kind, letters, bills and two sign-ins."""
    day = dt.timedelta(days=1)
    held = at - 10 * day
    hold(
        user, MITAKA, TAX, held,
        _0200000010="3120000", _0200000020="4400000", _0200000030="1", _0200000040="<NOT_YET_FIXED>",
        _0200000050="152300", _0200000060="5000", _0200000070="<NOT_APPLICABLE>",
    )  # fmt: skip
    hold(
        user, CHOFU, RESIDENT, held,
        _0100000010=NAMES[name]["ja"], _0100000020="1990-04-15", _0100000030="女",
        _0100000040="東京都調布市小島町二丁目35番地1　調布グリーンハイツ302号", _0100000050="山田　太郎",
        _0100000060="妻", _0100000070="2026-06-01", _0100000080="3",
    )  # fmt: skip
    hold(user, PENSION, "TM90000000000003", held, _0300000010="厚生年金", _0300000020="2013-04-01")
    look(user, at - 9 * day, what="code-issue")
    look(user, at - 8 * day)
    send(user, at - 5 * day)
    ask(user, at - 4 * day)
    ask(user, at - 4 * day + dt.timedelta(minutes=1), affair="JM90000000000099")
    ask(user, at - 3 * day, whom=FUCHU)
    for whom in (MITAKA, CHOFU):
        ask_oneself(user, at - day, whom=whom)
    for number in (1, 2):
        deliver(
            portal_code=user.portal_code,
            sender=CHOFU,
            reference=f"L-{secrets.token_hex(4)}-{number}",
            subject="児童手当の認定について",
            body="児童手当の支給を決定しました。くわしくは添付の通知書をご覧ください。",
            at=at - number * day,
        )
        charging.issue(
            portal_code=user.portal_code,
            agency=CHOFU,
            reference=f"C-{secrets.token_hex(4)}-{number}",
            title="保育料　令和8年11月分",
            amount=18_500,
            due_on=(at + 9 * day).date(),
            at=at - number * day,
        )
    for ago in (0, 12):
        SignIn.objects.create(user=user, at=at - ago * day, purpose="sign-in", result="ACCEPTED")


def give_card(user: User, at: dt.datetime) -> Card:
    """A card in use whose holder is this account."""
    card = issuance.issue(resident=person(), pin=PIN, signature_password=PASSWORD, at=at, portal_code=user.portal_code)
    return issuance.personalise(card=card, at=at)


def established(
    user: User,
    *,
    name: str = "hanako",
    certificate_until: dt.datetime | None = None,
    card: Card | None = None,
) -> dict[str, str]:
    """A session as `portal.views.sign_in.finish` leaves it, for any browser: its cookies."""
    request = HttpRequest()
    request.session = SessionStore()
    request.session[SESSION_KEY] = str(user.pk)
    request.session[BACKEND_SESSION_KEY] = "accounts.backends.CardBackend"
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session_vault.begin(request)
    session_vault.write(request, "name", NAMES[name])
    session_vault.write(request, "agencies", KNOWING)
    until = certificate_until or dt.datetime(2031, 4, 15, 14, 59, 59, tzinfo=dt.UTC)
    session_vault.write(request, "certificate_until", until.isoformat())
    if card is not None:
        session_vault.write(request, "card", str(card.pk))
    request.session.save()
    return {"session": request.session.session_key, session_vault.COOKIE: session_vault.cookie_value(request)}


def sign_in(client: Client, user: User, **options: object) -> Client:
    for cookie, value in established(user, **options).items():
        client.cookies[cookie] = value
    return client

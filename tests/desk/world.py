"""A small world for the desk's tests: two cities, their clerks, a citizen, and four residents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.test import Client

from accounts.models import User
from agencies import registry
from agencies.models import Agency
from codes import rist1
from codes.rist1 import Code
from crossings.enrol import enrol
from desk.door import _SESSION_KEY
from desk.pages.page import address
from residents import moves, register
from residents.details import Address, PersonDetails
from residents.models import Resident

MITAKA, CHOFU, COMMISSION = "132047", "132080", "900051"
START = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)

HANAKO = PersonDetails(
    family_name="山田", given_name="花子", family_kana="ヤマダ", given_kana="ハナコ", latin_name="YAMADA HANAKO",
    birth_date="1990-04-15", sex="2",
)  # fmt: skip
TARO = replace(HANAKO, given_name="太郎", given_kana="タロウ", latin_name="", birth_date="1988-11-03", sex="1")
KENJI = replace(
    HANAKO, family_name="佐藤", given_name="健司", family_kana="サトウ", given_kana="ケンジ", latin_name="",
    birth_date="1975-07-20", sex="1",
)  # fmt: skip
JIRO = replace(KENJI, family_name="鈴木", given_name="次郎", family_kana="スズキ", given_kana="ジロウ")

IN_MITAKA = Address(
    local_government_code=MITAKA, postal_code="1810013", prefecture="東京都", municipality="三鷹市",
    town="下連雀", street="1-2-3",
)  # fmt: skip
IN_CHOFU = Address(
    local_government_code=CHOFU, postal_code="1820026", prefecture="東京都", municipality="調布市",
    town="小島町", street="2-35-1",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Hanako and Taro live in Chofu, Kenji in Mitaka, Jiro has moved out of Mitaka."""

    hanako: Resident
    taro: Resident
    kenji: Resident
    jiro: Resident
    clerk: User
    second: User
    supervisor: User
    stranger: User
    other_supervisor: User
    citizen: User
    officer: User

    def client(self, user: User | None) -> Client:
        """A browser in which this account is signed in, clerks at the desk's door."""
        client = Client()
        if user is not None:
            client.force_login(user)
            if user.is_staff:
                session = client.session
                session.set_expiry(settings.CLERK_SESSION_AGE)
                session[_SESSION_KEY] = True
                session.save()
        return client

    def opened(self, user: User, resident: Resident, purpose: str = "CERTIFICATE") -> Client:
        """As above, after the purpose page for this resident."""
        client = self.client(user)
        answer = client.post(
            address("purpose", resident.pk), {"purpose": purpose, "case_number": "2026-1", "words": ""}
        )
        assert answer.status_code == 302, answer.content.decode()
        return client


def make() -> World:
    load_agencies()
    hanako = _resident(HANAKO, IN_CHOFU)
    taro = _resident(TARO, IN_CHOFU)
    kenji = _resident(KENJI, IN_MITAKA)
    jiro = _resident(JIRO, IN_MITAKA)
    moves.move_out(resident=jiro, by="test", at=START)
    return World(
        hanako=hanako,
        taro=taro,
        kenji=kenji,
        jiro=jiro,
        clerk=clerk(CHOFU),
        second=clerk(CHOFU),
        supervisor=clerk(CHOFU, User.Post.SUPERVISOR),
        stranger=clerk(MITAKA),
        other_supervisor=clerk(MITAKA, User.Post.SUPERVISOR),
        citizen=User.objects.citizen(a_code()),
        officer=clerk(COMMISSION),
    )


def load_agencies() -> None:
    """The reference list, with a key for each agency that will be given codes."""
    registry.load()
    for agency in Agency.objects.filter(code_public_key=None):
        registry.register_own_key(agency=agency, private_key=rist1.new_scalar())


def clerk(agency: str, post: str = User.Post.CLERK) -> User:
    return User.objects.create(staff_code=a_code(), agency=agency, post=post)


def a_code() -> Code:
    """A code of nobody."""
    return Code(rist1.public_key(rist1.new_scalar()), 1)


def _resident(details: PersonDetails, home: Address) -> Resident:
    entry = register.register_moving_in(details=details, address=home, on=START.date(), by="test", at=START)
    enrol(resident=entry.resident, agencies=[home.local_government_code], at=START)
    return entry.resident

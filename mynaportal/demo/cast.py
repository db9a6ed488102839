"""The people of the story, the same in every small country: by name, not by seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from mynaportal.demo.addresses import CHOFU, FUCHU, MITAKA, Address
from mynaportal.demo.families import FEMALE, MALE, MID_TO_LONG_TERM, Household, japanese

NETWORK = "900043"
COMMISSION = "900051"
PIN = "1234"
SIGNATURE_PASSWORD = "ABC123"  # noqa: S105  published, like the PIN, so that anyone can try the demo's cards
HANAKO_MOVES_ON = date(2026, 6, 1)
MISAKI_MOVES_ON = date(2026, 9, 10)

# Hanako's new home in Chofu; until HANAKO_MOVES_ON she lives in Mitaka.
HANAKO_NEW_HOME = Address(CHOFU, "1820024", "東京都", "調布市", "布田", "4丁目12番地3", "パークサイド布田 305号室")
# Misaki fled to Mitaka; nobody in Fuchu may learn where she lives.
MISAKI_NEW_HOME = Address(MITAKA, "1810012", "東京都", "三鷹市", "上連雀", "6丁目21番地8", "")


@dataclass(frozen=True, slots=True)
class Clerk:
    """A post: whose, at which municipality or other agency, and the file name of the card that opens the desk."""

    person: str
    agency: str
    is_supervisor: bool

    @property
    def slug(self) -> str:
        return self.person


HANAKO = japanese(
    "hanako", ("山田", "ヤマダ"), ("花子", "ハナコ"), sex=FEMALE, birth_date="1990-04-15", relation="HEAD"
)
TARO = japanese("taro", ("山田", "ヤマダ"), ("太郎", "タロウ"), sex=MALE, birth_date="1988-11-03", relation="HUSBAND")
SAKURA = japanese(
    "sakura", ("山田", "ヤマダ"), ("さくら", "サクラ"), sex=FEMALE, birth_date="2024-02-10", relation="CHILD"
)
KENJI = japanese("kenji", ("佐藤", "サトウ"), ("健司", "ケンジ"), sex=MALE, birth_date="1975-07-20", relation="HEAD")
MISAKI = japanese("misaki", ("林", "ハヤシ"), ("美咲", "ミサキ"), sex=FEMALE, birth_date="1992-09-03", relation="HEAD")
LINH = replace(
    japanese("linh", ("", ""), ("", ""), sex=FEMALE, birth_date="1996-05-21", relation="HEAD"),
    family_kana="チャン",
    given_kana="ティ リン",
    latin_name="TRAN THI LINH",
    nationality_class=MID_TO_LONG_TERM,
    stay_until=date(2028, 3, 31),
)

_CLERKS = (
    ("mitaka-clerk-1", MITAKA, ("鈴木", "スズキ"), ("明", "アキラ"), MALE, "1984-03-12"),
    ("mitaka-clerk-2", MITAKA, ("田中", "タナカ"), ("由美", "ユミ"), FEMALE, "1991-08-25"),
    ("mitaka-supervisor", MITAKA, ("伊藤", "イトウ"), ("浩", "ヒロシ"), MALE, "1970-01-30"),
    ("chofu-clerk-1", CHOFU, ("小林", "コバヤシ"), ("直樹", "ナオキ"), MALE, "1987-06-07"),
    ("chofu-clerk-2", CHOFU, ("加藤", "カトウ"), ("恵美", "エミ"), FEMALE, "1993-12-19"),
    ("chofu-supervisor", CHOFU, ("吉田", "ヨシダ"), ("雅子", "マサコ"), FEMALE, "1968-10-02"),
)
# Those who administer the network, in the agency that runs it and the portal, and one who supervises all agencies: they
# live where they like, and no municipality's register is open to them.
_OFFICERS = (
    ("network-clerk", NETWORK, ("中村", "ナカムラ"), ("健", "ケン"), MALE, "1986-02-14"),
    ("network-supervisor", NETWORK, ("森", "モリ"), ("千尋", "チヒロ"), FEMALE, "1974-11-08"),
    ("commission-officer", COMMISSION, ("松本", "マツモト"), ("直美", "ナオミ"), FEMALE, "1979-02-17"),
)

CLERKS = tuple(Clerk(slug, agency, slug.endswith("supervisor")) for slug, agency, *_ in (*_CLERKS, *_OFFICERS))
CLERK_KEYS = frozenset(clerk.person for clerk in CLERKS)

# Who has a card, and the card's file name.
CARD_HOLDERS = ("hanako", "taro", "kenji", "misaki", "linh", *(clerk.slug for clerk in CLERKS))

_MITAKA_HOMES = (
    Address(MITAKA, "1810013", "東京都", "三鷹市", "下連雀", "3丁目44番地9", ""),
    Address(MITAKA, "1810004", "東京都", "三鷹市", "新川", "2丁目8番地14", ""),
    Address(MITAKA, "1810001", "東京都", "三鷹市", "井の頭", "1丁目30番地22", ""),
)
_CHOFU_HOMES = (
    Address(CHOFU, "1820002", "東京都", "調布市", "仙川町", "1丁目17番地5", ""),
    Address(CHOFU, "1820022", "東京都", "調布市", "国領町", "5丁目3番地11", ""),
    Address(CHOFU, "1820021", "東京都", "調布市", "調布ケ丘", "2丁目25番地6", ""),
)
_OFFICERS_HOMES = (
    Address(MITAKA, "1810015", "東京都", "三鷹市", "大沢", "2丁目17番地6", ""),
    Address(CHOFU, "1820011", "東京都", "調布市", "深大寺北町", "4丁目6番地20", ""),
    Address(FUCHU, "1830055", "東京都", "府中市", "府中町", "2丁目6番地1", ""),
)


def households() -> list[Household]:
    """The story's households, as they lived before it began."""
    mitaka = Address(MITAKA, "1810013", "東京都", "三鷹市", "下連雀", "7丁目5番地18", "")
    fuchu = Address(FUCHU, "1830001", "東京都", "府中市", "浅間町", "2丁目9番地1", "")
    flat = Address(FUCHU, "1830032", "東京都", "府中市", "本宿町", "1丁目40番地2", "ハイツ本宿町 201号室")
    chofu = Address(CHOFU, "1820035", "東京都", "調布市", "上石原", "3丁目2番地27", "メゾン上石原 102号室")
    homes = [
        Household("yamada", mitaka, date(2019, 4, 1), (HANAKO, TARO, SAKURA)),
        Household("sato", fuchu, date(2008, 10, 1), (KENJI,)),
        Household("hayashi", flat, date(2020, 7, 1), (MISAKI,)),
        Household("tran", chofu, date(2023, 9, 1), (LINH,)),
    ]
    posts = zip((*_CLERKS, *_OFFICERS), (*_MITAKA_HOMES, *_CHOFU_HOMES, *_OFFICERS_HOMES), strict=True)
    for (slug, agency, family, given, sex, birth_date), home in posts:
        clerk = japanese(slug, family, given, sex=sex, birth_date=birth_date, relation="HEAD")
        homes.append(Household(slug, home, date(2015, 5, 1), (clerk,)))
        assert agency in (home.local_government_code, NETWORK, COMMISSION)  # noqa: S101  the tables above
    return homes


SIZE = sum(len(home.members) for home in households())

"""Whom the exchange trusts: a page for people and a file with proofs for programs, open to everyone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from agencies.models import Agency
from exchange import trust
from exchange.trust import Act, Change
from portal import trust_words
from tests.portal import country
from tests.support import DATABASES
from tools import verify_records

pytestmark = [DATABASES, pytest.mark.usefixtures("agencies")]

CHOFU = "132080"


def change(at: dt.datetime, count: int = 1) -> None:
    for number in range(count):
        until = dt.date(2030, 1, 1) + dt.timedelta(days=number)
        agency = Agency.objects.get(local_code=CHOFU)
        trust.set_assessment(agency=agency, until=until, by="secret clerk", reason="secret reason", at=at)


def test_an_empty_log(english: Client) -> None:
    assert english.get("/log/trust").json()["records"] == []
    assert "There is no change yet" in english.get("/trust/").content.decode()


def test_the_page_says_what_changed_in_both_languages_and_not_who(english: Client, at: dt.datetime) -> None:
    change(at)
    with (
        pytest.raises(ZeroDivisionError),
        trust.recorded(Change(act=Act.EPOCH_BEGUN, agency=Agency.objects.get(local_code=CHOFU)), at=at),
    ):
        raise ZeroDivisionError
    text = english.get("/trust/").content.decode()
    for part in ("Chofu City", "privacy assessment was set", "1 January 2030", "Done", "Not done: it failed"):
        assert part in text
    assert "secret" not in text
    japanese = Client(headers={"accept-language": "ja"}).get("/trust/").content.decode()
    assert "調布市" in japanese and "個人情報保護評価の最後の日が定められました" in japanese
    assert 'href="/trust/"' in english.get("/about/").content.decode()


def test_the_file_verifies_and_pages_follow_each_other(english: Client, at: dt.datetime, kenji: User) -> None:
    country.ask(kenji, at)
    change(at, 53)
    first = english.get("/log/trust")
    assert first["Cache-Control"] == "public, max-age=5"
    second = english.get(f"/log/trust?before={first.json()['older']}").json()
    assert [len(page["records"]) for page in (first.json(), second)] == [50, 3]
    assert second["older"] is None
    for page in (first.json(), second):
        assert list(verify_records.check(page, keys=[], witnesses=[])) == []
    assert "secret" not in json.dumps(second) and '"INQUIRY"' not in json.dumps(first.json())
    text = english.get("/trust/").content.decode()
    assert f"?before={first.json()['older']}" in text and text.count('id="entry-') == 50
    assert english.get(f"/trust/?before={first.json()['older']}").content.decode().count('id="entry-') == 3


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=1e3", f"before={'9' * 19}", "before=", "since=0"])
def test_what_is_no_place_is_not_found(english: Client, at: dt.datetime, query: str) -> None:
    change(at)
    assert english.get(f"/log/trust?{query}").status_code == 404
    if query.startswith("before"):
        assert english.get(f"/trust/?{query}").status_code == 404


def test_it_costs_the_same_with_one_and_with_many(
    english: Client, at: dt.datetime, queries: Callable[[Callable[[], object]], dict[str, int]]
) -> None:
    change(at)
    one = [queries(lambda address=address: english.get(address)) for address in ("/trust/", "/log/trust")]
    change(at, 9)
    assert [queries(lambda address=address: english.get(address)) for address in ("/trust/", "/log/trust")] == one


def test_every_act_and_fact_has_its_words() -> None:
    assert set(trust_words.ACTS) == set(Act)

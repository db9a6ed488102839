"""Records to take home, and the public face of the log."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from django.test import Client

from accounts.models import User
from exchange import notes, tlog
from exchange.models import Leaf
from tests.portal import country
from tests.support import DATABASES
from tools import verify_records

pytestmark = DATABASES


def test_the_download_of_all_records_verifies_offline(english: Client, hanako: User) -> None:
    country.sign_in(english, hanako)
    assert 'href="/records/proofs/"' in english.get("/records/").content.decode()
    response = english.get("/records/proofs/")
    assert response["Content-Disposition"] == 'attachment; filename="access-records.json"'
    assert response["Cache-Control"] == "no-store, private"
    content = json.loads(response.content)
    assert len(content["records"]) == 8
    assert list(verify_records.check(content, keys=[], witnesses=[])) == []


def test_the_download_of_one_record(english: Client, kenji: User, at: dt.datetime) -> None:
    reference = country.ask(kenji, at)
    country.sign_in(english, kenji)
    assert f'href="/records/{reference}/proof/"' in english.get(f"/records/{reference}/").content.decode()
    content = json.loads(english.get(f"/records/{reference}/proof/").content)
    assert [record["reference"] for record in content["records"]] == [reference]
    assert list(verify_records.check(content, keys=[], witnesses=[])) == []


def test_an_earlier_file_is_asked_for_by_its_size(english: Client, kenji: User, at: dt.datetime) -> None:
    country.ask(kenji, at)
    country.sign_in(english, kenji)
    earlier = json.loads(english.get("/records/proofs/").content)
    size = notes.Checkpoint.parse(earlier["checkpoint"]).size
    country.ask(kenji, at)
    later = json.loads(english.get(f"/records/proofs/?since={size}").content)
    assert verify_records.compare(earlier, later, keys=[]) == []
    for wrong in ("0", "999999", "x", "-1", "9" * 30):
        assert english.get(f"/records/proofs/?since={wrong}").status_code == 404


def test_nobody_else_gets_them(english: Client, kenji: User, hanako: User, clerk: User, at: dt.datetime) -> None:
    theirs = country.ask(hanako, at)
    for address in ("/records/proofs/", f"/records/{theirs}/proof/"):
        assert english.get(address).status_code == 302
    country.sign_in(english, kenji)
    assert english.get(f"/records/{theirs}/proof/").status_code == 404
    assert json.loads(english.get("/records/proofs/").content)["records"] == []
    assert country.sign_in(Client(), clerk).get("/records/proofs/").status_code == 403


def test_everyone_may_watch_the_log(kenji: User, at: dt.datetime) -> None:
    stranger = Client()
    assert stranger.get("/log/checkpoint").status_code == 404
    for _ in range(3):
        country.ask(kenji, at)
    response = stranger.get("/log/checkpoint")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    stated = notes.Checkpoint.parse(response.content.decode())
    keys = [notes.Verifier.parse(line) for line in stranger.get("/log/key").content.decode().splitlines()]
    assert notes.signers(response.content.decode(), keys) == keys
    tile = stranger.get(f"/log/tile/0/000.p/{stated.size}")
    assert (tile["Content-Type"], "immutable" in tile["Cache-Control"]) == ("application/octet-stream", True)
    grown = tlog.CompactRange()
    for hashed in tlog.split(tile.content):
        grown.append(hashed)
    assert (grown.size, grown.root()) == (stated.size, stated.root) == (6, stated.root)
    right = tlog.node_hash(*(tlog.split(tile.content)[4:]))
    assert stranger.get("/log/consistency/4/6").content == base64.b64encode(right) + b"\n"


@pytest.mark.parametrize(
    "address",
    ["tile/0/000", "tile/0/000.p/7", "tile/0/001.p/1", "tile/1/000.p/1", "tile/0/x000/000.p/6", "tile/00/000.p/6",
     "tile/64/000.p/1", "tile/0/000.p/0", "tile/entries/000.p/6", "tile/0/0.p/6", "consistency/0/6", "consistency/6/5",
     "consistency/6/7"],
)  # fmt: skip
def test_what_the_log_does_not_serve(kenji: User, at: dt.datetime, address: str) -> None:
    for _ in range(3):
        country.ask(kenji, at)
    assert Leaf.objects.count() == 6
    assert Client().get(f"/log/{address}").status_code == 404


def test_the_log_is_read_only(kenji: User, at: dt.datetime) -> None:
    country.ask(kenji, at)
    assert Client().post("/log/checkpoint").status_code == 405

"""`mynx serve` beside a running service: it fetches the table, is asked, and answers what the table permits."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mynx import keys, permissions
from mynx.client import TOKEN_PATH
from tests.committed import ROOT, run
from tests.exchange import people
from tests.faults.country import DIRECT, PLANT, Country, caller, question, served

CODE = """
from codes.rist1 import format_code
from tests.exchange import people
print(format_code(people.code_at(people.agency(people.MITAKA), bytes(32))))
"""
REGISTER = """
import sys
from exchange.providers import own_systems
from tests.exchange import people
own_systems.register(agency=people.agency(people.MITAKA), url=sys.argv[1])
"""


def mitakas_directory(country: Country, where: Path) -> Path:
    """Its client and keys, and one income in its holdings."""
    where.mkdir()
    client_id, key, _ = country.planted["callers"][people.MITAKA]
    client = {"client_id": client_id, "token_endpoint": country.url + TOKEN_PATH, "private_jwk": key}
    (where / "client.json").write_text(json.dumps(client))
    (where / "code_key.json").write_text(json.dumps({"private_key": keys.to_text(people.KEY)}))
    code = run(country.env, CODE).strip()
    head = "local_id,code,data_set,item,value,null_reason,period"
    (where / "holdings.csv").write_text(f"{head}\n,{code},{people.LOCAL_TAX},{people.TOTAL_INCOME},77,,2026\n")
    return where


@pytest.mark.committed
def test_it_is_asked_and_answers_by_the_published_table(tmp_path: Path) -> None:
    with served(tmp_path, setup=PLANT, arguments=("1",)) as country:
        where = mitakas_directory(country, tmp_path / people.MITAKA)
        given = ["serve", "--agency", str(where), "--holdings", str(where / "holdings.csv"), "--port", "0"]
        system = subprocess.Popen([sys.executable, "-m", "mynx", *given], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert system.stdout is not None
            run(country.env, REGISTER, system.stdout.readline().split()[2].rstrip(";"))
            line = caller(country)
            status, answer = asyncio.run(line.send(line.signed(DIRECT, question(country, 0))))
        finally:
            system.terminate()
            system.wait()
        assert (status, [item["value"] for item in answer["items"]]) == (200, ["77"]), answer
        assert (where / permissions.FILE).exists()
        [noted] = map(json.loads, (where / "provisions.jsonl").read_text().splitlines())
        assert (noted["row"], noted["outcome"]) == ("I01", "0000")

"""Filling the small country: whole, resumable at every point, the same people by seed, and no order that tells."""

from __future__ import annotations

import csv
import json
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codes.rist1 import parse_code
from mynaportal.demo import cast
from tests.committed import ROOT, migrated_var, rows, run
from tests.support import scaled

pytestmark = pytest.mark.committed

RESIDENTS = 40
HOSTED = {"132047", "132080", "132063", "130001", "900019", "900027"}

# Stops after every single stage and goes on from what lies on disk, as a kill between two stages would have it.
STEP_BY_STEP = """
import sys
from pathlib import Path
from django.conf import settings
from mynaportal.demo import country, plan
from mynaportal.demo.progress import Progress
directory = Path(settings.VAR_DIR)
plan.Plan(seed=1, residents=int(sys.argv[1]), at="2026-11-22T10:00:00+00:00").save(directory)
while not (known := plan.load(directory)).is_complete:
    title = next((title for title, _ in country.STAGES if title not in known.done), "")
    country.fill(known, Progress(), stop_after=title)
"""

PEOPLE = """
import json
from residents.models import Entry
fields = ("family_name", "given_name", "family_kana", "latin_name", "birth_date", "sex", "postal_code", "street")
print(json.dumps(sorted(map(list, Entry.objects.current().values_list(*fields)))))
"""

ORDERS = """
import json
from django.db.models.expressions import RawSQL
from crossings.codes import portal_code_of
from exchange import ledger
from exchange.models import AccessRecord
from residents.models import Resident
first = {}
for record in AccessRecord.objects.exclude(subject=None).order_by("leaf__index"):
    first.setdefault(bytes(record.subject), record.leaf.index)
in_order = Resident.objects.order_by(RawSQL("ROWID", ()))
print(json.dumps([first[ledger.subject_of(portal_code_of(resident))] for resident in in_order]))
"""

COUNTS = {
    "registry": ["residents_resident", "residents_entry", "residents_household", "residents_localperson",
                 "residents_protection", "numbering_issuednumber", "numbering_issuedcode", "numbering_personsecret",
                 "cards_card"],
    "exchange": ["agencies_agency", "agencies_apiclient", "exchange_codeissue"],
    "holdings": ["holdings_holding", "holdings_protection"],
    "portal": ["accounts_user"],
}  # fmt: skip


def counts(env: dict[str, str]) -> dict[str, int]:
    return {
        table: rows(env, f"SELECT COUNT(*) FROM {table}", database)[0][0]  # noqa: S608
        for database, tables in COUNTS.items()
        for table in tables
    }


def records(env: dict[str, str]) -> int:
    return int(rows(env, "SELECT COUNT(*) FROM exchange_accessrecord", "exchange")[0][0])


def demo(env: dict[str, str], *arguments: str, residents: int = RESIDENTS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "demo", "--load-only", "--residents", str(residents), *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with migrated_var(tmp_path_factory.mktemp("loaded")) as env:
        first = demo(env)
        assert first.returncode == 0, first.stderr
        yield env


def own(env: dict[str, str], agency: str) -> list[dict[str, str]]:
    with (Path(env["MYNA_VAR_DIR"]) / "agencies" / agency / "people.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everyone_is_there_once(loaded: dict[str, str]) -> None:
    found = counts(loaded)
    assert found["residents_resident"] == RESIDENTS
    assert found["numbering_issuednumber"] == RESIDENTS
    assert found["numbering_personsecret"] == RESIDENTS
    assert found["cards_card"] == len(cast.CARD_HOLDERS)
    assert found["accounts_user"] == len(cast.CLERKS)
    assert found["exchange_codeissue"] == 0  # collected and confirmed
    assert found["residents_protection"] == 1


def test_a_second_run_changes_nothing(loaded: dict[str, str]) -> None:
    before, recorded = counts(loaded), records(loaded)
    again = demo(loaded)
    assert again.returncode == 0, again.stderr
    assert "Filling" not in again.stdout
    assert (counts(loaded), records(loaded)) == (before, recorded)


def test_another_size_is_not_mixed_in(loaded: dict[str, str]) -> None:
    before = counts(loaded)
    other = demo(loaded, residents=RESIDENTS + 10)
    assert "make clean" in other.stdout
    assert counts(loaded) == before


def test_stopping_after_every_stage_gives_the_same_country(loaded: dict[str, str], tmp_path: Path) -> None:
    with migrated_var(tmp_path) as env:
        run(env, STEP_BY_STEP, str(RESIDENTS))
        assert counts(env) == counts(loaded)
        assert records(env) == records(loaded)


@pytest.mark.soak
def test_kills_at_any_moment_double_and_lose_nothing(loaded: dict[str, str], tmp_path: Path) -> None:
    with migrated_var(tmp_path) as env:
        killed = 0
        for number in range(scaled(30)):
            command = [sys.executable, "manage.py", "demo", "--load-only", "--residents", str(RESIDENTS)]
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(1.0 + number * 0.37 % 4)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.wait()
        assert killed > 0
        last = demo(env)
        assert last.returncode == 0, last.stderr
        assert counts(env) == counts(loaded)


def test_the_same_seed_gives_the_same_people_under_other_ids(loaded: dict[str, str], tmp_path: Path) -> None:
    with migrated_var(tmp_path) as env:
        assert demo(env).returncode == 0
        assert json.loads(run(env, PEOPLE)) == json.loads(run(loaded, PEOPLE))
        ours = {id for (id,) in rows(env, "SELECT id FROM residents_resident")}
        theirs = {id for (id,) in rows(loaded, "SELECT id FROM residents_resident")}
        assert not ours & theirs
        assert not {row["code"] for row in own(env, "132080")} & {row["code"] for row in own(loaded, "132080")}


def test_each_agencys_own_side_is_for_its_owner_only(loaded: dict[str, str]) -> None:
    directory = Path(loaded["MYNA_VAR_DIR"]) / "agencies"
    assert {path.name for path in directory.iterdir()} == HOSTED
    for agency in directory.iterdir():
        assert stat.S_IMODE(agency.stat().st_mode) == 0o700
        for path in agency.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client = json.loads((agency / "client.json").read_text())
        assert set(client) == {"client_id", "token_endpoint", "private_jwk"}
        assert client["token_endpoint"].endswith("/api/oauth/token")
        assert client["private_jwk"]["d"]


def test_every_list_has_a_code_of_its_own_for_everyone(loaded: dict[str, str]) -> None:
    seen: set[str] = set()
    for agency in HOSTED - {"130001"}:
        people = own(loaded, agency)
        codes = {row["code"] for row in people}
        assert len(codes) == len(people) > 0
        assert not codes & seen
        seen |= codes
        for row in people:
            parse_code(row["code"])
            assert row["name"] and row["kana"] and row["birth_date"]
            assert len(row["local_id"]) == 15
    assert len(own(loaded, "900027")) == RESIDENTS


def test_hanako_is_known_to_both_cities_and_lives_in_the_second(loaded: dict[str, str]) -> None:
    for agency in ("132047", "132080"):
        assert [row["birth_date"] for row in own(loaded, agency) if row["name"] == "山田　花子"] == ["1990-04-15"]
    last = rows(
        loaded,
        "SELECT local_government_code, effective_on FROM residents_entry"
        " WHERE is_current AND family_name = '山田' AND given_name = '花子'",
    )
    assert [(code, str(day)) for code, day in last] == [("132080", "2026-06-01")]


def test_who_became_whom_is_forgotten(loaded: dict[str, str]) -> None:
    path = Path(loaded["MYNA_VAR_DIR"]) / "demo.json"
    plan = json.loads(path.read_text())
    assert plan["is_complete"] is True
    assert plan["resident_ids"] == {}
    assert plan["own_ids"] == {}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_order_of_the_register_says_nothing_about_the_order_of_records(loaded: dict[str, str]) -> None:
    natural = "ctid" if "DATABASE_URL" in loaded else "rowid"
    ranks = json.loads(run(loaded, ORDERS.replace("ROWID", natural)))
    assert len(ranks) == RESIDENTS
    assert abs(spearman(ranks)) < 0.6  # by chance beyond this once in more than 10,000 runs


def spearman(values: list[int]) -> float:
    """Rank correlation of a list with its own positions."""
    order = {value: rank for rank, value in enumerate(sorted(values))}
    squares = sum((position - order[value]) ** 2 for position, value in enumerate(values))
    count = len(values)
    return 1 - 6 * squares / (count * (count**2 - 1))


def test_databases_that_hold_other_residents_are_left_alone(loaded: dict[str, str], tmp_path: Path) -> None:
    plan = Path(loaded["MYNA_VAR_DIR"]) / "demo.json"
    hidden = plan.rename(tmp_path / "demo.json")
    try:
        refused = demo(loaded)
    finally:
        hidden.rename(plan)
    assert refused.returncode != 0
    assert "leaves them alone" in refused.stderr


def test_a_country_smaller_than_its_story_is_refused(loaded: dict[str, str]) -> None:
    assert "at least" in demo(loaded, residents=5).stderr


def test_no_progress_bar_where_there_is_no_terminal() -> None:
    from io import StringIO

    from mynaportal.demo.progress import Progress

    out = StringIO()
    progress = Progress(out)
    progress.stage("Things")
    assert list(progress.each([1, 2, 3], 3)) == [1, 2, 3]
    progress.finish()
    assert out.getvalue().startswith("  Things: done in ")
    assert "\r" not in out.getvalue()


def test_a_progress_bar_on_a_terminal() -> None:
    from io import StringIO

    from mynaportal.demo.progress import Progress

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    out: Any = Terminal()
    progress = Progress(out)
    progress.stage("Things")
    list(progress.each(range(4), 4))
    assert "4/4" in out.getvalue()
    assert "#" in out.getvalue()


def test_a_card_makes_its_keys_when_it_is_first_inserted(loaded: dict[str, str]) -> None:
    state = "SELECT state FROM cards_card WHERE chip_slug = 'taro'"
    assert rows(loaded, state) == [("IN_PRODUCTION",)]
    for _ in range(2):
        run(loaded, "from mynaportal.demo.reader import personalise; personalise('taro')")
        assert rows(loaded, state) == [("ACTIVE",)]
        certificates = "SELECT COUNT(*) FROM cards_certificate c JOIN cards_card k ON k.id = c.card_id"
        assert rows(loaded, f"{certificates} WHERE k.chip_slug = 'taro'") == [(2,)]


def test_the_protected_person_is_flagged_at_every_agency_that_knows_her(loaded: dict[str, str]) -> None:
    flagged = {agency for (agency,) in rows(loaded, "SELECT agency FROM holdings_protection", "holdings")}
    knowing = {
        agency
        for agency in HOSTED - {"130001"}
        if any(row["name"] == "林　美咲" and row["birth_date"] == "1992-09-03" for row in own(loaded, agency))
    }
    assert flagged == knowing == {"132047", "132063", "900019", "900027"}


SINCE = """
import json
from holdings.copies import opened
from holdings.models import Holding
from mynaportal.demo import agencies_side
found = {}
for agency in ("132047", "132080", "132063"):
    for row in agencies_side.people(agency).values():
        for copy in Holding.objects.filter(agency=agency, code=row.parsed_code(), data_set="TM00000000000001"):
            found[f"{agency} {row.name} {row.birth_date}"] = opened(copy)["0100000070"]["value"]
print(json.dumps(found))
"""


def test_each_municipality_says_since_when_one_lived_there(loaded: dict[str, str]) -> None:
    since = json.loads(run(loaded, SINCE).splitlines()[-1])
    hanako, sakura, misaki = "山田\u3000花子 1990-04-15", "山田\u3000さくら 2024-02-10", "林\u3000美咲 1992-09-03"
    assert (since[f"132047 {hanako}"], since[f"132080 {hanako}"]) == ("2019-04-01", "2026-06-01")
    assert (since[f"132047 {sakura}"], since[f"132080 {sakura}"]) == ("2024-02-10", "2026-06-01")
    assert (since[f"132063 {misaki}"], since[f"132047 {misaki}"]) == ("2020-07-01", "2026-09-10")

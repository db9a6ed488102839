"""Copies (副本): `mynx register FILE.csv`, `withdraw`, `stop`, `resume`, and `recalls` of what was provided to us.

The file has one copy a line: our own `local_id`, a second fact that must agree with people.csv (`name`, `birth_date`,
or both), one column for each item (named by its ten digits), and perhaps `data_set`, `layout_version`, `fiscal_year`,
`begins_on`, `ends_on`, `published_from`, `published_to`. A cell says a value, or in brackets why there is none, as
(NOT_HELD).

Persons were once mixed up in bulk because their numbers were typed on one screen and their facts on another. So nothing
of a file is sent where more than a small share of its lines do not agree with people.csv; where fewer do, those lines
are left out and named.

What was sent stands in `FILE.csv.journal`: a run that was stopped is started again and goes on under the same
references. What came of each line stands in `FILE.csv.outcomes.csv`. Both are for their owner; neither holds a code.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import secrets
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mynx.agency import Agency, Unusable
from mynx.client import Answer, NotReached, Service
from mynx.commands import DONE, REFUSED, show

MOST_COPIES = 500
MISMATCHES_AT_MOST = 0.01
SECOND_FACTS = ("name", "birth_date")
ABOUT = ("data_set", "layout_version", "fiscal_year", "begins_on", "ends_on", "published_from", "published_to")
TAKEN = "taken"
_ITEM = re.compile(r"[0-9]{10}")
_REASON = re.compile(r"\(([A-Z_]+)\)")
_LINE_OF_ERROR = re.compile(r"copies\.([0-9]+)\.?(.*)")

Row = dict[str, str]


def register(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Check the whole file against people.csv, then send it in parts."""
    rows = _read(given.file)
    journal = _Journal(given.file)
    people = {person["local_id"]: person for person in agency.rows()}
    apart = {line: said for line, row in rows.items() if (said := _disagrees(row, people))}
    if len(apart) > given.mismatches_at_most * len(rows):
        _write_outcomes(given.file, rows, apart)
        print(f"Nothing was sent: {len(apart)} of {len(rows)} lines do not agree with people.csv.", file=sys.stderr)
        return REFUSED
    layouts = _Layouts(service, given.layout)
    ready: dict[int, dict[str, Any]] = {}
    for line, row in rows.items():
        if line not in apart and line not in journal.outcomes:
            try:
                ready[line] = _copy(row, people, given, layouts, f"{journal.run}-{line}")
            except ValueError as reason:
                apart[line] = str(reason)
    stopped = _send_all(service, given, ready, journal)
    outcomes = journal.outcomes | apart
    _write_outcomes(given.file, rows, outcomes)
    taken = sum(outcome == TAKEN for outcome in outcomes.values())
    print(f"{taken} of {len(rows)} lines are registered; the others are named in {_outcomes_of(given.file).name}.")
    if stopped:
        return show(stopped)
    return DONE if taken == len(rows) else REFUSED


def withdraw(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    period = {name: getattr(given, name) for name in ("fiscal_year", "begins_on") if getattr(given, name)}
    content = {"code": agency.code_of(given.person), "data_set": given.data_set, "reason": given.reason}
    return show(service.post("/api/v1/copies/withdraw", content | ({"period": period} if period else {})))


def stop(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    content = _whose(agency, given) | {"reason": given.reason}
    return show(service.post("/api/v1/copies/stop", content))


def resume(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    return show(service.post("/api/v1/copies/resume", _whose(agency, given)))


def recalls(agency: Agency, service: Service, given: argparse.Namespace) -> int:
    """Fetch, note in our journal, say which of our cases it concerns, and only then confirm."""
    count = 0
    while True:
        answer = service.post("/api/v1/recalls/collect", {"limit": 500})
        if not answer.is_good:
            return show(answer)
        found = answer.content["recalls"]
        if not found:
            print(f"{count} recalls.")
            return DONE
        case_of = {entry["record"]: entry["ours"] for entry in agency.journal() if entry["ours"]}
        for each in found:
            case = case_of.get(each["record"], "")
            agency.note(
                at=each["at"], address="recall", status=200, outcome=each["reason"], record=each["record"], ours=case
            )
            print(f"{each['at']}  {each['reason']:13}  {each['data_set']}  {each['record']}  {case}")
        confirmed = service.post("/api/v1/recalls/confirm", {"recalls": [each["recall"] for each in found]})
        if not confirmed.is_good:
            return show(confirmed)
        count += len(found)


def add_arguments(commands: Any) -> None:
    """The commands of this module."""
    command = commands.add_parser("register", help="register the copies of a file")
    command.add_argument("file", type=Path)
    command.add_argument("--kind", choices=["INITIAL", "CHANGE", "CORRECTION", "RE_REGISTRATION"], default="CHANGE")
    command.add_argument("--data-set", default="", help="of all lines, where the file has no such column")
    command.add_argument("--layout", type=int, default=0, help="version of the layout; left out: the newest in force")
    command.add_argument(
        "--mismatches-at-most", type=_share, default=MISMATCHES_AT_MOST,
        help="share of lines that may disagree with people.csv; where more do, nothing is sent (0.01)",
    )  # fmt: skip
    command.set_defaults(act=register)

    command = commands.add_parser("withdraw", help="withdraw one copy that was wrong; who got it is told")
    command.add_argument("--person", required=True, help="our own id or the whole name, from people.csv")
    command.add_argument("--data-set", required=True)
    command.add_argument("--fiscal-year", type=int)
    command.add_argument("--begins-on", help="first day of the copy's period, YYYY-MM-DD")
    command.add_argument("--reason", choices=["WRONG_PERSON", "WRONG_CONTENT", "NO_GROUND"], required=True)
    command.set_defaults(act=withdraw)

    for name, act, help_text in (
        ("stop", stop, "answer nothing from copies until they are checked"),
        ("resume", resume, "answer again from copies that were stopped"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--data-set", required=True)
        command.add_argument("--person", default="", help="our own id or the whole name; left out: everybody")
        command.set_defaults(act=act)
        if act is stop:
            command.add_argument("--reason", choices=["REPORTED", "IN_DOUBT", "FAULT", "INSPECTION"], required=True)
    commands.add_parser("recalls", help="fetch what was corrected or withdrawn after we had got it").set_defaults(
        act=recalls
    )


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a share is between 0 and 1")
    return value


def _whose(agency: Agency, given: argparse.Namespace) -> dict[str, Any]:
    person = {"code": agency.code_of(given.person)} if given.person else {}
    return {"data_set": given.data_set} | person


def _read(path: Path) -> dict[int, Row]:
    """The lines by their number in the file, which begins with 2 below the heading. Raises Unusable."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey="", restval="")
            rows = dict(enumerate(reader, 2))
            columns = reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unusable(f"{path} is not a CSV file in UTF-8 ({type(error).__name__}).") from None
    known = {"local_id", *SECOND_FACTS, *ABOUT}
    if any(name not in known and not _ITEM.fullmatch(name) for name in columns) or len(set(columns)) != len(columns):
        raise Unusable(f"{path} has columns that are not known, or one twice.")
    if "local_id" not in columns or not set(SECOND_FACTS) & set(columns):
        raise Unusable(f"{path} needs the column local_id and a second fact of each person: name or birth_date.")
    if any("" in row for row in rows.values()):
        raise Unusable(f"{path} has a line with more cells than the heading.")
    return rows


def _disagrees(row: Row, people: dict[str, Row]) -> str:
    """Why this line is not about whom it says it is, by our own list; empty where it is."""
    person = people.get(row["local_id"])
    if person is None:
        return "people.csv has nobody of this local_id"
    facts = [name for name in SECOND_FACTS if row.get(name)]
    if not facts:
        return "the second fact is missing"
    if any(_plain(row[name]) != _plain(person[name]) for name in facts):
        return "the second fact is not that of people.csv"
    return ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", "".join(text.split()))


def _copy(
    row: Row, people: dict[str, Row], given: argparse.Namespace, layouts: _Layouts, reference: str
) -> dict[str, Any]:
    """The line as the API takes it. Raises ValueError with a sentence."""
    code = people[row["local_id"]]["code"]
    data_set = row.get("data_set") or given.data_set
    if not code:
        raise ValueError("people.csv has no code for this person yet")
    if not data_set:
        raise ValueError("the data set is missing: the column data_set, or --data-set")
    period: dict[str, Any] = {name: row[name] for name in ("begins_on", "ends_on") if row.get(name)}
    if row.get("fiscal_year"):
        period["fiscal_year"] = _number(row["fiscal_year"])
    ends = (("begins_on", "published_from"), ("ends_on", "published_to"))
    publication = {name: row[column] for name, column in ends if row.get(column)}
    copy: dict[str, Any] = {
        "code": code,
        "data_set": data_set,
        "layout_version": _number(row.get("layout_version") or "") or layouts.version(data_set),
        "items": {name: _content(cell) for name, cell in row.items() if _ITEM.fullmatch(name) and _is_of(name, row)},
        "reference": reference,
    }
    return copy | ({"period": period} if period else {}) | ({"publication": publication} if publication else {})


def _is_of(item: str, row: Row) -> bool:
    """A file with several data sets leaves the columns of the others empty; one with a single data set none."""
    return bool(row[item]) or not row.get("data_set")


def _content(cell: str) -> dict[str, str]:
    reason = _REASON.fullmatch(cell.strip())
    if reason:
        return {"null_reason": reason[1]}
    if not cell.strip():
        raise ValueError("a cell is empty: say a value, or in brackets why there is none, as (NOT_HELD)")
    return {"value": cell}


def _number(text: str) -> int:
    if text and not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError("a year or version is not a number")
    return int(text or 0)


class _Layouts:
    """The version of the layout to follow: the one that was named, else the newest that is in force."""

    def __init__(self, service: Service, named: int) -> None:
        self.service, self.named = service, named
        self.published: list[dict[str, Any]] | None = None

    def version(self, data_set: str) -> int:
        if self.named:
            return self.named
        if self.published is None:
            status, _, text = self.service.send("GET", "/api/layouts/", b"", {})
            if status != 200:
                raise NotReached("The service lists no layouts.")
            self.published = json.loads(text)["layouts"]
        today = date.today().isoformat()
        found = [
            each["version"]
            for each in self.published
            if each["data_set"] == data_set and each["valid_from"] <= today <= (each["valid_to"] or today)
        ]
        if not found:
            raise ValueError("the service has no layout in force for this data set")
        return int(max(found))


class _Journal:
    """What of the file was sent, and under which references: on the disk before the next part goes out."""

    def __init__(self, file: Path) -> None:
        self.path = file.with_name(file.name + ".journal")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        entries = [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []
        if entries and entries[0]["file"] != digest:
            raise Unusable(
                f"{file} was changed after its run had begun. Correct it in a file of another name, or remove "
                f"{self.path.name} to begin a run of its own."
            )
        self.run: str = entries[0]["run"] if entries else secrets.token_hex(8)
        self.outcomes: dict[int, str] = {}
        for entry in entries[1:]:
            self.outcomes |= {int(line): outcome for line, outcome in entry.items()}
        if not entries:
            self._append({"file": digest, "run": self.run})

    def note(self, outcomes: dict[int, str]) -> None:
        self._append({str(line): outcome for line, outcome in outcomes.items()})
        self.outcomes |= outcomes

    def _append(self, entry: dict[str, str]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _send_all(
    service: Service, given: argparse.Namespace, ready: dict[int, dict[str, Any]], journal: _Journal
) -> Answer | None:
    """Send everything in parts. Returns the refusal that stops the run, if there is one: started again it goes on."""
    for part in _parts(list(ready)):
        while part:
            content = {"kind": given.kind, "copies": [ready[line] for line in part]}
            answer = service.post("/api/v1/copies/register", content)
            if answer.is_good:
                journal.note(dict.fromkeys(part, TAKEN))
                break
            refused = _refused(answer, part)
            if not refused:
                return answer
            # None of the part was registered. The lines that were named stay out, the others are sent again.
            journal.note(refused)
            part = [line for line in part if line not in refused]
    return None


def _parts(lines: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(lines), MOST_COPIES):
        yield list(lines[start : start + MOST_COPIES])


def _refused(answer: Answer, part: Sequence[int]) -> dict[int, str]:
    """What the service says against single lines; nothing where it refuses the whole."""
    found: dict[int, str] = {}
    for error in answer.content.get("errors", []):
        named = _LINE_OF_ERROR.fullmatch(error["field"])
        if named and int(named[1]) < len(part):
            line = part[int(named[1])]
            sentence = f"{named[2]}: {error['detail']}"
            found[line] = f"{found[line]}; {sentence}" if line in found else sentence
    return found


def _outcomes_of(file: Path) -> Path:
    return file.with_name(file.name + ".outcomes.csv")


def _write_outcomes(file: Path, rows: dict[int, Row], outcomes: dict[int, str]) -> None:
    path = _outcomes_of(file)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["line", "local_id", "outcome"])
        for line, row in rows.items():
            writer.writerow([line, row["local_id"], outcomes.get(line, "not sent yet")])

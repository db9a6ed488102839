"""Many inquiries from a file: handed in as one, waited for, and their results written into another file.

    line,person,provider,affair,data_set,items,fiscal_year,case_number
    1,12345,132047,JM90000000000001,TM00000000000002,0200000010 0200000020,2026,CA-2026-0417

A CSV file in UTF-8, its columns in any order. `line` is an id of the line's own, `person` our own id or the whole name:
the codes come from people.csv, so that the file holds none. `items` are separated by spaces. The time asked about is
fiscal_year, or as_of, or begins_on and ends_on; all empty: the newest.

What was handed in is remembered in bulks.json. The same command again goes on where it stopped.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mynx.agency import Agency, Unusable
from mynx.client import Answer, Service

ADDRESS = "/api/v1/inquiries/bulk"
NEEDED = ("line", "person", "provider", "affair", "data_set", "items", "case_number")
TIMES = ("fiscal_year", "as_of", "begins_on", "ends_on")
RESULT_COLUMNS = ("line", "outcome", "record", "row", "item", "name", "value", "null_reason")
PAGE = 1000
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0


class Refused(Exception):
    """The service refused; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("The service refused.")
        self.answer = answer


@dataclass(frozen=True)
class Bulks:
    """The agency's bulk inquiries, by its own references."""

    agency: Agency
    service: Service

    def hand_in(self, file: Path, reference: str, evidence: dict[str, str] | None) -> str:
        """The id of the bulk that this file is, handed in now or before. Raises Unusable, Refused."""
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        known = self.agency.bulks().get(reference)
        if known is not None and known["file"] == digest:
            return known["bulk"]
        lines = list(read(content, self.agency, name=file.name))
        answer = self.service.post(ADDRESS, {"reference": reference, "lines": lines}, evidence=evidence)
        if not answer.is_good:
            raise Refused(answer)
        bulk: str = answer.content["bulk"]
        self.agency.keep_bulk(reference, bulk=bulk, file=digest)
        return bulk

    def id_of(self, reference: str) -> str:
        known = self.agency.bulks().get(reference)
        if known is None:
            raise Unusable("Nothing was handed in under this reference from here.")
        return known["bulk"]

    def ask(self, what: str, bulk: str, **more: Any) -> dict[str, Any]:
        """One of the addresses of a bulk: status, results, confirm or cancel. Raises Refused."""
        answer = self.service.post(f"{ADDRESS}/{what}", {"bulk": bulk, **more})
        if not answer.is_good:
            raise Refused(answer)
        return answer.content

    def wait(self, bulk: str) -> dict[str, Any]:
        """Ask for the status until every line has its outcome."""
        pause = FIRST_PAUSE
        while not (status := self.ask("status", bulk))["ended_at"]:
            print(f"{status['settled']} of {status['lines']}", file=sys.stderr)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return status

    def results(self, bulk: str) -> Iterator[dict[str, Any]]:
        """What became of each line, in the order of the file."""
        after = 0
        while page := self.ask("results", bulk, after=after, limit=PAGE)["results"]:
            yield from page
            after += len(page)

    def fetch(self, bulk: str, into: Path) -> int:
        """Write the results into a file, whole or not at all. Returns how many lines there are."""
        text, count = io.StringIO(newline=""), 0
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(RESULT_COLUMNS)
        for line in self.results(bulk):
            count += 1
            common = [line["line"], line["outcome"], line["record"] or "", line["row"]]
            for item in line["items"] or [dict.fromkeys(("code", "name", "value", "null_reason"))]:
                writer.writerow([*common, item["code"], item["name"], item["value"], item["null_reason"]])
        self.agency.write_private(into, text.getvalue())
        return count


def read(content: bytes, agency: Agency, *, name: str) -> Iterator[dict[str, Any]]:
    """The lines of the file, as the service takes them. Raises Unusable, naming the place."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = set(rows.fieldnames or ())
        if missing := [column for column in NEEDED if column not in columns]:
            raise Unusable(f"{name} has no column {missing[0]}.")
        if columns - {*NEEDED, *TIMES}:
            raise Unusable(f"{name} has columns that are not known. Known are: {', '.join(NEEDED + TIMES)}.")
        people = agency.people()
        for row in rows:
            yield _line(row, people.code_of, f"{name}, line {rows.line_num}")
    except (UnicodeDecodeError, csv.Error):
        raise Unusable(f"{name} is not CSV in UTF-8.") from None


def show_refusal(answer: Answer, file: Path) -> None:
    """Say which lines of the file were refused."""
    print(json.dumps({n: v for n, v in answer.content.items() if n != "errors"}, ensure_ascii=False, indent=2))
    for error in answer.content.get("errors", ()):
        parts = error["field"].split(".")
        is_line = parts[0] == "lines" and len(parts) > 1
        # The header is the first line of the file.
        place = f"{file.name}, line {int(parts[1]) + 2}, {'.'.join(parts[2:])}" if is_line else error["field"]
        print(f"{place}: {error['detail']}", file=sys.stderr)


def _line(row: dict[str, Any], code_of: Any, place: str) -> dict[str, Any]:
    if None in row or None in row.values():
        raise Unusable(f"{place}: it has not as many fields as the header.")
    try:
        code = code_of(row["person"])
    except Unusable as reason:
        raise Unusable(f"{place}: {reason}") from None
    line = {column: row[column] for column in ("line", "provider", "affair", "data_set", "case_number")}
    condition: dict[str, Any] = {column: row[column] for column in TIMES if row.get(column)}
    if "fiscal_year" in condition:
        if not condition["fiscal_year"].isdecimal():
            raise Unusable(f"{place}: fiscal_year is not a number.")
        condition["fiscal_year"] = int(condition["fiscal_year"])
    found = {**line, "code": code, "items": row["items"].split()}
    return {**found, "condition": condition} if condition else found

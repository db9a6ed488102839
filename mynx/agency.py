"""What an agency's system has on its own disk: its client and keys, its list of persons, its journal of records.

    client.json         client_id, token_endpoint, private_jwk
    code_key.json       the private key that codes are encrypted to
    service_keys.json   the service's public keys, if they are pinned here (`mynx keys --pin`)
    people.csv          local_id, name, kana, birth_date, code
    bulks.json          the bulk inquiries that were handed in, by our reference
    records.jsonl       one line for each request: the inquirer's own record (article 23)

All for its owner only. The journal holds ids, times and outcomes; never a code, never what was answered.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mynx import keys, ristretto

COLUMNS = ("local_id", "name", "kana", "birth_date", "code")


class Unusable(Exception):
    """Something on the agency's side is missing or not as it must be. A sentence for the person at the terminal."""


class Agency:
    """One agency's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def client(self) -> dict[str, Any]:
        return self._read("client.json")

    def pinned_keys(self) -> list[dict[str, Any]] | None:
        """The service's keys that were pinned here; None: none were."""
        if not (self.directory / "service_keys.json").exists():
            return None
        found: list[dict[str, Any]] = self._read("service_keys.json")["keys"]
        return found

    def pin(self, service_keys: list[dict[str, Any]]) -> None:
        self._write("service_keys.json", json.dumps({"keys": service_keys}, indent=2) + "\n")

    def code_of(self, person: str) -> str:
        """Our code for a person of our own list, by our id or the whole name."""
        return self.people().code_of(person)

    def people(self) -> People:
        """Our own list, read once."""
        return People(self._people())

    def bulks(self) -> dict[str, dict[str, str]]:
        """What was handed in, by our reference: the id that the service gave, and the file's digest."""
        if not (self.directory / "bulks.json").exists():
            return {}
        found: dict[str, dict[str, str]] = self._read("bulks.json")
        return found

    def keep_bulk(self, reference: str, **facts: str) -> None:
        self._write("bulks.json", json.dumps(self.bulks() | {reference: facts}, indent=2) + "\n")

    def keep_codes(self, issued: list[dict[str, Any]]) -> None:
        """Open newly issued codes with our own key and put them into the list."""
        private_key = keys.to_bytes(self._read("code_key.json")["private_key"])
        rows = {row["local_id"]: row for row in self._people()}
        for code in issued:
            ephemeral, body = keys.to_bytes(code["ephemeral"]), keys.to_bytes(code["body"])
            value = ristretto.open_code(ephemeral, body, private_key)
            row = rows.setdefault(code["local_id"], dict.fromkeys(COLUMNS, "") | {"local_id": code["local_id"]})
            row["code"] = f"a{code['epoch']}-{base64.b32encode(value).decode().rstrip('=').lower()}"
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())
        self._write("people.csv", text.getvalue())

    def note(self, **entry: Any) -> None:
        """One line into the journal, on the disk before this returns."""
        self.note_all([entry])

    def note_all(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """As `note`, for many."""
        path = self.directory / "records.jsonl"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())

    def journal(self) -> Iterator[dict[str, Any]]:
        """The journal, oldest first."""
        path = self.directory / "records.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                yield from (json.loads(line) for line in file)

    def _people(self) -> list[dict[str, str]]:
        path = self.directory / "people.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.directory / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Unusable(f"{self.directory / name} is not there.") from None
        except ValueError:
            raise Unusable(f"{self.directory / name} is not JSON.") from None
        return content

    def _write(self, name: str, text: str) -> None:
        self.write_private(self.directory / name, text)

    @staticmethod
    def write_private(path: Path, text: str) -> None:
        """A file for its owner only, whole or not at all, on the disk before this returns."""
        draft = path.with_name(f".{path.name}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


class People:
    """The agency's persons, by its id for them or their whole name."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._codes: dict[str, list[str]] = {}
        for row in rows:
            for key in {_squeezed(row["local_id"]), _squeezed(row["name"])}:
                self._codes.setdefault(key, []).append(row["code"])

    def code_of(self, person: str) -> str:
        """The code of the one person with this id or name. Raises Unusable."""
        found = self._codes.get(_squeezed(person), [])
        if len(found) != 1 or not found[0]:
            raise Unusable(f"The list has {len(found)} persons of that id or name, with a code.")
        return found[0]


def _squeezed(text: str) -> str:
    return "".join(text.split())

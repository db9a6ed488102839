"""What an agency's system has on its own disk: its client and keys, its list of persons, its journal of records.

    client.json         client_id, token_endpoint, private_jwk
    code_key.json       the private key that codes are encrypted to
    new_code_key.json   the next one, while it is being registered
    service_keys.json   the service's public keys, if they are pinned here (`mynx keys --pin`)
    permissions.json    the permission table as the service signed it, once it is kept (`permissions --pin`, `serve`)
    people.csv          local_id, name, kana, birth_date, code
    bulks.json          the bulk inquiries that were handed in, by our reference
    records.jsonl       one line for each request: the inquirer's own record (article 23)
    provisions.jsonl    one line for each answer given: the provider's own record (article 23)

All for its owner only. The journals hold ids, times and outcomes; never a code, never what was answered.
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

from mynx import blind, keys, ristretto

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

    def kept(self, name: str) -> dict[str, Any] | None:
        """A statement of the service that is kept here under this name; None: there is none."""
        return self._read(name) if (self.directory / name).exists() else None

    def keep(self, name: str, statement: Mapping[str, Any]) -> None:
        self._write(name, json.dumps(statement, indent=2) + "\n")

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

    def rows(self) -> list[dict[str, str]]:
        """Our own list of persons, as it is written."""
        return self._people()

    def code_key(self) -> bytes:
        """The private key that our codes are encrypted to."""
        if (self.directory / "new_code_key.json").exists():
            # Which of the two is registered is not known here, and a wrong one opens every code as one of nobody.
            raise Unusable("A new key is half registered: run register-key --new once more.")
        return keys.to_bytes(self._read("code_key.json")["private_key"])

    def next_code_key(self) -> bytes:
        """A new private key, on the disk before anyone hears of it; the same one again until it is taken."""
        if not (self.directory / "new_code_key.json").exists():
            private_key = keys.to_text(blind.new_secret().to_bytes(32, "little"))
            self._write(
                "new_code_key.json", json.dumps({"scheme": "rist1", "private_key": private_key}, indent=2) + "\n"
            )
        return keys.to_bytes(self._read("new_code_key.json")["private_key"])

    def take_next_code_key(self) -> None:
        """From now on our codes are opened with the new key."""
        (self.directory / "new_code_key.json").replace(self.directory / "code_key.json")

    def drop_next_code_key(self) -> None:
        (self.directory / "new_code_key.json").unlink()

    def codes_but_of(self, epoch: int) -> list[str]:
        """All our codes that are not of this epoch."""
        return [row["code"] for row in self._people() if row["code"] and not row["code"].startswith(f"a{epoch}-")]

    def replace_codes(self, present: dict[str, str]) -> None:
        """Put the present codes in the place of the former ones."""
        self._keep_people([row | {"code": present.get(row["code"], row["code"])} for row in self._people()])

    def keep_codes(self, issued: list[dict[str, Any]]) -> None:
        """Open newly issued codes with our own key and put them into the list."""
        private_key = self.code_key()
        rows = {row["local_id"]: row for row in self._people()}
        for code in issued:
            row = rows.setdefault(code["local_id"], dict.fromkeys(COLUMNS, "") | {"local_id": code["local_id"]})
            row["code"] = _opened(code, private_key)
        self._keep_people(rows.values())

    def opened(self, hidden: list[dict[str, Any]]) -> list[str]:
        """Codes that were encrypted to us, opened with our own key. Raises NotAPoint."""
        private_key = self.code_key()
        return [_opened(code, private_key) for code in hidden]

    def local_ids(self) -> dict[str, str]:
        """Our own id of each person of the list, by code."""
        return {row["code"]: row["local_id"] for row in self._people() if row["code"]}

    def note(self, *, journal: str = "records", **entry: Any) -> None:
        """One line into a journal, on the disk before this returns."""
        self.note_all([entry], journal=journal)

    def note_all(self, entries: Iterable[Mapping[str, Any]], *, journal: str = "records") -> None:
        """As `note`, for many."""
        path = self.directory / f"{journal}.jsonl"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())

    def journal(self, journal: str = "records") -> Iterator[dict[str, Any]]:
        """A journal, oldest first."""
        path = self.directory / f"{journal}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                yield from (json.loads(line) for line in file)

    def _people(self) -> list[dict[str, str]]:
        path = self.directory / "people.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _keep_people(self, rows: Iterable[dict[str, str]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self._write("people.csv", text.getvalue())

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


def _opened(code: Mapping[str, Any], private_key: bytes) -> str:
    value = ristretto.open_code(keys.to_bytes(code["ephemeral"]), keys.to_bytes(code["body"]), private_key)
    return f"a{code['epoch']}-{base64.b32encode(value).decode().rstrip('=').lower()}"


def code_value(printed: str) -> tuple[int, bytes]:
    """Epoch and value of a code in its printed form, a<epoch>-<base32>."""
    epoch, _, value = printed[1:].partition("-")
    return int(epoch), base64.b32decode(value.upper() + "====")


def _squeezed(text: str) -> str:
    return "".join(text.split())

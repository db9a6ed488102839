#!/usr/bin/env python3
"""Checks records that a citizen downloaded from the portal, without asking anyone. One file; needs only `cryptography`.

    python verify_records.py my-records.json
    python verify_records.py my-records.json --earlier last-year.json     nothing of then may have changed since
    python verify_records.py my-records.json --key 'name+id+key'          the log's key, from where you trust it
    python verify_records.py trust.json                                  a file from /log/trust: who is believed

For each record it checks that what is shown is what the log holds (RFC 9162 leaf hash), that what is sealed for you
belongs to it (salted hash), that the log holds it (inclusion proof), and once that the log signed this state of itself
(C2SP checkpoint, Ed25519) and that a witness saw it, where one did. Ends with 0 if all is well, with 1 if anything is
wrong, with 2 if a file cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "mynaportal-records/1"
TRUST = "TRUST"


class Wrong(Exception):
    """What is wrong, in plain words."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check downloaded access records.")
    parser.add_argument("file", help="the file that the portal gave you")
    parser.add_argument("--earlier", help="a file that you downloaded before")
    parser.add_argument("--key", action="append", default=[], help="the log's public key, as printed at /log/key")
    parser.add_argument(
        "--witness", action="append", default=[], help="the public key of a witness that must have seen it"
    )
    parser.add_argument(
        "--consistency", help="a file from /log/consistency/<earlier size>/<size>, if --earlier needs it"
    )
    options = parser.parse_args(arguments)
    try:
        content = read(options.file)
        earlier = read(options.earlier) if options.earlier else None
        proof = Path(options.consistency).read_text().split() if options.consistency else None
    except (OSError, ValueError) as error:
        print(f"The file cannot be read: {error}", file=sys.stderr)
        return 2
    faults = list(check(content, keys=options.key, witnesses=options.witness))
    if earlier is not None:
        faults += compare(earlier, content, keys=options.key, proof=proof)
    for fault in faults:
        print(fault)
    if faults:
        print(
            f"\n{len(faults)} things are wrong. Keep both this output and your files, and show them to the supervisor."
        )
        return 1
    print(good_end(content, options))
    return 0


def read(path: str) -> dict[str, Any]:
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError("it is not a file of access records.")
    return content


def good_end(content: dict[str, Any], options: argparse.Namespace) -> str:
    entries = sum(len(record["entries"]) for record in content["records"])
    lines = [f"All is well: {len(content['records'])} records with {entries} entries are in the log as you see them."]
    if content.get("withheld"):
        lines.append(f"{content['withheld']} more are withheld by law for now and not in the file.")
    if not options.key:
        lines.append("The log's key was taken from the file itself. Compare it with the one that is published:")
        lines += [f"    {key}" for key in content["keys"]]
    return "\n".join(lines)


# --- one file ---------------------------------------------------------------------------------------------------------


def check(content: dict[str, Any], *, keys: list[str], witnesses: list[str]) -> Iterator[str]:
    """What is wrong with a file, one sentence for each fault."""
    try:
        if not content["checkpoint"] and not content["records"]:
            return  # a log without any record yet
        size, root = checkpoint(content["checkpoint"], keys or content["keys"])
    except Wrong as wrong:
        yield f"The checkpoint: {wrong}"
        return
    except Exception:
        yield "The checkpoint: it is damaged or missing."
        return
    yield from check_witness(content, size, root, keys or content["keys"], witnesses)
    places: set[int] = set()
    for number, record in enumerate(content.get("records", []), start=1):
        name = f"Record {number} ({record.get('reference', 'without a reference')})"
        phases = []
        for entry in record.get("entries", []):
            try:
                phases.append(check_entry(entry, size, root))
                if entry["index"] in places:
                    raise Wrong("it stands twice in the file.")
                places.add(entry["index"])
            except Wrong as wrong:
                yield f"{name}: {wrong}"
            except Exception:
                yield f"{name}: it is damaged: something is missing or not in its form."
        events = {event for event, _ in phases}
        if len(events) > 1:
            yield f"{name}: its entries belong to different events."
        if not phases or not {phase for _, phase in phases} & {"ASKED", "REFUSED"}:
            yield f"{name}: the entry with which it began is missing."


def check_entry(entry: dict[str, Any], size: int, root: bytes) -> tuple[str, str]:
    """The event and phase that the entry states; raises Wrong."""
    leaf = entry["leaf"].encode()
    stated = json.loads(leaf)
    if (
        stated["kind"] != TRUST or "side" in entry
    ):  # of a change of trust everyone sees the entry, no one what is sealed
        side = bytes.fromhex(entry["salt"]) + entry["side"].encode()
        if hashlib.sha256(side).hexdigest() != stated["side_hash"]:
            raise Wrong("what is sealed for you (case number, purpose) is not what was written when it happened.")
    proof = [decoded(text) for text in entry["proof"]]
    if not is_included(hashlib.sha256(b"\x00" + leaf).digest(), entry["index"], size, proof, root):
        raise Wrong(f"it is not in the log at place {entry['index']}: it was changed, moved or never written there.")
    return stated["event"], stated["phase"]


def check_witness(content: dict[str, Any], size: int, root: bytes, keys: list[str], wanted: list[str]) -> Iterator[str]:
    witnessed = content.get("witnessed")
    if witnessed is None:
        if wanted:
            yield "The witness: no witness has seen this log."
        return
    try:
        seen_size, seen_root = checkpoint(witnessed["checkpoint"], keys)
        proof = [decoded(text) for text in witnessed["proof"]]
        if not is_consistent(seen_size, seen_root, size, root, proof):
            raise Wrong("the log does not continue what the witness saw.")
        for key in wanted:
            if not is_signed(witnessed["checkpoint"], key):
                raise Wrong("the witness that you named did not sign this.")
    except Wrong as wrong:
        yield f"The witness: {wrong}"
    except Exception:
        yield "The witness: what it saw is damaged or missing."


# --- two files --------------------------------------------------------------------------------------------------------


def compare(
    earlier: dict[str, Any],
    later: dict[str, Any],
    *,
    keys: list[str],
    proof: list[str] | None = None,
    today: date | None = None,
) -> list[str]:
    """What of the earlier file the later one has lost or changed, and whether the log only grew in between."""
    try:
        old, old_root = checkpoint(earlier["checkpoint"], keys or later["keys"])
        new, new_root = checkpoint(later["checkpoint"], keys or later["keys"])
    except Wrong as wrong:
        return [f"The two checkpoints: {wrong}"]
    except Exception:
        return ["The two checkpoints: one is damaged or missing."]
    faults = []
    if old > new:
        faults.append(f"The log has shrunk: it had {old} entries and now has {new}. Are the files in the right order?")
    elif old == new and old_root != new_root:
        faults.append("The log shows two faces: two states of the same size differ.")
    elif old < new:
        since = later.get("since") or {}
        found = proof if proof is not None else since.get("proof") if since.get("size") == old else None
        if found is None:
            faults.append(
                f"There is no proof between the two files. Download again and give {old} as the size of the earlier"
                f" file, or take /log/consistency/{old}/{new} and name it with --consistency."
            )
        elif not is_consistent(old, old_root, new, new_root, [decoded(text) for text in found]):
            faults.append(f"The log of today does not continue the log of {old} entries: its past was changed.")
    now = {entry["index"]: entry for record in later["records"] for entry in record["entries"]}
    for number, record in enumerate(earlier["records"], start=1):
        for entry in record["entries"]:
            name = f"Record {number} of the earlier file ({record['reference']})"
            other = now.get(entry["index"])
            if other is None and is_over(entry, today or datetime.now(UTC).date()):
                continue
            if other is None:
                faults.append(f"{name}: it is missing from the later file. Records go after seven years, not before.")
            elif (other["leaf"], other.get("side")) != (entry["leaf"], entry.get("side")):
                faults.append(f"{name}: it says something else in the later file.")
    return faults


def is_over(entry: dict[str, Any], today: date) -> bool:
    """Whether the seven years of keeping are over: then the record may be gone, and its leaf alone is left."""
    try:
        at = date.fromisoformat(json.loads(entry["leaf"])["at"][:10])
    except (ValueError, KeyError, TypeError):
        return False
    return (at.year + 7, at.month, at.day) < (today.year, today.month, today.day)


# --- signed notes and trees (C2SP signed-note, tlog-checkpoint, tlog-cosignature; RFC 9162) ---------------------------


def checkpoint(note: str, keys: list[str]) -> tuple[int, bytes]:
    """The size and root that the log signed; raises Wrong."""
    if not any(is_signed(note, key) for key in keys):
        raise Wrong("the log's signature is not right, or is of another key.")
    origin, size, root = note.split("\n")[:3]
    if origin not in {key.split("+")[0] for key in keys}:
        raise Wrong("it is of another log.")
    return int(size), decoded(root)


def is_signed(note: str, key: str) -> bool:
    """Whether the holder of the key, a log or a witness, signed the note."""
    name, id_, material = key.strip().split("+", 2)
    kind, public = base64.b64decode(material)[0], base64.b64decode(material)[1:]
    if hashlib.sha256(f"{name}\n".encode() + bytes([kind]) + public).hexdigest()[:8] != id_:
        raise Wrong("the key is damaged.")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, signer, signature = line.split(" ")
        content = base64.b64decode(signature)
        if dash != "—" or signer != name or content[:4].hex() != id_:
            continue
        signed, content = text, content[4:]
        if kind == 0x04:
            signed, content = f"cosignature/v1\ntime {int.from_bytes(content[:8], 'big')}\n{text}", content[8:]
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(content, signed.encode())
        except InvalidSignature:
            continue
        return True
    return False


def decoded(text: str) -> bytes:
    content = base64.b64decode(text, validate=True)
    if len(content) != 32:
        raise Wrong("a hash has the wrong length.")
    return content


def over(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(hashed: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for beside in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            hashed = over(beside, hashed)
            while place and place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            hashed = over(hashed, beside)
        place, last = place // 2, last // 2
    return last == 0 and hashed == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2; an empty log is the beginning of no one's records."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place // 2, last // 2
    of_old = of_new = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            of_old, of_new = over(beside, of_old), over(beside, of_new)
            while place and place % 2 == 0:
                place, last = place // 2, last // 2
        else:
            of_new = over(of_new, beside)
        place, last = place // 2, last // 2
    return last == 0 and of_old == old_root and of_new == new_root


if __name__ == "__main__":
    sys.exit(main())

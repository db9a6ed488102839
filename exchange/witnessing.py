"""The log asks its witnesses to sign that its newest checkpoint continues what they saw before (C2SP tlog-witness)."""

from __future__ import annotations

import base64
import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction

from databases import EXCHANGE
from exchange import notes, tlog, tree
from exchange.models import Checkpoint, Cosignature
from exchange.notes import Verifier

_SECONDS = 10
_LONGEST_ANSWER = 16_384


class NotWitnessed(Exception):
    """The witness did not sign; the message says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness listens, and the key that it signs with."""

    address: str
    verifier: Verifier

    @classmethod
    def parse(cls, text: str) -> Witness:
        """From a setting: `<address> <verifier key>`. Raises NotANote, ValueError."""
        address, key = text.split()
        return cls(address.rstrip("/"), Verifier.parse(key))


def ask(witness: Witness) -> int:
    """Have the newest checkpoint signed, and store the signature. Returns its size. Raises NotWitnessed."""
    newest = tree.newest_checkpoint()
    if newest is None:
        raise NotWitnessed("There is nothing in the log yet.")
    name = str(witness.verifier.name)
    last = Checkpoint.objects.filter(cosignatures__witness=name).order_by("-size").first()
    status, answer = _post(witness, newest, last.size if last else 0)
    if status == 409 and answer.strip().isdigit() and int(answer) <= newest.size:
        status, answer = _post(witness, newest, int(answer))  # it has seen another one than we remember
    match status:
        case 200:
            return _keep(witness, newest, answer)
        case 409:
            raise NotWitnessed("it has seen another log of this name and size, or a longer one.")
        case 422:
            raise NotWitnessed("this log does not continue what it saw before.")
        case 403 | 404:
            raise NotWitnessed("it does not know this log, or not its key.")
    raise NotWitnessed(f"it answered {status}.")


def _post(witness: Witness, newest: Checkpoint, old: int) -> tuple[int, str]:
    proof = tlog.consistency_proof(old, newest.size, tree.nodes(newest.size))
    hashes = "".join(f"{base64.b64encode(hashed).decode()}\n" for hashed in proof)
    place = urlsplit(witness.address)
    connect = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = connect(place.netloc, timeout=_SECONDS)
    try:
        connection.request("POST", f"{place.path}/add-checkpoint", f"old {old}\n{hashes}\n{newest.note}".encode())
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise NotWitnessed("it does not answer.") from error
    finally:
        connection.close()


def _keep(witness: Witness, checkpoint: Checkpoint, answer: str) -> int:
    for line in answer.splitlines(keepends=True):
        try:
            is_its = bool(notes.signers(notes.with_lines(checkpoint.note, [line]), [witness.verifier]))
        except notes.NotANote:
            continue
        if is_its:
            with transaction.atomic(using=EXCHANGE):
                values = {"checkpoint": checkpoint, "witness": witness.verifier.name}
                Cosignature.objects.get_or_create(**values, defaults={"line": line})
            return checkpoint.size
    raise NotWitnessed("its signature is not right.")

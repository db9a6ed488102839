"""The log asks its witnesses to sign that its newest checkpoint continues what they saw before (C2SP tlog-witness).

A witness is called as an agency's own system is (exchange.providers.http): at a checked address, by a deadline.
"""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass

from django.db import transaction

from databases import EXCHANGE
from exchange import notes, tlog, tree
from exchange.models import Checkpoint, Cosignature
from exchange.notes import Verifier
from exchange.providers import http

_SECONDS = 10
_SIZE = re.compile(r"[0-9]{1,19}\s*", re.ASCII)


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
    if status == 409 and _SIZE.fullmatch(answer) and int(answer) <= newest.size:
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
    url, body = f"{witness.address}/add-checkpoint", f"old {old}\n{hashes}\n{newest.note}".encode()
    try:
        response = http.post(url, body=body, headers={}, deadline=time.monotonic() + _SECONDS)
    except http.AddressNotAllowed as reason:
        raise NotWitnessed(f"we do not call its address. {reason}") from None
    except (http.LineBroken, http.OutOfTime, http.Unusable) as reason:
        raise NotWitnessed(f"it does not answer. {reason}") from None
    return response.status, response.body.decode("utf-8", "replace")


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

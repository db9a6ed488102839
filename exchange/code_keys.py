"""The keys that codes are encrypted to: registered by their agencies, and published to those that ask them blind."""

from __future__ import annotations

import base64
import hashlib

from django.db import transaction

from agencies import registry
from agencies.models import Agency
from codes import proofs
from databases import EXCHANGE
from exchange import code_issue


class CodesWaiting(Exception):
    """Codes encrypted to the former key wait for the agency: it must collect and confirm them first."""


def check(*, agency: Agency, public_key: bytes, proof: bytes) -> None:
    """Whether `register` would take it now. Raises MalformedCode, ProofRejected, CodesWaiting."""
    proofs.check_possession(proof, public_key=public_key, owner=agency.local_code)
    if code_issue.is_waiting(agency):
        raise CodesWaiting


def register(*, agency: Agency, public_key: bytes, proof: bytes) -> None:
    """Register the agency's own key, with the proof that it has the private one. The same key again changes nothing.

    Raises MalformedCode, ProofRejected, CodesWaiting.
    """
    with transaction.atomic(using=EXCHANGE, durable=True):
        # Not while a code is being laid ready under the former key.
        present = code_issue.locked(agency)
        if bytes(present.code_public_key or b"") != public_key and code_issue.is_waiting(agency):
            raise CodesWaiting
        registry.register_code_key(agency=present, public_key=public_key, proof=proof)
    agency.code_public_key = public_key


def thumbprint(public_key: bytes) -> str:
    """A short name of a code key that two sides can compare: SHA-256 of its 32 bytes, base64url without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(public_key).digest()).decode().rstrip("=")

"""Object identifiers: what an authority asserts is in an arc of our own, what merely names a syntax is JPKI's.

The policies are under 2.25 (ITU-T X.667: an arc that anyone makes from a UUID), so that no certificate of ours can be
taken for one of Japan's. The attributes' names are the real ones: software that reads them finds them.
"""

from __future__ import annotations

import uuid

from cryptography.x509 import ObjectIdentifier

_OWN_ARC = f"2.25.{uuid.UUID('6d1d8a52-7c0f-4f0e-9a53-2f1f6c8a4e10').int}"

POLICY_SIGNATURE = ObjectIdentifier(f"{_OWN_ARC}.1.1")
POLICY_USER_AUTHENTICATION = ObjectIdentifier(f"{_OWN_ARC}.1.3")

_ATTRIBUTES = "1.2.392.200149.8.5.5"
NAME = ObjectIdentifier(f"{_ATTRIBUTES}.1")
NAME_SUBSTITUTES = ObjectIdentifier(f"{_ATTRIBUTES}.2")
SEX = ObjectIdentifier(f"{_ATTRIBUTES}.3")
BIRTH_DATE = ObjectIdentifier(f"{_ATTRIBUTES}.4")
ADDRESS = ObjectIdentifier(f"{_ATTRIBUTES}.5")
ADDRESS_SUBSTITUTES = ObjectIdentifier(f"{_ATTRIBUTES}.6")

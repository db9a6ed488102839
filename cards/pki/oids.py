"""Object identifiers: what an authority asserts is in an arc of our own, what merely names a syntax is JPKI's.

The policies are under the enterprise number for documentation (RFC 5612), so that no certificate of ours can be taken
for one of Japan's. An arc made from a UUID (2.25) would be ours alone, but decoders that read 32 bits at most, such as
pkilint's, refuse the certificate. The attributes' names are the real ones: software that reads them finds them.
"""

from __future__ import annotations

from cryptography.x509 import ObjectIdentifier

_OWN_ARC = "1.3.6.1.4.1.32473.3921"

POLICY_SIGNATURE = ObjectIdentifier(f"{_OWN_ARC}.1.1")
POLICY_USER_AUTHENTICATION = ObjectIdentifier(f"{_OWN_ARC}.1.3")

_ATTRIBUTES = "1.2.392.200149.8.5.5"
NAME = ObjectIdentifier(f"{_ATTRIBUTES}.1")
NAME_SUBSTITUTES = ObjectIdentifier(f"{_ATTRIBUTES}.2")
SEX = ObjectIdentifier(f"{_ATTRIBUTES}.3")
BIRTH_DATE = ObjectIdentifier(f"{_ATTRIBUTES}.4")
ADDRESS = ObjectIdentifier(f"{_ATTRIBUTES}.5")
ADDRESS_SUBSTITUTES = ObjectIdentifier(f"{_ATTRIBUTES}.6")

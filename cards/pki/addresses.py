"""Where a generation of an authority publishes: its certificate, its revocation lists, its responder."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

COMPLETE = "complete"


@dataclass(frozen=True)
class Addresses:
    """The addresses below one public origin. The generation is in each path, so several answer side by side."""

    origin: str
    file_stem: str
    generation: int

    @property
    def responder(self) -> str:
        return f"{self.origin}/pki/ocsp"

    @property
    def authority(self) -> str:
        return f"{self.origin}/pki/{self.file_stem}/{self.generation}/ca.cer"

    def revocation_list(self, shard: str) -> str:
        return f"{self.origin}/pki/{self.file_stem}/{self.generation}/{shard}.crl"

    def distribution_points(self, shard: str) -> x509.CRLDistributionPoints:
        """cRLDistributionPoints of a certificate of this shard (RFC 5280, section 4.2.1.13)."""
        name = x509.UniformResourceIdentifier(self.revocation_list(shard))
        return x509.CRLDistributionPoints(
            [x509.DistributionPoint(full_name=[name], relative_name=None, reasons=None, crl_issuer=None)]
        )

    def information_access(self) -> x509.AuthorityInformationAccess:
        """authorityInfoAccess (section 4.2.2.1): who tells the status, and where the issuer's certificate is."""
        methods = (
            (AuthorityInformationAccessOID.OCSP, self.responder),
            (AuthorityInformationAccessOID.CA_ISSUERS, self.authority),
        )
        return x509.AuthorityInformationAccess(
            [x509.AccessDescription(method, x509.UniformResourceIdentifier(address)) for method, address in methods]
        )

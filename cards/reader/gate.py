"""Who may call the reader: any site's page can reach this machine, so each request has to say where it is from.

Host: a name other than our own means DNS rebinding. Origin: the browser's own word for the asking site, which no page
can change; only sites that the reader was told of may ask, and only the reader's own page may bring a PIN.
"""

from __future__ import annotations

from dataclasses import dataclass

from cards.reader.protocol import is_origin


@dataclass(frozen=True)
class Gate:
    port: int
    origins: frozenset[str]

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    def is_own_host(self, host: str | None) -> bool:
        return host is not None and host.lower() in self.hosts

    def is_known_site(self, origin: str | None) -> bool:
        """An http(s) origin that may ask for a card. "null" and a missing one may not."""
        return origin is not None and is_origin(origin) and origin in self.origins

    def is_own_page(self, origin: str | None, host: str | None) -> bool:
        """The request comes from a page that this reader served under the same name."""
        return self.is_own_host(host) and origin == f"http://{str(host).lower()}"

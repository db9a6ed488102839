"""A service that really runs, on a web server, and the directory of an agency that may ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.country import served

# Two clients of Chofu, one with each kind of key; Mitaka holds the income of a person of Chofu's list.
SETUP = """
import json, sys
from pathlib import Path
from django.conf import settings
from joserfc.jwk import ECKey
from mynx import keys
from tests.api.sides import CHOFU, INCOME, new_country, new_side
country = new_country()
endpoint = settings.PORTAL_ORIGIN + "/api/oauth/token"
for name, side in {"ed25519": country.chofu, "p256": new_side(CHOFU, key=ECKey.generate_key("P-256"))}.items():
    own = Path(sys.argv[1]) / name
    own.mkdir()
    client = {"client_id": str(side.client.client_id), "token_endpoint": endpoint}
    (own / "client.json").write_text(json.dumps(client | {"private_jwk": side.key.as_dict(private=True)}))
    code = side.printed_code_for(country.hanako)
    (own / "people.csv").write_text(f"local_id,name,kana,birth_date,code\\n7,Hanako,,,{code}\\n")
    (own / "inquiry.json").write_text(json.dumps(country.inquiry(code=code)))
"""


@dataclass
class Live:
    """Where the service answers, and where the agency's directories lie (one for each kind of key)."""

    url: str
    port: int
    agencies: Path

    def client(self, kind: str) -> dict[str, Any]:
        own = self.agencies / kind
        found: dict[str, Any] = json.loads((own / "client.json").read_text())
        return found | {"inquiry": json.loads((own / "inquiry.json").read_text())}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    agencies = tmp_path_factory.mktemp("agencies")
    directory = tmp_path_factory.mktemp("live")
    with served(directory, setup=SETUP, arguments=(str(agencies),), options=["--threads", "4"]) as country:
        yield Live(country.url, country.port, agencies)

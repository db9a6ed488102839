"""A question is asked once, of the rows as they are now, also after the server has ended the connection."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connections

from databases import EXCHANGE, REGISTRY
from databases.reading import fetch
from tests.committed import ENGINES, migrated_var, run
from tests.support import DATABASES

ENDED = """
from django.db import connections
from databases import REGISTRY
from databases.reading import fetch
connection = connections[REGISTRY]
ask = "SELECT pg_backend_pid()"
((before,),) = fetch(REGISTRY, ask, [])
connection.close_if_unusable_or_obsolete()  # as at the beginning of each request
assert fetch(REGISTRY, ask, []) == [(before,)], "the connection was not kept"
other = connection.copy()
other.cursor().execute("SELECT pg_terminate_backend(%s)", [before])
other.close()
connection.close_if_unusable_or_obsolete()
((after,),) = fetch(REGISTRY, ask, [])
assert after != before
"""


@DATABASES
def test_values_are_as_the_columns_are() -> None:
    name = uuid.uuid4()
    ((found,),) = fetch(EXCHANGE, "SELECT count(*) FROM agencies_apiclient WHERE client_id = %s", [name])
    assert found == 0


@DATABASES
def test_what_is_wrong_with_the_question_is_told() -> None:
    with pytest.raises(DatabaseError):
        fetch(REGISTRY, "SELECT nothing FROM nowhere", [])
    assert connections[REGISTRY].needs_rollback is False


@pytest.mark.committed
@pytest.mark.skipif("postgresql" not in ENGINES, reason="TEST_DATABASE_URL names no PostgreSQL")
def test_a_connection_that_the_server_ended_is_opened_anew(tmp_path: object) -> None:
    with migrated_var(tmp_path, "postgresql") as env:  # type: ignore[arg-type]
        run(env, ENDED)

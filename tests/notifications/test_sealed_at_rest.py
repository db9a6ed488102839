"""A thief of the database's raw files, with the write-ahead log, reads no word of a letter, a document or a bill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accounts.contact import set_email
from databases import EXCHANGE, PORTAL
from notifications.models import Document, Message
from tests.mailing import PDF, bill, citizen, letter, order, real_commits, tell
from tests.support import DATABASES

SECRETS = ["SubjectInClear", "BodyInClear", "NameInClear", "TitleInClear", "ReferenceInClear", "hanako@example.jp"]


@pytest.mark.committed
def test_no_word_lies_in_the_raw_files(django_db_setup: None, django_db_blocker: Any) -> None:
    if connections[PORTAL].vendor != "sqlite":
        pytest.skip("the files of a PostgreSQL server are not ours to read")
    with real_commits(django_db_blocker):
        hanako = citizen()
        set_email(user=hanako, address=SECRETS[5])
        document = PDF + b"DocumentInClear"
        letter(
            hanako.portal_code,
            subject=SECRETS[0],
            body=SECRETS[1],
            documents=[(SECRETS[2], document)],
            reference=SECRETS[4],
        )
        tell(order(bill(hanako.portal_code, title=SECRETS[3], reference=SECRETS[4])))
        raw = b"".join(_raw(connections[alias].settings_dict["NAME"]) for alias in (PORTAL, EXCHANGE))
    assert len(raw) > 100_000
    assert b"132080" in raw
    for secret in [*SECRETS, "DocumentInClear", "%PDF-", "領収書", "保育料"]:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert secret.encode(encoding) not in raw


def _raw(name: str) -> bytes:
    path = Path(name)
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@DATABASES
def test_real_commits_left_nothing_in_the_tests_databases() -> None:
    assert (Message.objects.count(), Document.objects.count()) == (0, 0)

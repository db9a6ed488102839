"""Envelopes open for their owner and place only, and after a rotation of the key."""

from __future__ import annotations

import uuid

import pytest

from keys import custody
from keys.sealing import CannotOpen
from notifications.envelope import open_for, seal_for

OWNER, OTHER = uuid.uuid4(), uuid.uuid4()


def test_opens_what_it_sealed() -> None:
    assert open_for(OWNER, seal_for(OWNER, "保育料", context="here"), context="here") == "保育料".encode()


def test_equal_contents_never_look_alike() -> None:
    assert seal_for(OWNER, "x", context="here") != seal_for(OWNER, "x", context="here")


@pytest.mark.parametrize(("owner", "context"), [(OTHER, "here"), (OWNER, "there")])
def test_stays_shut_for_another_owner_or_place(owner: uuid.UUID, context: str) -> None:
    with pytest.raises(CannotOpen):
        open_for(owner, seal_for(OWNER, "x", context="here"), context=context)


def test_opens_under_an_older_key() -> None:
    sealed = seal_for(OWNER, "x", context="here")
    custody.create("mailbox-seal")
    assert open_for(OWNER, sealed, context="here") == b"x"
    assert seal_for(OWNER, "x", context="here")[1:3] != sealed[1:3]

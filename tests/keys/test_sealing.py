"""Sealed values open in their own place only."""

from __future__ import annotations

import pytest

from keys import custody, sealing
from keys.sealing import CannotOpen, Sealer, keyed_hash, open_sealed, seal

PURPOSE = "record-seal"


def test_what_was_sealed_opens():
    assert (
        open_sealed(
            PURPOSE, seal(PURPOSE, "三鷹市".encode(), context="room.Model.column:1"), context="room.Model.column:1"
        )
        == "三鷹市".encode()
    )


def test_equal_contents_do_not_look_alike():
    assert seal(PURPOSE, b"same", context="c") != seal(PURPOSE, b"same", context="c")


def test_a_value_moved_elsewhere_does_not_open():
    sealed = seal(PURPOSE, b"content", context="room.Model.column:1")
    for elsewhere in ("room.Model.column:2", "room.Model.other:1", ""):
        with pytest.raises(CannotOpen):
            open_sealed(PURPOSE, sealed, context=elsewhere)


def test_a_value_of_another_purpose_does_not_open():
    sealed = seal(PURPOSE, b"content", context="c")
    custody.current("holding-seal")
    with pytest.raises(CannotOpen):
        open_sealed("holding-seal", sealed, context="c")


def test_any_changed_byte_is_found():
    sealed = seal(PURPOSE, b"content", context="c")
    for place in range(len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises((CannotOpen, custody.KeyNotHere)):
            open_sealed(PURPOSE, broken, context="c")


@pytest.mark.parametrize("length", [0, 1, 14, 15, 16, 30])
def test_a_shortened_value_does_not_open(length):
    with pytest.raises((CannotOpen, custody.KeyNotHere)):
        open_sealed(PURPOSE, seal(PURPOSE, b"content", context="c")[:length], context="c")


def test_an_older_key_still_opens(settings, tmp_path):
    settings.KEYS_DIR = tmp_path
    old = seal(PURPOSE, b"content", context="c")
    assert custody.create(PURPOSE) == 2
    new = seal(PURPOSE, b"content", context="c")
    assert (sealing.key_id_of(old), sealing.key_id_of(new)) == (1, 2)
    assert open_sealed(PURPOSE, old, context="c") == open_sealed(PURPOSE, new, context="c") == b"content"


def test_memoryview_opens_like_bytes():
    assert open_sealed(PURPOSE, memoryview(seal(PURPOSE, b"content", context="c")), context="c") == b"content"


def test_keyed_hash_tells_parts_apart():
    assert keyed_hash("record-subject", "ab", "c") != keyed_hash("record-subject", "a", "bc")
    assert keyed_hash("record-subject", "a") != keyed_hash("record-reference", "a")
    assert keyed_hash("record-subject", "a") == keyed_hash("record-subject", b"a")
    assert len(keyed_hash("record-subject", "a")) == 32


def test_many_are_sealed_as_each_alone():
    sealer = Sealer(PURPOSE)
    sealed = [sealer.seal(content, context="row 1") for content in (b"a", b"b")]
    assert [open_sealed(PURPOSE, each, context="row 1") for each in sealed] == [b"a", b"b"]
    assert len({each[:15] for each in sealed}) == 2
    with pytest.raises(CannotOpen):
        open_sealed(PURPOSE, sealed[0], context="row 2")
    assert repr(sealer) == "<Sealer>"

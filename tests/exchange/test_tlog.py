"""The tree: roots as an independent library computes them, proofs that hold, and mutations that do not."""

from __future__ import annotations

import hashlib
import random

import pytest

from exchange import tlog
from exchange.tlog import CompactRange, TileNodes

SIZES = [*range(1, 70), 127, 128, 129, 255, 256, 257, 511, 512, 513, 777]
ENTRIES = [f"entry {n}".encode() for n in range(2000)]
HASHES = [tlog.leaf_hash(entry) for entry in ENTRIES]


def tiles_of(hashes: list[bytes]) -> tlog.Tiles:
    """The tiles of a tree with these leaves, by the definition."""

    def tile(level: int, number: int) -> bytes:
        height = tlog.TILE_HEIGHT * level
        width = tlog.tile_width(level, number, len(hashes))
        first = number * tlog.TILE_WIDTH
        return b"".join(naive(hashes[i << height : (i + 1) << height]) for i in range(first, first + width))

    return tile


def naive(hashes: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(hashes[:k]) + naive(hashes[k:])).digest()


NODES = TileNodes(tiles_of(HASHES))


def root(size: int) -> bytes:
    return tlog.root_at(size, NODES)


def test_roots_equal_those_of_an_independent_library_up_to_two_thousand() -> None:
    from pymerkle import InmemoryTree

    theirs, ours = InmemoryTree(algorithm="sha256"), CompactRange()
    assert ours.root() == tlog.EMPTY_ROOT == root(0)
    for size, entry in enumerate(ENTRIES, start=1):
        theirs.append_entry(entry)
        ours.append(tlog.leaf_hash(entry))
        expected = theirs.get_root(size)
        assert (ours.size, ours.root(), root(size)) == (size, expected, expected)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 1023, 2000])
def test_roots_equal_the_definition(size: int) -> None:
    assert root(size) == naive(HASHES[:size])


def test_a_range_survives_its_bytes() -> None:
    ours = CompactRange()
    for hashed in HASHES[:300]:
        ours = CompactRange.from_bytes(ours.size, ours.to_bytes())
        ours.append(hashed)
    assert ours.root() == root(300)
    with pytest.raises(ValueError, match="complete subtrees"):
        CompactRange.from_bytes(300, ours.to_bytes() + bytes(32))


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proved_and_no_mutation_is(size: int) -> None:
    chance = random.Random(size)
    for index in range(size):
        proof = tlog.inclusion_proof(index, size, NODES)
        facts = {"hashed": HASHES[index], "index": index, "size": size, "proof": proof, "root": root(size)}
        assert tlog.is_included(**facts)
        assert len(proof) <= (size - 1).bit_length()
        assert not tlog.is_included(**{**facts, "hashed": HASHES[index + 1]})
        assert not tlog.is_included(**{**facts, "root": root(size + 1)})
        assert not tlog.is_included(**{**facts, "index": size + index})
        assert not tlog.is_included(**{**facts, "index": -1})
        assert not tlog.is_included(**{**facts, "proof": [*proof, HASHES[0]]})
        if proof:
            place = chance.randrange(len(proof))
            assert not tlog.is_included(**{**facts, "proof": proof[:place] + proof[place + 1 :]})
            bent = bytearray(proof[place])
            bent[chance.randrange(32)] ^= 1 << chance.randrange(8)
            assert not tlog.is_included(**{**facts, "proof": [*proof[:place], bytes(bent), *proof[place + 1 :]]})
            other = chance.choice([i for i in range(size) if i != index])
            assert not tlog.is_included(**{**facts, "index": other})


@pytest.mark.parametrize("new", SIZES)
def test_every_earlier_tree_is_proved_and_no_mutation_is(new: int) -> None:
    chance = random.Random(new)
    for old in range(new + 1):
        proof = tlog.consistency_proof(old, new, NODES)
        facts = {"old": old, "old_root": root(old), "new": new, "new_root": root(new), "proof": proof}
        assert tlog.is_consistent(**facts)
        # Every tree begins with the empty one, so that from it no proof is needed and none shows anything.
        assert tlog.is_consistent(**{**facts, "new_root": bytes(32)}) == (old == 0)
        assert not tlog.is_consistent(**{**facts, "old_root": bytes(32)})
        assert not tlog.is_consistent(**{**facts, "old": new + 1})
        if 0 < old < new:
            assert not tlog.is_consistent(**{**facts, "new": 4 * new}), "a proof that ends below the root"
        assert not tlog.is_consistent(**{**facts, "proof": [*proof, HASHES[0]]})
        if proof:
            place = chance.randrange(len(proof))
            assert not tlog.is_consistent(**{**facts, "proof": proof[:place] + proof[place + 1 :]})
            bent = bytearray(proof[place])
            bent[chance.randrange(32)] ^= 1 << chance.randrange(8)
            assert not tlog.is_consistent(**{**facts, "proof": [*proof[:place], bytes(bent), *proof[place + 1 :]]})


def test_proofs_of_what_is_not_there_are_refused() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no such leaf"):
            tlog.inclusion_proof(index, size, NODES)
    with pytest.raises(ValueError, match="shrink"):
        tlog.consistency_proof(6, 5, NODES)


def test_tiles_have_the_widths_and_paths_of_the_specification() -> None:
    widths = {(level, number): tlog.tile_width(level, number, 70_000)
              for level, number in ((0, 272), (0, 273), (0, 274), (1, 0), (1, 1), (2, 0), (3, 0))}  # fmt: skip
    assert widths == {(0, 272): 256, (0, 273): 112, (0, 274): 0, (1, 0): 256, (1, 1): 17, (2, 0): 1, (3, 0): 0}
    assert tlog.tile_path(0, 1_234_067) == "0/x001/x234/067"
    assert tlog.tile_path(2, 0, 17) == "2/000.p/17"
    assert tlog.tile_path(1, 1000) == "1/x001/000"


def test_tiles_are_completed_once() -> None:
    assert list(tlog.tiles_completed(0, 0, 255)) == []
    assert list(tlog.tiles_completed(0, 255, 256)) == [0]
    assert list(tlog.tiles_completed(0, 256, 1030)) == [1, 2, 3]
    assert list(tlog.tiles_completed(1, 65_535, 65_536)) == [0]


def test_a_full_tile_is_8192_bytes_and_each_hash_above_is_a_tile_below() -> None:
    tile = tiles_of(HASHES)
    assert len(tile(0, 0)) == 8192
    assert tile(1, 0)[:32] == naive(tlog.split(tile(0, 0))) == NODES(8, 0)

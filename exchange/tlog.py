"""The tree over the log: hashes, compact ranges, tiles and proofs. Pure arithmetic, without a database.

The tree is that of RFC 9162 section 2.1 (the same as RFC 6962's). A node is named by its level and its index: node
(l, i) is the hash over the leaves from `i * 2**l` up to `(i + 1) * 2**l`, all of which exist. Tiles are those of C2SP
tlog-tiles: 256 hashes of one level, 8 levels high.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = hashlib.sha256(b"").digest()

# The hash of a node that is complete, by level and index.
Nodes = Callable[[int, int], bytes]
# The hashes of a tile side by side, by the tile's level and number; fewer than 256 at the right edge.
Tiles = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """RFC 9162 section 2.1.1: a leaf and a node can never be mistaken for each other."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node over two others (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """All that must be known of a tree to add to it: the roots of its largest complete subtrees, from the left."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError("A tree of this size has another number of complete subtrees.")

    @classmethod
    def from_bytes(cls, size: int, content: bytes) -> CompactRange:
        return cls(size, split(content))

    def to_bytes(self) -> bytes:
        return b"".join(self.hashes)

    def append(self, hashed: bytes) -> None:
        """Add the next leaf by its hash: one new hash, and one more for each subtree that it completes."""
        below = self.size
        while below & 1:
            hashed = node_hash(self.hashes.pop(), hashed)
            below >>= 1
        self.hashes.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def split(hashes: bytes) -> list[bytes]:
    """Hashes that stand side by side, one by one."""
    if len(hashes) % HASH_BYTES:
        raise ValueError("Not a row of hashes.")
    return [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]


# --- tiles ------------------------------------------------------------------------------------------------------------


def tile_width(level: int, number: int, size: int) -> int:
    """How many hashes this tile has in a tree of this size: 0 where it does not exist yet, 256 where it is full."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - number * TILE_WIDTH))


def tiles_completed(level: int, before: int, after: int) -> range:
    """The numbers of the tiles that become full while the tree grows from one size to the other."""
    height = TILE_HEIGHT * (level + 1)
    return range(before >> height, after >> height)


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Where the tile lies: `<level>/x001/x234/067`, and `.p/<width>` while it is not full."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"{level}/{'/'.join(groups)}{partial}"


class TileNodes:
    """Any complete node, from tiles. Each tile is fetched once and hashed upward once."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._floors: dict[tuple[int, int], list[list[bytes]]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, offset = divmod(index << height, TILE_WIDTH)
        if (tile_level, number) not in self._floors:
            self._floors[tile_level, number] = _floors(split(self._tiles(tile_level, number)))
        return self._floors[tile_level, number][height][offset >> height]


def tile_root(hashes: bytes) -> bytes:
    """The hash over a full tile: one hash of the tile above."""
    return _floors(split(hashes))[TILE_HEIGHT][0]


def _floors(hashes: list[bytes]) -> list[list[bytes]]:
    floors = [hashes]
    while len(floors) <= TILE_HEIGHT:
        below = floors[-1]
        floors.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return floors


# --- proofs -----------------------------------------------------------------------------------------------------------


def root_at(size: int, nodes: Nodes) -> bytes:
    """The root of the tree when it had this size."""
    return _subtree(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """That leaf `index` is in the tree of this size: the hashes beside its way up (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("The tree has no such leaf.")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _left_size(end - begin)
        if index < middle:
            proof.append(_subtree(middle, end, nodes))
            end = middle
        else:
            proof.append(_subtree(begin, middle, nodes))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """That the tree of size `old` is the beginning of that of size `new` (RFC 9162 section 2.1.4.1)."""
    if not 0 <= old <= new:
        raise ValueError("A tree does not shrink.")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    begin, end, is_known = 0, new, True
    while end > old:
        middle = begin + _left_size(end - begin)
        if old <= middle:
            proof.append(_subtree(middle, end, nodes))
            end = middle
        else:
            proof.append(_subtree(begin, middle, nodes))
            begin, is_known = middle, False
    # What is left ends where the old tree ended; only the old tree as a whole is known to who verifies.
    if not is_known:
        proof.append(_subtree(begin, end, nodes))
    return proof[::-1]


def is_included(*, hashed: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf's hash to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            hashed = node_hash(beside, hashed)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and hashed == root


def is_consistent(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the old tree to be the beginning of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    of_old = of_new = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            of_old, of_new = node_hash(beside, of_old), node_hash(beside, of_new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            of_new = node_hash(of_new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root


def _left_size(size: int) -> int:
    """The largest power of two below the size: how many leaves the left subtree has."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(begin: int, end: int, nodes: Nodes) -> bytes:
    """The hash over these leaves, which are a subtree of some tree: complete, or its ragged right edge."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, begin >> level)
    middle = begin + _left_size(size)
    return node_hash(nodes((middle - begin).bit_length() - 1, begin // (middle - begin)), _subtree(middle, end, nodes))

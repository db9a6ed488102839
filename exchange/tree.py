"""The tree as it is stored: full tiles in their table, the right edge from the leaves' own hashes."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from exchange import notes, tlog
from exchange.models import Checkpoint, Leaf, Tile
from exchange.notes import Verifier
from keys import custody


class Damaged(Exception):
    """Something of the tree is missing that a checkpoint has stated."""


def newest_checkpoint() -> Checkpoint | None:
    """What the log last said of itself."""
    return Checkpoint.objects.order_by("-size").first()


def nodes(size: int) -> tlog.TileNodes:
    """The nodes of the tree of this size, for proofs: it reads a few tiles, however large the log is."""
    return tlog.TileNodes(lambda level, number: tile(level, number, tlog.tile_width(level, number, size)))


def tile(level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile. Raises Damaged."""
    stored = Tile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    hashes = hashes_of_tile(level, number, width) if stored is None else bytes(stored)
    return hashes[: width * tlog.HASH_BYTES]


def hashes_of_tile(level: int, number: int, width: int) -> bytes:
    """A tile from what lies below it: the leaves, or the tiles of the level below. Raises Damaged."""
    first = number * tlog.TILE_WIDTH
    below: list[bytes]
    if level == 0:
        leaves = Leaf.objects.filter(index__gte=first, index__lt=first + width).order_by("index")
        below = [bytes(hashed) for hashed in leaves.values_list("hash", flat=True)]
    else:
        tiles = Tile.objects.filter(level=level - 1, number__gte=first, number__lt=first + width).order_by("number")
        below = [bytes(root) for root in tiles.values_list("root", flat=True)]
    if [len(hashed) for hashed in below] != [tlog.HASH_BYTES] * width:
        raise Damaged("The tree has lost a hash.")
    return b"".join(below)


def verifiers() -> list[Verifier]:
    """The log's public keys, the current one first."""
    keys = [Ed25519PrivateKey.from_private_bytes(key.material) for key in custody.every("record-log")]
    return [notes.verifier_of(settings.LOG_ORIGIN, key) for key in keys]

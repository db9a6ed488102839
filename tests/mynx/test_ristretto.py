"""ristretto255 in plain Python: the vectors of RFC 9496, and the same codes as libsodium opens."""

from __future__ import annotations

import secrets

import pytest
import rbcl

from codes import rist1
from mynx import ristretto
from mynx.ristretto import NotAPoint

# Appendix A.1: the generator times 1 to 3.
MULTIPLES = [
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
]
# Appendix A.2: not canonical, negative, not a square, negative t, y = 0.
BAD = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def test_the_multiples_of_the_generator() -> None:
    generator = ristretto._decode(bytes.fromhex(MULTIPLES[0]))
    made = [ristretto._encode(ristretto._multiply(n, generator)).hex() for n in (1, 2, 3)]
    assert made == MULTIPLES


@pytest.mark.parametrize("encoding", [*BAD, "", "00" * 31, "00" * 33])
def test_what_encodes_no_point(encoding: str) -> None:
    good = bytes.fromhex(MULTIPLES[0])
    for pair in ((bytes.fromhex(encoding), good), (good, bytes.fromhex(encoding))):
        with pytest.raises(NotAPoint):
            ristretto.open_code(*pair, bytes(31) + b"\x01")


def test_codes_open_as_libsodium_opens_them() -> None:
    for _ in range(30):
        key, point = rist1.new_scalar(), rist1.person_point(secrets.token_bytes(32))
        hidden = rist1.blind(point, rist1.public_key(key))
        assert ristretto.open_code(hidden.ephemeral, hidden.body, key) == point
        scalar = rist1.new_scalar()
        product = ristretto._multiply(int.from_bytes(scalar, "little"), ristretto._decode(point))
        assert ristretto._encode(product) == rbcl.crypto_scalarmult_ristretto255(scalar, point)

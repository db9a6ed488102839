"""ristretto255 (RFC 9496) as far as an agency needs it: opening its codes, and hiding one (mynx.blind).

Plain arithmetic in Python's integers, not in constant time: it runs on the agency's own machine, over ciphertexts that
come from the service alone. Who opens many, or answers a service that might measure the time, should use a library of
their platform instead.
"""

from __future__ import annotations

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)

# The group's order, and the encoding of its generator B (appendix A.1).
ORDER = 2**252 + 27742317777372353535851937790883648493
BASE = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")

Point = tuple[int, int, int, int]


class NotAPoint(ValueError):
    """The 32 bytes encode no point."""


def open_code(ephemeral: bytes, body: bytes, private_key: bytes) -> bytes:
    """The code that was encrypted to this agency's key. Raises NotAPoint."""
    return subtract(body, multiply(int.from_bytes(private_key, "little"), ephemeral))


def multiply(scalar: int, point: bytes) -> bytes:
    """`scalar * point`. Raises NotAPoint."""
    return _encode(_multiply(scalar, _decode(point)))


def add(left: bytes, right: bytes) -> bytes:
    """`left + right`. Raises NotAPoint."""
    return _encode(_add(_decode(left), _decode(right)))


def subtract(left: bytes, right: bytes) -> bytes:
    """`left - right`. Raises NotAPoint."""
    x, y, z, t = _decode(right)
    return _encode(_add(_decode(left), (-x, y, z, -t)))


def _is_negative(value: int) -> bool:
    return value % _P % 2 == 1


def _absolute(value: int) -> int:
    return -value % _P if _is_negative(value) else value % _P


def _sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """Section 4.2: whether u/v is a square, and its root, or the root of u/v times sqrt(-1)."""
    root = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    check = v * root * root % _P
    is_flipped = check == -u % _P
    if is_flipped or check == -u * _SQRT_M1 % _P:
        root = root * _SQRT_M1 % _P
    return check == u % _P or is_flipped, _absolute(root)


_INVSQRT_A_MINUS_D = _sqrt_ratio(1, -1 - _D)[1]


def _decode(data: bytes) -> Point:
    """Section 4.3.1."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= _P or _is_negative(s):
        raise NotAPoint("Not the encoding of a point.")
    u1, u2 = (1 - s * s) % _P, (1 + s * s) % _P
    v = (-_D * u1 * u1 - u2 * u2) % _P
    is_square, inverse = _sqrt_ratio(1, v * u2 * u2 % _P)
    x = _absolute(2 * s * inverse * u2)
    y = u1 * inverse * inverse * u2 * v % _P
    t = x * y % _P
    if not is_square or _is_negative(t) or y == 0:
        raise NotAPoint("Not the encoding of a point.")
    return x, y, 1, t


def _encode(point: Point) -> bytes:
    """Section 4.3.2."""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % _P, x * y % _P
    inverse = _sqrt_ratio(1, u1 * u2 * u2 % _P)[1]
    d1, d2 = inverse * u1 % _P, inverse * u2 % _P
    z_inverse = d1 * d2 * t % _P
    if _is_negative(t * z_inverse):
        x, y, d2 = y * _SQRT_M1 % _P, x * _SQRT_M1 % _P, d1 * _INVSQRT_A_MINUS_D % _P
    if _is_negative(x * z_inverse):
        y = -y
    return _absolute(d2 * (z - y)).to_bytes(32, "little")


def _add(left: Point, right: Point) -> Point:
    """Extended coordinates on the curve with a = -1 (RFC 8032 section 5.1.4)."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = left, right
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = 2 * _D * t1 * t2, 2 * z1 * z2
    e, f, g, h = (b - a) % _P, (d - c) % _P, (d + c) % _P, (b + a) % _P
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result

"""Scheme rist1: the group against RFC 9496, the scheme against its promises."""

from __future__ import annotations

import hashlib
from itertools import permutations

import pytest
import rbcl
from hypothesis import given, settings
from hypothesis import strategies as st

from codes import rist1
from codes.rist1 import Code, MalformedCode, format_code, parse_code

# RFC 9496 appendix A.1: multiples 0 to 15 of the generator.
_MULTIPLES = """
0000000000000000000000000000000000000000000000000000000000000000
e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76
6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919
94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259
da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57
e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e
f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403
44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d
903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c
02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031
20706fd788b2720a1ed2a5dad4952b01f413bcf0e7564de8cdc816689e2db95f
bce83f8ba5dd2fa572864c24ba1810f9522bc6004afe95877ac73241cafdab42
e4549ee16b9aa03099ca208c67adafcafa4c3f3e4e5303de6026e3ca8ff84460
aa52e000df2e16f55fb1032fc33bc42742dad6bd5a8fc0be0167436c5948501f
46376b80f409b29dc2b5f6f0c52591990896e5716f41477cd30085ab7f10301e
e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e
"""

# RFC 9496 appendix A.2: encodings that must be refused.
_INVALID = """
00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
0100000000000000000000000000000000000000000000000000000000000000
01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20
c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562
c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78
47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24
f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72
87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309
26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371
4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f
de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b
bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042
2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08
f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22
8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731
2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b
3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e
a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220
d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e
8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32
32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b
227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165
5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e
445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b
ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f
"""

MULTIPLES, INVALID = _MULTIPLES.split(), _INVALID.split()

# RFC 9496 appendix A.3: the one-way map from 64 bytes.
ONE_WAY = [
    (
        "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
        "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
        "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46",
    ),
    (
        "f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b27"
        "0102a56902e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38",
        "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b",
    ),
    (
        "8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c"
        "27140775f9337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c",
        "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826",
    ),
]

SECRETS = st.binary(min_size=32, max_size=32)


def _scalar(number: int) -> bytes:
    return number.to_bytes(32, "little")


@pytest.mark.parametrize("number", range(1, 16))
def test_multiples_of_the_generator_are_those_of_the_rfc(number):
    generator = bytes.fromhex(MULTIPLES[1])
    assert rist1.public_key(_scalar(number)).hex() == MULTIPLES[number]
    assert rist1.multiply(generator, _scalar(number)).hex() == MULTIPLES[number]
    assert rist1.checked_point(bytes.fromhex(MULTIPLES[number])).hex() == MULTIPLES[number]


@pytest.mark.parametrize("encoding", [MULTIPLES[0], *INVALID])
def test_identity_and_invalid_encodings_are_refused_everywhere(encoding):
    value = bytes.fromhex(encoding)
    with pytest.raises(MalformedCode):
        rist1.checked_point(value)
    with pytest.raises(MalformedCode):
        rist1.multiply(value, _scalar(2))
    with pytest.raises(MalformedCode):
        parse_code(format_code(Code(value, 1)))


@pytest.mark.parametrize(("uniform", "point"), ONE_WAY)
def test_one_way_map_is_that_of_the_rfc(uniform, point):
    assert rbcl.crypto_core_ristretto255_from_hash(bytes.fromhex(uniform)).hex() == point


def test_person_point_is_the_map_of_a_labelled_hash():
    secret = bytes(range(32))
    expected = rbcl.crypto_core_ristretto255_from_hash(hashlib.sha512(b"myn/pid/v1" + secret).digest())
    assert rist1.person_point(secret) == expected


@settings(max_examples=25, deadline=None)
@given(secret=SECRETS)
def test_issue_is_blind_and_conversion_commutes_for_all_triples(secret):
    """Issue to A and convert to B and on to C is the code issued to C, whichever way round."""
    point = rist1.person_point(secret)
    scalars = {name: rist1.new_scalar() for name in "ABC"}
    issued = {}
    for name, scalar in scalars.items():
        private_key = rist1.new_scalar()
        recipient = rist1.public_key(private_key)
        hidden = rist1.blind(point, recipient)
        code = rist1.scale(hidden, scalar, recipient)
        assert point not in hidden
        issued[name] = rist1.unblind(code, private_key)
        assert issued[name] not in code
        assert issued[name] == rist1.multiply(point, scalar)
    for a, b, c in permutations("ABC"):
        to_b = rist1.multiply(issued[a], rist1.conversion_factor(scalars[a], scalars[b]))
        assert to_b == issued[b]
        assert rist1.multiply(to_b, rist1.conversion_factor(scalars[b], scalars[c])) == issued[c]


def test_two_blindings_of_one_point_share_nothing():
    recipient = rist1.public_key(rist1.new_scalar())
    point = rist1.person_point(bytes(32))
    first, second = rist1.blind(point, recipient), rist1.blind(point, recipient)
    assert not set(first) & set(second)
    scalar = rist1.new_scalar()
    assert not set(rist1.scale(first, scalar, recipient)) & set(rist1.scale(first, scalar, recipient))


def test_another_key_opens_nothing_of_it():
    recipient = rist1.public_key(rist1.new_scalar())
    point = rist1.person_point(bytes(32))
    assert rist1.unblind(rist1.blind(point, recipient), rist1.new_scalar()) != point


@given(secret=SECRETS, epoch=st.integers(1, 9999))
def test_printed_code_comes_back(secret, epoch):
    code = Code(rist1.person_point(secret), epoch)
    assert parse_code(format_code(code)) == code


def _printed() -> str:
    return format_code(Code(rist1.person_point(bytes(32)), 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text.upper(),
        lambda text: text + " ",
        lambda text: text + "\n",
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: "a0" + text[2:],
        lambda text: "a01" + text[2:],
        lambda text: "a10000" + text[2:],
        lambda text: "b" + text[1:],
        lambda text: text.replace("-", "_"),
        lambda text: text[:3] + "1" + text[4:],  # 1 is no letter of base32
        lambda text: text[:3] + "ａ" + text[4:],  # full width
        lambda text: "a１" + text[2:],  # a digit for Unicode, not for us
        lambda text: text[:-1] + chr(ord(text[-1]) + 1),  # the bits that 32 bytes leave over
        lambda text: None,
        lambda text: 123456789018,
        lambda text: text.encode(),
    ],
)
def test_malformed_code_is_refused_and_not_repeated(change):
    text = change(_printed())
    with pytest.raises(MalformedCode) as refusal:
        parse_code(text)
    assert not text or str(text) not in str(refusal.value)


@given(st.text(max_size=80))
def test_any_text_is_a_code_or_malformed(text):
    try:
        code = parse_code(text)
    except MalformedCode:
        return
    assert format_code(code) == text


def test_a_code_never_looks_like_a_number():
    printed = _printed()
    assert printed[0] == "a" and not any(part.isdigit() for part in printed.split("-"))


def test_repr_shows_nothing():
    code = Code(rist1.person_point(bytes(32)), 1)
    hidden = rist1.blind(code.value, rist1.public_key(rist1.new_scalar()))
    assert (repr(code), str(code), f"{code}", repr(hidden)) == ("<Code>", "<Code>", "<Code>", "<Blinded>")


def test_private_key_from_a_seed_is_a_fixed_scalar():
    assert rist1.private_key_from(bytes(32)) == rist1.private_key_from(bytes(32))
    assert rist1.private_key_from(bytes(32)) != rist1.private_key_from(bytes([1]) * 32)
    rist1.checked_point(rist1.public_key(rist1.private_key_from(bytes(32))))

"""The photo's sieve: what is clearly no portrait does not pass, and nothing is decoded before its header is read."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from cards import photo
from tests.cards.people import portrait


def _jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60)
    return content.getvalue()


def _striped() -> bytes:
    image = Image.new("L", (700, 900))
    image.putdata([255 * (x // 40 % 2) for _ in range(900) for x in range(700)])
    return _jpeg(image)


def test_a_portrait_passes_in_colour_and_in_grey() -> None:
    photo.check(portrait())
    photo.check(_jpeg(Image.open(io.BytesIO(portrait())).convert("RGB")))
    photo.check(portrait(background=20, head_top=0.1))


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", photo.NotAJpeg),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), photo.NotAJpeg),
        (b"\xff\xd8\xff", photo.NotAJpeg),
        (portrait()[:200], photo.NotAJpeg),
        (portrait()[:700], photo.NotAJpeg),
        (b"\xff\xd8\xff" + bytes(photo.MOST_BYTES), photo.TooLarge),
        (portrait(width=350, height=450), photo.WrongSize),
        (portrait(width=900, height=700), photo.WrongShape),
        (portrait(width=900, height=900), photo.WrongShape),
        (_jpeg(Image.new("L", (700, 900), 200)), photo.NobodyInFrame),
        (portrait(head_top=0.5), photo.NobodyInFrame),
        (portrait(head_top=-0.2), photo.PhotoRefused),
        (_striped(), photo.BackgroundNotPlain),
    ],
)
def test_others_do_not(content: bytes, refusal: type[photo.PhotoRefused]) -> None:
    with pytest.raises(refusal):
        photo.check(content)


def test_a_header_that_promises_too_much_is_refused_before_decoding(monkeypatch) -> None:
    huge = bytearray(portrait())
    at = next(n for n in range(len(huge)) if huge[n] == 0xFF and huge[n + 1] == 0xC0)
    huge[at + 5 : at + 9] = (60000).to_bytes(2, "big") * 2
    monkeypatch.setattr(photo, "_grey", lambda _: pytest.fail("decoded"))
    with pytest.raises(photo.WrongSize):
        photo.check(bytes(huge))

"""The photo on an application: is it a JPEG of the right size and shape, with one subject in the middle?

The check is a sieve for blank, sideways and badly framed pictures, not a judge of faces: whether it is the applicant,
a clerk sees. Figures: 480 to 6000 pixels a side, at most 7 MB, 35 to 45 in width to height (notice on applications).
"""

from __future__ import annotations

import io
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MOST_BYTES = 7 * 1024 * 1024
LEAST_PIXELS, MOST_PIXELS = 480, 6000
SHAPE, TOLERANCE = 45 / 35, 0.06

# The picture is looked at in this size: enough to tell a subject from its background.
_GRID_WIDTH, _GRID_HEIGHT = 35, 45
_PLAIN = 30.0
_DIFFERENT = 18
_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class PhotoRefused(Exception):
    """The photo cannot be used; the text says why."""

    message: Promise | str = _("The photo cannot be used.")

    def __str__(self) -> str:
        return str(self.message)


class NotAJpeg(PhotoRefused):
    message = _("The photo is not a JPEG file.")


class TooLarge(PhotoRefused):
    message = _("The photo's file is larger than 7 MB.")


class WrongSize(PhotoRefused):
    message = _("Each side of the photo must have 480 to 6,000 pixels.")


class WrongShape(PhotoRefused):
    message = _("The photo must be upright, 45 high to 35 wide.")


class BackgroundNotPlain(PhotoRefused):
    message = _("The background of the photo must be plain.")


class NobodyInFrame(PhotoRefused):
    message = _("The head must be in the middle of the photo, with some room above it and on both sides.")


def check(photo: bytes) -> None:
    """Raises PhotoRefused."""
    if len(photo) > MOST_BYTES:
        raise TooLarge
    width, height = dimensions(photo)
    if not all(LEAST_PIXELS <= side <= MOST_PIXELS for side in (width, height)):
        raise WrongSize
    if abs(height / width / SHAPE - 1) > TOLERANCE:
        raise WrongShape
    _check_frame(_grey(photo))


def dimensions(photo: bytes) -> tuple[int, int]:
    """Width and height from the frame header (ITU-T T.81, B.2.2), before anything decodes the file. Raises NotAJpeg."""
    if photo[:3] != b"\xff\xd8\xff":
        raise NotAJpeg
    at = 2
    while at + 9 <= len(photo) and photo[at] == 0xFF:
        marker, length = photo[at + 1], int.from_bytes(photo[at + 2 : at + 4], "big")
        if marker in _FRAME_MARKERS:
            height, width = (int.from_bytes(photo[at + n : at + n + 2], "big") for n in (5, 7))
            if not width or not height:
                raise NotAJpeg
            return width, height
        at += 2 + max(length, 2)
    raise NotAJpeg


def _grey(photo: bytes) -> list[list[int]]:
    from PIL import Image  # only clerks' processes ever look at a photo

    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG"]) as image:
            image.draft("L", (_GRID_WIDTH * 8, _GRID_HEIGHT * 8))
            pixels: Any = image.convert("L").resize((_GRID_WIDTH, _GRID_HEIGHT)).tobytes()
    except (OSError, ValueError, Image.DecompressionBombError):
        raise NotAJpeg from None
    return [list(pixels[row * _GRID_WIDTH : (row + 1) * _GRID_WIDTH]) for row in range(_GRID_HEIGHT)]


def _check_frame(rows: list[list[int]]) -> None:
    """A plain edge at the top and both sides, and in the middle something that is not the background."""
    edge = rows[0] + rows[1] + [row[side] for row in rows[: _GRID_HEIGHT // 2] for side in (0, 1, -2, -1)]
    background = sum(edge) / len(edge)
    if (sum((value - background) ** 2 for value in edge) / len(edge)) ** 0.5 > _PLAIN:
        raise BackgroundNotPlain
    subject = [[abs(value - background) > _DIFFERENT for value in row] for row in rows]
    middle = slice(_GRID_WIDTH // 2 - 3, _GRID_WIDTH // 2 + 4)
    head_begins = next((n for n, row in enumerate(subject) if sum(row[middle]) >= 4), _GRID_HEIGHT)
    head = subject[head_begins : head_begins + _GRID_HEIGHT // 3]
    share = sum(map(sum, head)) / (len(head) * _GRID_WIDTH) if head else 0
    if not 2 <= head_begins <= _GRID_HEIGHT // 3 or not 0.25 <= share <= 0.85:
        raise NobodyInFrame

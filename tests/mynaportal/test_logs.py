"""What a log line shows of what a caller typed."""

from __future__ import annotations

import logging

import pytest
from django.test import RequestFactory

from mynaportal.logs import Formatter

CODE = "a1-lzdhetw2wgnh4ehjofew5kuod5xfiqdidxschyjjgj7rv7tmwata"


@pytest.mark.parametrize("typed", ["123456789018", "1234-5678-9018", "1234 5678 9018", CODE])
def test_numbers_and_codes_are_struck_out(typed: str) -> None:
    record = logging.LogRecord("room", logging.ERROR, __file__, 1, "failed for %s", (typed,), None)
    assert typed not in Formatter("{message}", style="{").format(record)


def test_an_exceptions_text_is_struck_out() -> None:
    try:
        raise ValueError("no such person: 123456789018")
    except ValueError as error:
        record = logging.LogRecord("room", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None))
    assert Formatter("{message}", style="{").format(record).endswith("ValueError: no such person: (number)")


def test_an_unknown_address_is_not_repeated() -> None:
    request = RequestFactory().get("/people/yamada-hanako/")
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", (request.path,), None)
    record.request = request
    assert Formatter("{message}", style="{").format(record) == "Not Found: (unknown address)"


def test_what_is_about_nobody_stays_readable() -> None:
    line = "2026-11-22 20:38:33,411 port 58179 took 12345 ms, record 99b8ab95-3318-4bc7-b46f-a631e2605911"
    record = logging.LogRecord("room", logging.INFO, __file__, 1, line, (), None)
    assert Formatter("{message}", style="{").format(record) == line

"""Reading a body: the limit holds for what is declared and for what really comes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from api.parsers import FormParser, StrictJSONParser
from api.problems import Problem


def context(declared: str) -> dict[str, Any]:
    request = Request(RequestFactory().post("/"))
    request.META["CONTENT_LENGTH"] = declared
    return {"request": request}


class Unread(io.BytesIO):
    """A stream that must not be read."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("The body was read.")


@pytest.mark.parametrize("parser", [StrictJSONParser(), FormParser()])
def test_a_declared_length_beyond_the_limit_is_refused_unread(parser: Any) -> None:
    with pytest.raises(Problem) as refused:
        parser.parse(Unread(), None, context("99999999999"))
    assert refused.value.kind == "too-large"


@pytest.mark.parametrize("declared", ["5", "0", "", "-1", "five"])
@pytest.mark.parametrize("parser", [StrictJSONParser(), FormParser()])
def test_a_length_that_lies_does_not_help(parser: Any, declared: str, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000
    with pytest.raises(Problem) as refused:
        parser.parse(io.BytesIO(b" " * 20_001), None, context(declared))
    assert refused.value.kind == "too-large"


def test_at_the_limit_it_is_read(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert StrictJSONParser().parse(io.BytesIO(b"{}" + b" " * 98), None, context("100")) == {}


def test_a_form_is_read_as_it_was_sent() -> None:
    form = FormParser().parse(io.BytesIO(b"a=1&b=%E8%8A%B1&c="), None, context("20"))
    assert form == {"a": "1", "b": "花", "c": ""}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=%FF", b"\xff", b"&".join(b"a%d=1" % i for i in range(30))])
def test_a_form_that_is_none(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        FormParser().parse(io.BytesIO(body), None, context(str(len(body))))
    assert refused.value.kind == "invalid-request"

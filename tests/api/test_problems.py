"""Problems: what each says, the pages that explain them, and that none carries anything of the request."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from rest_framework import exceptions

from api import problems
from api.problems import FieldError, Problem
from mynaportal import errors
from tests.api.sides import Country
from tests.support import DATABASES

pytestmark = DATABASES


@pytest.mark.parametrize("slug", problems.KINDS)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_problem_has_a_page_at_its_type(client: Client, slug: str, language: str) -> None:
    path = problems.type_uri(slug).removeprefix("http://127.0.0.1:8000")
    response = client.get(path, headers={"Accept-Language": language})
    assert response.status_code == 200
    assert problems.KINDS[slug].title in response.content.decode()
    assert str(problems.KINDS[slug].status) in response.content.decode()


def test_the_list_names_every_problem(client: Client) -> None:
    page = client.get("/api/problems/").content.decode()
    assert re.findall(r'href="/api/problems/([a-z-]+)"', page) == list(problems.KINDS)


def test_a_problem_that_is_none_has_no_page(client: Client) -> None:
    assert client.get("/api/problems/made-up").status_code == 404


def test_members_that_do_not_apply_are_left_out() -> None:
    assert Problem("not-found").body() == {
        "type": "http://127.0.0.1:8000/api/problems/not-found",
        "title": "No such address",
        "status": 404,
        "detail": "The addresses are listed in the schema at /api/schema/.",
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2001", "no-legal-basis"),
        ("2002", "assessment-missing"),
        ("2003", "item-not-allowed"),
        ("5001", "unavailable"),
        ("4001", "refused"),
    ],
)
def test_a_refusal_carries_its_code_and_record(code: str, kind: str) -> None:
    body = problems.refusal(code=code, record="5f0c1c1e-7a52-4f0b-9a42-0b8f6d0f4c11").body()
    assert (body["code"], body["record"]) == (code, "5f0c1c1e-7a52-4f0b-9a42-0b8f6d0f4c11")
    assert body["type"].endswith(kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.ParseError("secret"), "invalid-request"),
        (exceptions.AuthenticationFailed("secret"), "invalid-token"),
        (exceptions.PermissionDenied("secret"), "not-permitted"),
        (exceptions.NotFound("secret"), "not-found"),
        (exceptions.MethodNotAllowed("secret"), "method-not-allowed"),
        (exceptions.NotAcceptable("secret"), "not-acceptable"),
        (exceptions.UnsupportedMediaType("secret"), "unsupported-media-type"),
        (exceptions.Throttled(wait=12, detail="secret"), "too-many-requests"),
        (exceptions.APIException("secret"), "internal-error"),
        (RuntimeError("secret"), "internal-error"),
        (OperationalError("secret"), "internal-error"),
        (KeyError("secret"), "internal-error"),
    ],
)
def test_whatever_happens_is_a_problem_without_its_text(
    error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = problems.handler(error, {})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problems.KINDS[kind].title in response.content.decode()
    assert "secret" not in response.content.decode() + caplog.text


def test_nested_errors_become_paths() -> None:
    detail = {
        "code": ["Must be a string."],
        "documents": {1: {"content": ["Must be base64."]}},
        "items": [{}, {"name": ["Wrong."]}],
        "condition": {"non_field_errors": ["Empty."]},
        "non_field_errors": ["Unknown."],
    }
    assert problems._field_errors(detail) == [
        FieldError("code", "Must be a string."),
        FieldError("documents.1.content", "Must be base64."),
        FieldError("items.1.name", "Wrong."),
        FieldError("condition", "Empty."),
        FieldError("", "Unknown."),
    ]


@pytest.mark.parametrize(
    "path", ["/api/v1/persons", "/api/v1/inquiries/", "/api/v2/inquiries", "/api/oauth/token/", "/api/x"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_every_other_address_is_a_problem(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"].endswith("/not-found")


def test_problems_are_in_english_whatever_is_asked(country: Country) -> None:
    answers = [
        country.chofu.post("/api/v1/inquiries", {}, token="", **{"Accept-Language": language})
        for language in ("ja", "en")
    ]
    assert answers[0].json == answers[1].json
    fields = country.chofu.post("/api/v1/charges", {"amount": -1}, **{"Accept-Language": "ja"}).text
    assert fields.isascii()


def test_what_fails_before_the_door_is_a_problem_too(client: Client) -> None:
    response = client.post("/api/v1/inquiries", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "elsewhere" not in response.content.decode()


def test_a_failing_middleware_is_a_problem_under_the_api_and_a_page_elsewhere(rf: RequestFactory) -> None:
    assert errors.server_error(rf.post("/api/v1/inquiries")).headers["Content-Type"] == "application/problem+json"
    assert errors.server_error(rf.get("/records/")).headers["Content-Type"].startswith("text/html")
    assert errors.forbidden(rf.post("/api/v1/inquiries")).status_code == 403

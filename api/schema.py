"""How the API describes itself: OpenAPI 3.1 with every request, answer and problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from api import problems
from api.serializers.problems import ProblemDescription

SAMPLE_RECORD = "5f0c1c1e-7a52-4f0b-9a42-0b8f6d0f4c11"

# What any address for agencies may answer, whatever was asked.
_ALWAYS = (
    "malformed-json",
    "invalid-request",
    "no-token",
    "invalid-token",
    "expired-token",
    "no-signature",
    "invalid-signature",
    "used-signature",
    "digest-mismatch",
    "invalid-evidence",
    "method-not-allowed",
    "not-acceptable",
    "too-large",
    "unsupported-media-type",
    "too-many-requests",
    "internal-error",
    "away",
)


HEADERS = [
    OpenApiParameter(
        "WWW-Authenticate",
        str,
        OpenApiParameter.HEADER,
        response=[401],
        description="Why the token was not taken (RFC 6750 section 3).",
    ),
    OpenApiParameter(
        "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="Seconds to wait (RFC 9110)."
    ),
]
_COVERED = '("@method" "@target-uri" "content-type" "content-digest" "authorization")'
_ANSWERED = '("@status" "content-digest" "@method";req "@target-uri";req "signature";req;key="mynx")'
_SIGNED_HEADERS = [
    OpenApiParameter(
        "Mynx-Evidence",
        str,
        OpenApiParameter.HEADER,
        description="Who at the agency wants it: a JWT of the type mynx-evidence+jwt by the client's key with iss "
        "(client id), aud (the address of this API), exp (at most a minute), clerk (a pseudonym), section, "
        "case_number, txn and perhaps row. Covered by the signature; kept sealed with the record.",
    ),
    OpenApiParameter(
        "Accept-Signature",
        str,
        OpenApiParameter.HEADER,
        response=[401],
        description="How to sign (RFC 9421 section 5.1), where the signature was the reason.",
    ),
    OpenApiParameter(
        "Content-Digest", str, OpenApiParameter.HEADER, response=True, description="SHA-256 of the body (RFC 9530)."
    ),
    OpenApiParameter(
        "Signature-Input",
        str,
        OpenApiParameter.HEADER,
        response=True,
        description=f"mynx={_ANSWERED} with the tag mynx-1; keyid is the kid of a key at /api/keys.",
    ),
    OpenApiParameter(
        "Signature",
        str,
        OpenApiParameter.HEADER,
        response=True,
        description="This service's signature of the answer and of the request that it answers.",
    ),
]


class SignedRequestScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The access token and the signature in the schema's terms: all four headers are needed."""

    target_class = "api.authentication.SignedRequestAuthentication"
    name = ["accessToken", "contentDigest", "signatureInput", "signature"]  # type: ignore[assignment]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "oauth2",
                "description": "Client credentials with a signed client assertion (private_key_jwt, RFC 7523). The "
                "token is bound to the client's key.",
                "flows": {"clientCredentials": {"tokenUrl": "/api/oauth/token", "scopes": {}}},
            },
            _header("Content-Digest", "SHA-256 of the body (RFC 9530), also of an empty one."),
            _header(
                "Signature-Input",
                f"RFC 9421: mynx={_COVERED}, and mynx-evidence where it is sent, with created, expires (at most 60 "
                'seconds later), nonce, keyid (the client id) and tag="mynx-1".',
            ),
            _header("Signature", "By the client's registered key: ed25519 or ecdsa-p256-sha256."),
        ]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


class StrictScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A strict object refuses what it does not declare, and the schema says so."""

    target_class = "api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**described, "additionalProperties": False}


def described(
    *,
    id: str,
    summary: str,
    request: Any,
    answers: dict[int, tuple[Any, str]],
    examples: list[OpenApiExample],
    also: tuple[str, ...] = (),
) -> Callable[[Any], Any]:
    """The schema of one address for agencies: its own answers, and every problem that it may return."""
    kinds = (*_ALWAYS, *also)
    responses: dict[Any, Any] = {
        status: OpenApiResponse(serializer, description=meaning) for status, (serializer, meaning) in answers.items()
    }
    return extend_schema(
        operation_id=id,
        summary=summary,
        tags=["agencies"],
        request=request,
        responses=responses | problem_responses(kinds),
        examples=[*examples, *problem_examples(kinds)],
        parameters=[*HEADERS, *_SIGNED_HEADERS],
    )


def problem_responses(kinds: tuple[str, ...]) -> dict[Any, Any]:
    """One response per status, with the titles of all problems that have it."""
    titles: dict[int, list[str]] = {}
    for name in kinds:
        titles.setdefault(problems.KINDS[name].status, []).append(problems.KINDS[name].title)
    return {
        (status, problems.CONTENT_TYPE): OpenApiResponse(ProblemDescription, description=". ".join(of_status) + ".")
        for status, of_status in sorted(titles.items())
    }


def problem_examples(kinds: tuple[str, ...]) -> list[OpenApiExample]:
    """Each problem as it looks on the wire."""
    return [
        OpenApiExample(
            name,
            value=_sample(name),
            response_only=True,
            status_codes=[str(problems.KINDS[name].status)],
            media_type=problems.CONTENT_TYPE,
        )
        for name in kinds
    ]


def request_example(name: str, value: Any, media_type: str = "application/json") -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True, media_type=media_type)


def answer_example(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _sample(name: str) -> dict[str, Any]:
    if name == "invalid-request":
        errors = [problems.FieldError("provider", "Does not have the required form.")]
        return problems.Problem(name, "One or more fields were refused.", errors=errors).body()
    code = problems.CODE_OF_KIND.get(name)
    is_recorded = code is not None and code not in {"3004", "9000"}
    return problems.Problem(
        name, code=code, record="5f0c1c1e-7a52-4f0b-9a42-0b8f6d0f4c11" if is_recorded else None
    ).body()

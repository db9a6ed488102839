"""The status of certificates over HTTP: the responder, revocation lists, certificates of the authorities.

Nothing here is logged: a request names a certificate, and who asks about whom is nobody else's business.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from agencies import clients, verifiers
from cards import publication, status
from cards.pki import ocsp
from cards.pki.profiles import PROFILES
from databases import away
from status import access, caching

OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
LIST, CERTIFICATE = "application/pkix-crl", "application/pkix-cert"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PURPOSES = {profile.file_stem: purpose for purpose, profile in PROFILES.items()}


@login_not_required
@csrf_exempt
@require_POST
def respond(request: HttpRequest) -> HttpResponseBase:
    """A request in the body (RFC 6960, appendix A.1)."""
    if request.content_type != OCSP_REQUEST:
        return HttpResponse(status=415)
    if int(request.META.get("CONTENT_LENGTH") or 0) > ocsp.MAXIMUM_BYTES:
        return _plain(ocsp.failure(ocsp.Failure.MALFORMED_REQUEST))
    return _respond(request, request.body)


@login_not_required
@require_GET
def respond_to_get(request: HttpRequest, encoded: str) -> HttpResponseBase:
    """A request in the address, in base64: with `+` and `/` as they are or percent-encoded (RFC 5019, section 5)."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return _respond(request, data)


@login_not_required
@require_safe
def revocation_list(request: HttpRequest, authority: str, generation: int, shard: str) -> HttpResponseBase:
    """A shard's list, or the complete one."""
    at = timezone.now()
    if _PURPOSES.get(authority) not in access.allowed(request, at=at):
        return access.refuse(HttpResponse())
    return _file(request, authority, generation, f"{shard}.crl", LIST, lifetime=publication.INTERVAL, at=at)


@login_not_required
@require_safe
def authority_certificate(request: HttpRequest, authority: str, generation: int) -> HttpResponseBase:
    """The authority's certificate, for everyone: it says nothing of anyone."""
    lifetime = dt.timedelta(days=1)
    return _file(request, authority, generation, "ca.cer", CERTIFICATE, lifetime=lifetime, at=timezone.now())


@login_not_required
@require_safe
def may_see_everything(request: HttpRequest) -> HttpResponse:
    """For a web server that serves answers signed ahead: whether the caller is a verifier of both kinds."""
    if access.allowed(request, at=timezone.now()) == access.EVERYTHING:
        return HttpResponse(status=204)
    return access.refuse(HttpResponse())


@login_not_required
@csrf_exempt
@require_http_methods(["POST"])
def token(request: HttpRequest) -> JsonResponse:
    """A verifier's token, for a client that proves itself (RFC 6749, section 4.4; RFC 7523, section 2.2)."""
    asked = (request.POST.get("grant_type"), request.POST.get("client_assertion_type"))
    if asked != ("client_credentials", _ASSERTION):
        return _json({"error": "invalid_request"}, status=400)
    try:
        made = verifiers.token_for(request.POST.get("client_assertion", ""), at=timezone.now())
    except clients.AssertionNotAccepted:
        return _json({"error": "invalid_client"}, status=401)
    except verifiers.NotAVerifier:
        return _json({"error": "unauthorized_client"}, status=400)
    seconds = int(verifiers.LIFETIME.total_seconds())
    return _json({"access_token": made, "token_type": "Bearer", "expires_in": seconds}, status=200)


def _respond(request: HttpRequest, data: bytes) -> HttpResponseBase:
    try:
        return _answer(request, data, at=timezone.now())
    except DatabaseError as error:
        if not away.is_away(error):
            raise
        return _plain(ocsp.failure(ocsp.Failure.TRY_LATER))


def _answer(request: HttpRequest, data: bytes, *, at: dt.datetime) -> HttpResponseBase:
    allowed = access.allowed(request, at=at)
    if not allowed:
        return access.refuse(_plain(ocsp.failure(ocsp.Failure.UNAUTHORIZED)))
    publication.keep_up_in_development(at=at)
    answer = status.answer(data, at=at, allowed=allowed)
    response = _plain(answer.body)
    if request.method != "GET" or answer.this_update is None or answer.valid_until is None:
        return response
    del response["Cache-Control"]
    etag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
    return caching.keep(request, response, etag=etag, modified=answer.this_update, until=answer.valid_until, at=at)


def _plain(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type=OCSP_RESPONSE, headers={"Cache-Control": "no-store"})


def _file(
    request: HttpRequest,
    authority: str,
    generation: int,
    name: str,
    content_type: str,
    *,
    lifetime: dt.timedelta,
    at: dt.datetime,
) -> HttpResponseBase:
    path = publication.find(authority, generation, name, at=at)
    if path is None:
        raise Http404
    file = path.open("rb")
    facts = path.stat()
    response = FileResponse(file, content_type=content_type)
    modified = dt.datetime.fromtimestamp(int(facts.st_mtime), dt.UTC)
    etag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
    return caching.keep(request, response, etag=etag, modified=modified, until=at + lifetime, at=at)


def _json(content: dict[str, object], *, status: int) -> JsonResponse:
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})

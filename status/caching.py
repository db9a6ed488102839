"""How long an answer may be kept (RFC 5019, section 6; RFC 9111)."""

from __future__ import annotations

import datetime as dt
import math

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date


def keep(
    request: HttpRequest,
    response: HttpResponseBase,
    *,
    etag: str,
    modified: dt.datetime,
    until: dt.datetime,
    at: dt.datetime,
) -> HttpResponseBase:
    """Tell caches until when. What only verifiers may see stays out of caches that others share."""
    kept_by = "public" if settings.PKI_STATUS_OPEN else "private"
    seconds = max(0, math.floor((until - at).total_seconds()))
    response["Cache-Control"] = f"max-age={seconds}, {kept_by}, no-transform, must-revalidate"
    response["Expires"] = http_date(until.timestamp())
    response["Last-Modified"] = http_date(modified.timestamp())
    response["ETag"] = etag
    seen = int(modified.timestamp())
    conditional = get_conditional_response(request, etag=etag, last_modified=seen, response=response)
    return response if conditional is None else conditional

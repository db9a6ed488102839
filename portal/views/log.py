"""The log of records, for everyone to watch: what it says of itself, its keys and its hashes (C2SP tlog-tiles).

There is nothing of a person in it. The entries about persons are not served: each citizen gets her own, with proofs.
Those about no person, which say who is believed and what is permitted, are for everyone.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, re_path
from django.views.decorators.http import require_safe

from exchange import proofs, tlog, tree, trust_log
from portal import trust_words

_SECONDS = 5
_LONGEST_NUMBER = 18
_FOR_EVER = "public, max-age=31536000, immutable"


def _public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    return login_not_required(require_safe(view))


@_public
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint."""
    newest = tree.newest_checkpoint()
    if newest is None:
        raise Http404
    return _text(proofs.note_of(newest), f"public, max-age={_SECONDS}")


@_public
def key(request: HttpRequest) -> HttpResponse:
    """The log's public keys as verifier keys, the current one first."""
    return _text("".join(f"{verifier}\n" for verifier in tree.verifiers()), "public, max-age=3600")


@_public
def tile(request: HttpRequest, address: str, level: str, number: str, width: str = "") -> HttpResponse:
    """256 hashes of one level, or as many as there were at the right edge. Only the one spelling of an address."""
    place = int(level), int(number.replace("x", "").replace("/", ""))
    wanted = int(width) if width else tlog.TILE_WIDTH
    newest = tree.newest_checkpoint()
    if newest is None or wanted > tlog.tile_width(*place, newest.size) or address != tlog.tile_path(*place, wanted):
        raise Http404
    response = HttpResponse(tree.tile(*place, wanted), content_type="application/octet-stream")
    response["Cache-Control"] = _FOR_EVER
    return response


@_public
def consistency(request: HttpRequest, old: int, new: int) -> HttpResponse:
    """The hashes that prove that the log of size `new` continues that of size `old`, one on each line."""
    hashes = proofs.consistency(old=old, new=new)
    if hashes is None:
        raise Http404
    return _text("".join(f"{hashed}\n" for hashed in hashes), _FOR_EVER)


@_public
def trust(request: HttpRequest) -> HttpResponse:
    """Changes of who is believed and what is permitted: entries and proofs, the newest first, a page at a time."""
    try:
        before, since = _number(request, "before"), _number(request, "since")
        content = proofs.of_trust(before=before, since=since)
    except ValueError:
        raise Http404 from None
    response = JsonResponse(content)
    response["Cache-Control"] = f"public, max-age={_SECONDS}"
    return response


@_public
def trust_page(request: HttpRequest) -> HttpResponse:
    """The same for people."""
    try:
        page = trust_log.page(before=_number(request, "before"))
    except ValueError:
        raise Http404 from None
    return render(request, "portal/trust.html", {"changes": trust_words.shown(page.entries()), "older": page.older})


def _number(request: HttpRequest, name: str) -> int | None:
    """A place or size in the address. Raises ValueError."""
    text = request.GET.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise ValueError
    return int(text)


def _text(content: str, cache: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = cache
    return response


_TILE = r"(?P<level>\d{1,2})/(?P<number>(?:x\d{3}/){0,4}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
urlpatterns: list[URLPattern] = [
    path("log/checkpoint", checkpoint, name="log-checkpoint"),
    path("log/key", key, name="log-key"),
    path("log/consistency/<int:old>/<int:new>", consistency, name="log-consistency"),
    path("log/trust", trust, name="log-trust"),
    path("trust/", trust_page, name="trust"),
    re_path(rf"^log/tile/(?P<address>{_TILE})$", tile, name="log-tile"),
]

"""Exit 0 when the server in this container is ready: asked as the proxy would ask, so that no redirect answers."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

request = urllib.request.Request("http://127.0.0.1:8000/readyz", headers={"X-Forwarded-Proto": "https"})
try:
    with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310  our own address
        sys.exit(0 if answer.status == 200 else 1)
except urllib.error.URLError:
    sys.exit(1)

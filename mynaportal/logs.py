"""Log lines say what happened, never about whom.

Our own code logs no personal data. This formatter is the second wall: what a caller may write into an address, or an
exception may carry, leaves the process without anything that looks like a number or a code.
"""

from __future__ import annotations

import logging
import re

_NUMBER = re.compile(r"(?<![0-9A-Fa-f-])[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9A-Fa-f-])")
_CODE = re.compile(r"\ba[0-9]{1,4}-[a-z2-7]{52}")
_UNKNOWN = "(unknown address)"


class Formatter(logging.Formatter):
    """Formats a line, then strikes out numbers and codes; an address is named by its route, not by what was typed."""

    def format(self, record: logging.LogRecord) -> str:
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        line = super().format(record)
        if path:
            match = getattr(request, "resolver_match", None)
            line = line.replace(path, match.route if match else _UNKNOWN)
        return _CODE.sub("(code)", _NUMBER.sub("(number)", line))

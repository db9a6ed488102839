"""Names of agencies for lists: one look-up for a whole page."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from agencies.models import Agency


def names_of(local_codes: Iterable[str]) -> dict[str, str]:
    """Local code to the agency's name in the active language; one that is no longer listed is "an agency"."""
    wanted = set(local_codes)
    known = Agency.objects.by_local_code(wanted)
    return {code: known[code].name if code in known else _("an agency") for code in wanted}

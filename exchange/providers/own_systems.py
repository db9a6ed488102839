"""An agency answers from its own system from now on, or has its copies kept here again."""

from __future__ import annotations

from django.db import transaction

from agencies.models import Agency, ApiClient
from databases import EXCHANGE
from exchange.providers import addresses, breaker


class NotAProvider(Exception):
    """The agency cannot answer from a system of its own. A sentence for who registers it."""


def register(*, agency: Agency, url: str) -> None:
    """Ask the agency at this address from now on: one that `checked` has returned for it."""
    _set(agency, provider_url=url, is_hosted=False)
    breaker.answered(agency)


def checked(*, agency: Agency, url: str) -> str:
    """The address as it will be signed, if the agency can be asked there.

    Raises NotAProvider, AddressNotAllowed, NameUnknown.
    """
    if agency.kind in (Agency.Kind.PORTAL, Agency.Kind.STAFF_DIRECTORY):
        raise NotAProvider("This agency is part of the service itself.")
    if not ApiClient.objects.filter(agency=agency, is_active=True).exists():
        raise NotAProvider("None of its clients is registered: nobody could sign its answers.")
    return addresses.checked(url).url


def clear(*, agency: Agency) -> None:
    """Its copies lie here again; its own system is asked no more."""
    _set(agency, provider_url="", is_hosted=True)


def _set(agency: Agency, *, provider_url: str, is_hosted: bool) -> None:
    agency.provider_url, agency.is_hosted = provider_url, is_hosted
    with transaction.atomic(using=EXCHANGE):
        agency.save(using=EXCHANGE, update_fields=["provider_url", "is_hosted"])

"""A blind inquiry (codes.blind) as JSON."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer

from api.fields import Identifier, Point, Proof, StrictSerializer, WholeNumber
from api.serializers.inquiries import WhatIsAsked


class HiddenCode(StrictSerializer):
    """Your code c for the person, encrypted with one random r to the provider's key Y and the portal's key Z."""

    ephemeral = Point(help_text="r * B.")
    for_provider = Point(help_text="c + r * Y.")
    for_portal = Point(help_text="c + r * Z.")
    proof = Proof(help_text="That both hide one code: equality of the logarithms of r * B and r * (Y - Z).")


@extend_schema_serializer(component_name="BlindInquiry")
class BlindInquiryRequest(WhatIsAsked):
    """What one agency asks another about one person whom the exchange's conversion does not see."""

    question = HiddenCode(help_text="The person.")
    epoch = WholeNumber(min_value=1, max_value=9999, help_text="Of the hidden code: the number after its letter a.")
    transaction = Identifier(help_text="A new random UUID. The proof is bound to it, and it works once.")

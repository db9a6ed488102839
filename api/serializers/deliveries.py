"""A notice and a charge as JSON, and the receipts for them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from api.fields import (
    Choice,
    Day,
    LimitedList,
    PdfContent,
    PersonCode,
    Reference,
    StrictSerializer,
    StrictText,
    WholeNumber,
)
from api.serializers.inquiries import AFFAIR
from notifications.delivery import LONGEST_BODY, LONGEST_SUBJECT
from notifications.documents import MOST_DOCUMENTS
from payments.charging import LONGEST_TITLE
from payments.models import LARGEST_AMOUNT

REFERENCE = r"[A-Za-z0-9][A-Za-z0-9._/-]*"
DOCUMENT_NAME = r"[^/\\]+\.pdf"


@extend_schema_serializer(component_name="Document")
class DocumentRequest(StrictSerializer):
    """A PDF that goes with a notice."""

    name = StrictText(max_length=100, pattern=DOCUMENT_NAME, help_text="File name, ending in .pdf.")
    content = PdfContent(help_text="The PDF in base64, at most 4 MB.")


@extend_schema_serializer(component_name="Notice")
class NoticeRequest(StrictSerializer):
    """A letter to one person's mailbox."""

    code = PersonCode(help_text="Your own code for the person.")
    affair = StrictText(pattern=AFFAIR, help_text="Code of the affair that you write about.")
    reference = Reference(
        max_length=64, pattern=REFERENCE, help_text="Your own reference. The same again is the same letter."
    )
    kind = Choice(choices=["NOTICE", "DECISION"], required=False, default="NOTICE")
    subject = StrictText(max_length=LONGEST_SUBJECT)
    body = StrictText(max_length=LONGEST_BODY, multiline=True)
    documents = LimitedList(child=DocumentRequest(), required=False, max_length=MOST_DOCUMENTS)


@extend_schema_serializer(component_name="NoticeReceipt")
class NoticeReceipt(serializers.Serializer[Any]):
    """That the letter lies in the mailbox. The same whether or not anyone has opened an account there."""

    reference = serializers.CharField()
    delivered_at = serializers.DateTimeField()
    record = serializers.UUIDField(help_text="Your reference of the access record of this delivery.")


@extend_schema_serializer(component_name="Charge")
class ChargeRequest(StrictSerializer):
    """A bill to one person."""

    code = PersonCode(help_text="Your own code for the person.")
    affair = StrictText(pattern=AFFAIR, help_text="Code of the affair that the charge is for.")
    reference = Reference(
        max_length=64, pattern=REFERENCE, help_text="Your own reference. The same again is the same bill."
    )
    title = StrictText(max_length=LONGEST_TITLE, help_text="What it is for, in the person's words.")
    amount = WholeNumber(min_value=1, max_value=LARGEST_AMOUNT, help_text="Yen.")
    due_on = Day()


@extend_schema_serializer(component_name="ChargeReceipt")
class ChargeReceipt(serializers.Serializer[Any]):
    """That the bill was issued."""

    reference = serializers.CharField()
    issued_at = serializers.DateTimeField()
    record = serializers.UUIDField(help_text="Your reference of the access record of this delivery.")

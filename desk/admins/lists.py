"""Lists for reading: what the clerk's agency sent, asked and was asked, and who takes part in the exchange.

No list shows a person: subjects stay sealed, references and codes are not among the columns, and no row leads anywhere.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from desk.admins.base import DeskModelAdmin
from desk.permissions import Act
from notifications.models import Message
from payments.models import Charge


class AgencyAdmin(DeskModelAdmin):
    """Who takes part in the exchange. Public knowledge."""

    seen_by = Act.SEE_AGENCIES
    title = _("Agencies in the exchange")
    list_display = ("name", "local_code", "corporate_number", "kind", "is_active")
    ordering = ("local_code",)

    @admin.display(description=_("name"))
    def name(self, agency: Agency) -> str:
        return agency.name


class MessageAdmin(DeskModelAdmin):
    """Letters that the clerk's agency sent: that, when and of which kind; never to whom, and never what they say."""

    seen_by = Act.SEE_NOTICES
    title = _("Letters sent by your agency")
    list_display = ("sent", "kind_of_letter")
    ordering = ("-sent_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.filter(sender=request.user.agency).only("id", "sent_at", "kind")

    @admin.display(description=_("sent at"))
    def sent(self, message: Message) -> Any:
        return message.sent_at

    @admin.display(description=_("kind"))
    def kind_of_letter(self, message: Message) -> str:
        return message.get_kind_display()


class ChargeAdmin(DeskModelAdmin):
    """Bills that the clerk's agency issued: the sum and the state; never whose, and never what for."""

    seen_by = Act.SEE_CHARGES
    title = _("Bills issued by your agency")
    list_display = ("issued", "amount_in_yen", "due", "state_of_bill")
    ordering = ("-issued_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Charge]:
        return Charge.objects.filter(agency=request.user.agency).only("id", "issued_at", "amount", "due_on", "state")

    @admin.display(description=_("issued at"))
    def issued(self, charge: Charge) -> Any:
        return charge.issued_at

    @admin.display(description=_("amount (yen)"))
    def amount_in_yen(self, charge: Charge) -> str:
        return f"{charge.amount:,}"

    @admin.display(description=_("due on"))
    def due(self, charge: Charge) -> Any:
        return charge.due_on

    @admin.display(description=_("state"))
    def state_of_bill(self, charge: Charge) -> str:
        return charge.get_state_display()

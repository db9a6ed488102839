"""Addresses of the mailbox and of payments."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.views import mailbox, payments

urlpatterns: list[URLPattern | URLResolver] = [
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<uuid:message_id>/", mailbox.message, name="message"),
    path("mailbox/documents/<uuid:document_id>/", mailbox.document, name="document"),
    path("payments/", payments.payments, name="payments"),
    path("payments/webhook/", payments.webhook, name="payment-webhook"),
    path("payments/<uuid:charge_id>/", payments.payment, name="payment"),
    path("payments/<uuid:charge_id>/pay/", payments.pay, name="pay"),
    path("payments/<uuid:charge_id>/return/", payments.back, name="payment-return"),
]

"""Addresses of the agencies' door."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from api.views import bulk, codes, deliveries, inquiries, keys, pages, schema, token
from api.views.base import NoSuchAddress

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.index, name="index"),
    path("problems/", pages.problem_list, name="problems"),
    path("problems/<slug:slug>", pages.problem, name="problem"),
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("keys", keys.Keys.as_view(), name="keys"),
    path("oauth/token", token.Token.as_view(), name="token"),
    path("v1/inquiries", inquiries.Inquiries.as_view(), name="inquiries"),
    path("v1/inquiries/bulk", bulk.Bulks.as_view(), name="bulk"),
    path("v1/inquiries/bulk/status", bulk.Status.as_view(), name="bulk-status"),
    path("v1/inquiries/bulk/results", bulk.Results.as_view(), name="bulk-results"),
    path("v1/inquiries/bulk/confirm", bulk.ConfirmResults.as_view(), name="bulk-confirm"),
    path("v1/inquiries/bulk/cancel", bulk.Cancel.as_view(), name="bulk-cancel"),
    path("v1/notices", deliveries.Notices.as_view(), name="notices"),
    path("v1/charges", deliveries.Charges.as_view(), name="charges"),
    path("v1/codes/collect", codes.Collect.as_view(), name="codes-collect"),
    path("v1/codes/confirm", codes.Confirm.as_view(), name="codes-confirm"),
    re_path(r"", NoSuchAddress.as_view(), name="no-such-address"),
]

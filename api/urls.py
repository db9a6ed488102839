"""Addresses of the agencies' door."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from api.views import (
    blind_inquiries,
    bulk,
    code_keys,
    codes,
    copies,
    deliveries,
    inquiries,
    keys,
    layouts,
    pages,
    permissions,
    provisions,
    questions,
    recalls,
    schema,
    token,
)
from api.views.base import NoSuchAddress

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.index, name="index"),
    path("problems/", pages.problem_list, name="problems"),
    path("problems/<slug:slug>", pages.problem, name="problem"),
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("keys", keys.Keys.as_view(), name="keys"),
    path("permissions", permissions.Permissions.as_view(), name="permissions"),
    path("layouts/", layouts.Layouts.as_view(), name="layouts"),
    path("layouts/<str:data_set>/<int:version>", layouts.OneLayout.as_view(), name="layout"),
    path("oauth/token", token.Token.as_view(), name="token"),
    path("v1/inquiries", inquiries.Inquiries.as_view(), name="inquiries"),
    path("v1/inquiries/result", inquiries.Result.as_view(), name="inquiries-result"),
    path("v1/inquiries/cancel", inquiries.Cancel.as_view(), name="inquiries-cancel"),
    path("v1/inquiries/callback", inquiries.Callback.as_view(), name="inquiries-callback"),
    path("v1/provisions/waiting", provisions.Waiting.as_view(), name="provisions-waiting"),
    path("v1/provisions/decide", provisions.Decide.as_view(), name="provisions-decide"),
    path("v1/provisions/by-hand", provisions.ByHand.as_view(), name="provisions-by-hand"),
    path("v1/inquiries/blind", blind_inquiries.BlindInquiries.as_view(), name="inquiries-blind"),
    path("v1/inquiries/bulk", bulk.Bulks.as_view(), name="bulk"),
    path("v1/inquiries/bulk/status", bulk.Status.as_view(), name="bulk-status"),
    path("v1/inquiries/bulk/results", bulk.Results.as_view(), name="bulk-results"),
    path("v1/inquiries/bulk/confirm", bulk.ConfirmResults.as_view(), name="bulk-confirm"),
    path("v1/inquiries/bulk/cancel", bulk.Cancel.as_view(), name="bulk-cancel"),
    path("v1/notices", deliveries.Notices.as_view(), name="notices"),
    path("v1/charges", deliveries.Charges.as_view(), name="charges"),
    path("v1/codes/collect", codes.Collect.as_view(), name="codes-collect"),
    path("v1/codes/confirm", codes.Confirm.as_view(), name="codes-confirm"),
    path("v1/copies/register", copies.Register.as_view(), name="copies-register"),
    path("v1/copies/withdraw", copies.Withdraw.as_view(), name="copies-withdraw"),
    path("v1/copies/stop", copies.StopCopies.as_view(), name="copies-stop"),
    path("v1/copies/resume", copies.Resume.as_view(), name="copies-resume"),
    path("v1/recalls/collect", recalls.Collect.as_view(), name="recalls-collect"),
    path("v1/recalls/confirm", recalls.Confirm.as_view(), name="recalls-confirm"),
    path("v1/questions/collect", questions.Collect.as_view(), name="questions-collect"),
    path("v1/questions/answer", questions.Answer.as_view(), name="questions-answer"),
    path("v1/codes/renew", codes.Renew.as_view(), name="codes-renew"),
    path("v1/keys/codes", code_keys.CodeKeys.as_view(), name="keys-codes"),
    path("v1/keys/code-key", code_keys.RegisterCodeKey.as_view(), name="keys-code-key"),
    re_path(r"", NoSuchAddress.as_view(), name="no-such-address"),
]

"""Addresses of this door. They stand in certificates: none may ever change."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from status import views


class Shard(StringConverter):
    regex = "[0-9a-z]{1,12}"


register_converter(Shard, "shard")

app_name = "status"
urlpatterns = [
    path("ocsp", views.respond, name="ocsp"),
    path("ocsp/<path:encoded>", views.respond_to_get, name="ocsp-get"),
    path("token", views.token, name="token"),
    path("access", views.may_see_everything, name="access"),
    path("<slug:authority>/<int:generation>/ca.cer", views.authority_certificate, name="authority"),
    path("<slug:authority>/<int:generation>/<shard:shard>.crl", views.revocation_list, name="list"),
]

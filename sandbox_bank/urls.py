"""Addresses of this door. In production there is none: a sandbox takes no part in it."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from sandbox_bank import views

app_name = "sandbox-bank"
urlpatterns: list[URLPattern | URLResolver] = []
if not settings.PRODUCTION:
    urlpatterns.append(path("pay/", views.pay, name="pay"))

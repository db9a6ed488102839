"""All addresses of the service, and one that checks the signature, inserts one row of 32 bytes and commits it."""

from __future__ import annotations

import os
from datetime import timedelta

from django.db import transaction
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.models import UsedOnce
from api.permissions import AgencyClient
from api.views.base import AgencyAddress
from databases import EXCHANGE
from mynaportal.urls import urlpatterns as every_door


class OneInsert(AgencyAddress):
    """The reference: an authenticated address with one insert."""

    permission_classes = [AgencyClient]

    def post(self, request: Request) -> Response:
        with transaction.atomic(using=EXCHANGE, durable=True):
            UsedOnce.objects.create(hash=os.urandom(32), expires_at=timezone.now() + timedelta(minutes=1))
        return Response({"written": True})


urlpatterns = [path("api/v1/one-insert", OneInsert.as_view()), *every_door]

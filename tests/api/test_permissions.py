"""Closed by default: a view that says nothing about who may call lets no one in."""

from __future__ import annotations

from django.conf import settings
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.permissions import AgencyClient, Nobody
from api.urls import urlpatterns
from api.views.base import AgencyAddress
from tests.api.sides import Country
from tests.support import DATABASES

pytestmark = DATABASES


class Forgotten(AgencyAddress):
    """A view whose author forgot to say who may call."""

    def post(self, request: Request) -> Response:
        return Response({"secret": True})


def test_a_forgotten_permission_lets_no_agency_in(country: Country, rf: RequestFactory) -> None:
    headers = {"Authorization": f"Bearer {country.chofu.token()}", "Content-Type": "application/json"}
    headers = country.chofu.signed("POST", "/api/v1/x", b"{}", headers)
    request = rf.post("/api/v1/x", b"{}", content_type="application/json", headers=headers)
    response = Forgotten.as_view()(request)
    assert response.status_code == 403
    assert b"secret" not in response.content


def test_the_default_is_nobody() -> None:
    assert APIView.permission_classes == [Nobody]
    assert settings.REST_FRAMEWORK["DEFAULT_PERMISSION_CLASSES"] == ["api.permissions.Nobody"]


def test_every_address_under_v1_is_for_agencies_only() -> None:
    views = {str(p.pattern): p.callback.cls for p in urlpatterns if str(p.pattern).startswith("v1/")}
    assert len(views) == 28
    assert {name for name, view in views.items() if vars(view).get("permission_classes") != [AgencyClient]} == set()
    assert {tuple(view.http_method_names) for view in views.values()} == {("post",)}

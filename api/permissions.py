"""Who may call. The default is nobody: a view that forgets to say stays closed."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.authentication import Caller


class Nobody(BasePermission):
    """Lets no one in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class AgencyClient(BasePermission):
    """Lets in an active client of an active agency with a valid access token, whatever it asks. What it may ask is
    the permission table's business, never the door's."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, Caller)

"""The one way in: a card. This backend only finds an account again; `crossings.sign_in` is what opens one."""

from __future__ import annotations

import uuid

from django.contrib.auth.backends import BaseBackend

from accounts.models import User


class CardBackend(BaseBackend):
    """Finds the account of a session. It takes no credentials: a card's answer is checked before `login`."""

    def get_user(self, user_id: uuid.UUID | str) -> User | None:
        """The account, unless it has been closed since: then its sessions end with the next request."""
        return User.objects.filter(pk=user_id, is_active=True).first()

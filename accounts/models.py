"""The one account model: a citizen by the portal's code, or a clerk by the staff directory's code."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from codes.fields import CodeField
from codes.rist1 import Code
from keys.sealing import keyed_hash


class UserManager(models.Manager["User"]):
    """Finds an account by the code that its holder's card proved."""

    def get_by_natural_key(self, key: str) -> User:
        return self.get(pk=key)

    def citizen(self, portal_code: Code) -> User:
        """The citizen's account, opened at the first sign-in."""
        found = self.filter(portal_code=portal_code).first()
        if found is None:
            # Two first sign-ins at once: the later row is passed over, not refused. A refusal would write the code
            # into the database server's error log.
            self.bulk_create([User(portal_code=portal_code)], ignore_conflicts=True)
            found = self.get(portal_code=portal_code)
        return found

    def clerk(self, staff_code: Code) -> User | None:
        """The clerk's account, if the post has one and it is active."""
        return self.filter(staff_code=staff_code, is_active=True).first()


class User(AbstractBaseUser):
    """One person in one capacity. A clerk's private account is another row and shares no value with the post."""

    class Post(models.TextChoices):
        CITIZEN = "CITIZEN", _("citizen")
        CLERK = "CLERK", _("clerk")
        SUPERVISOR = "SUPERVISOR", _("supervisor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portal_code = CodeField(null=True, unique=True, editable=False)
    staff_code = CodeField(null=True, unique=True, editable=False)
    agency = models.CharField(max_length=6, blank=True, help_text="The clerk's agency, by its local code.")
    post = models.CharField(max_length=10, choices=Post.choices, default=Post.CITIZEN)
    email_sealed = models.BinaryField(null=True, editable=False, help_text="Opened by accounts.contact.")
    language = models.CharField(max_length=2, default="ja")
    is_active = models.BooleanField(default=True)
    # Each session carries the round in which it began; a new round ends them all.
    session_round = models.PositiveIntegerField(default=0, editable=False)

    # Only a card signs anyone in: there is no password to guess, steal or reset.
    password = None  # type: ignore[assignment]
    # When is in the sign-in history, which the holder can read; a second copy would serve nobody.
    last_login = None  # type: ignore[assignment]

    objects = UserManager()

    USERNAME_FIELD = "id"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_is_citizen_or_clerk",
                condition=Q(post="CITIZEN", portal_code__isnull=False, staff_code__isnull=True, agency="")
                | (
                    Q(post__in=["CLERK", "SUPERVISOR"], portal_code__isnull=True, staff_code__isnull=False)
                    & ~Q(agency="")
                ),
            )
        ]

    def __str__(self) -> str:
        return str(self.get_post_display())

    def __repr__(self) -> str:
        return "<User>"

    @property
    def is_staff(self) -> bool:
        """Whether the desk's door opens for this account."""
        return self.is_active and self.post != self.Post.CITIZEN

    @property
    def is_supervisor(self) -> bool:
        return self.is_active and self.post == self.Post.SUPERVISOR

    def pseudonym(self, domain: str) -> str:
        """The name under which another database knows this clerk: a keyed value, different in each domain."""
        return keyed_hash("clerk-pseudonym", domain, self.pk.bytes).hex()[:32]

    def end_sessions(self) -> None:
        """End every session of this account, wherever it is open."""
        User.objects.filter(pk=self.pk).update(session_round=F("session_round") + 1)
        self.refresh_from_db(fields=["session_round"])

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What Django compares at each request. There is no password that could change; the round does."""
        salt = "accounts.models.User.session_round"
        return salted_hmac(salt, str(self.session_round), secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Django's generic permissions open nothing: each door's own rules decide."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class SignIn(models.Model):
    """One use of a card to enter, shown to its holder: when, for what, how it ended; no address and no device."""

    class Purpose(models.TextChoices):
        SIGN_IN = "sign-in", _("Signing in")
        DESK_SIGN_IN = "desk-sign-in", _("Signing in to the desk")
        CONFIRM = "confirm", _("Confirming with the card")

    class Result(models.TextChoices):
        ACCEPTED = "ACCEPTED", _("Accepted")
        REFUSED = "REFUSED", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sign_ins")
    at = models.DateTimeField()
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    result = models.CharField(max_length=8, choices=Result.choices)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["user", "-at"], name="sign_ins_of_user")]

    def __str__(self) -> str:
        return str(self.get_result_display())

"""Individual Number Cards, the certificates on them, and the challenges that they answer.

No row here holds a key, a PIN or an Individual Number: those exist only on the chip (one file of mode 0600 per card).
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cards.validity import day_in_japan
from codes.rist1 import Code, format_code, parse_code
from keys import sealing
from residents.models import Resident

_SEALED_FOR = "sign-in"


class CardQuerySet(models.QuerySet["Card"]):
    def of(self, resident: Resident) -> CardQuerySet:
        return self.filter(resident=resident)

    def live(self) -> CardQuerySet:
        """Handed over and not yet given back, replaced, expired or abolished; a stopped card is live."""
        return self.filter(state__in=Card.LIVE)

    def pending(self) -> CardQuerySet:
        """On its way from the application to the counter."""
        return self.filter(state__in=Card.PENDING)


class Card(models.Model):
    """One card of one resident, from the application to its end (Number Act, articles 16-2 to 18-2)."""

    class State(models.TextChoices):
        APPLIED = "APPLIED", _("applied for")
        REJECTED = "REJECTED", _("application sent back")
        IN_PRODUCTION = "IN_PRODUCTION", _("in production")
        SHIPPED = "SHIPPED", _("shipped to the municipality")
        READY = "READY", _("ready for collection")
        ACTIVE = "ACTIVE", _("in use")
        SUSPENDED = "SUSPENDED", _("stopped for a time")
        LOST = "LOST", _("reported lost")
        EXPIRED = "EXPIRED", _("expired")
        RETURNED = "RETURNED", _("given back")
        ABOLISHED = "ABOLISHED", _("abolished")
        CANCELLED = "CANCELLED", _("application withdrawn")
        REPLACED = "REPLACED", _("replaced by a new card")

    PENDING = (State.APPLIED, State.IN_PRODUCTION, State.SHIPPED, State.READY)
    LIVE = (State.ACTIVE, State.SUSPENDED, State.LOST)
    STOPPED = (State.SUSPENDED, State.LOST)
    ENDED = (State.REJECTED, State.EXPIRED, State.RETURNED, State.ABOLISHED, State.CANCELLED, State.REPLACED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+", editable=False)
    state = models.CharField(max_length=13, choices=State.choices, default=State.IN_PRODUCTION)
    chip_slug = models.SlugField(max_length=60, unique=True, help_text=_("The name of the chip's file."))
    issued_on = models.DateField()
    expires_on = models.DateField(help_text=_("The last day of validity, in Japan."))
    without_pins = models.BooleanField(default=False, help_text=_("For terminals that compare the face."))
    personalised_at = models.DateTimeField(null=True, editable=False)
    portal_code_sealed = models.BinaryField(editable=False)
    staff_code_sealed = models.BinaryField(null=True, editable=False)

    objects = CardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resident"], condition=Q(state__in=["ACTIVE", "SUSPENDED", "LOST"]), name="one_live_card"
            ),
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(state__in=["APPLIED", "IN_PRODUCTION", "SHIPPED", "READY"]),
                name="one_card_on_its_way",
            ),
            models.CheckConstraint(condition=Q(expires_on__gte=F("issued_on")), name="card_expires_after_issue"),
            models.CheckConstraint(
                condition=Q(personalised_at__isnull=False) | ~Q(state__in=["ACTIVE", "SUSPENDED", "LOST"]),
                name="live_card_is_personalised",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_state_display())

    def __repr__(self) -> str:
        return "<Card>"

    def is_usable(self, *, at: dt.datetime) -> bool:
        """Whether the card may be used at this instant: in use, and not past its last day in Japan."""
        return self.state == self.State.ACTIVE and day_in_japan(at) <= self.expires_on

    def seal_codes(self, *, portal_code: Code, staff_code: Code | None) -> None:
        """Keep the portal's code, and a clerk's code at the staff directory, so that only sign-in can open them."""
        self.portal_code_sealed = self._seal("portal_code", portal_code)
        self.staff_code_sealed = None if staff_code is None else self._seal("staff_code", staff_code)

    def portal_code(self) -> Code:
        """The holder's code at the portal. Raises keys.custody.KeyNotHere in a process of another door."""
        return self._open("portal_code", self.portal_code_sealed)

    def staff_code(self) -> Code | None:
        """The holder's code at the staff directory, when the holder is a clerk."""
        return None if self.staff_code_sealed is None else self._open("staff_code", self.staff_code_sealed)

    def _seal(self, column: str, code: Code) -> bytes:
        return sealing.seal(_SEALED_FOR, format_code(code).encode(), context=self._context(column))

    def _open(self, column: str, sealed: bytes | memoryview) -> Code:
        return parse_code(sealing.open_sealed(_SEALED_FOR, bytes(sealed), context=self._context(column)).decode())

    def _context(self, column: str) -> str:
        return f"cards.Card.{column}_sealed:{self.pk}"


class CardEvent(models.Model):
    """What happened to a card, when, and by whom: its history at the counter and on the holder's page."""

    class What(models.TextChoices):
        STATE = "", _("new state")
        CERTIFICATES_RENEWED = "CERTIFICATES_RENEWED", _("new certificates")
        SURFACE_UPDATED = "SURFACE_UPDATED", _("name and address written anew")
        PINS_SET = "PINS_SET", _("new PINs")
        PINS_REMOVED = "PINS_REMOVED", _("made a card without PINs")

    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=13, choices=Card.State.choices)
    what = models.CharField(max_length=20, choices=What.choices, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=64, blank=True, help_text=_("The clerk's pseudonym; empty for the holder."))

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return str(self.get_state_display())


class Certificate(models.Model):
    """One certificate that our authorities issued (JPKI Act, articles 3 and 22). Its status is this row."""

    class Purpose(models.TextChoices):
        USER_AUTHENTICATION = "USER_AUTHENTICATION", _("user authentication")
        SIGNATURE = "SIGNATURE", _("digital signature")

    class State(models.TextChoices):
        VALID = "VALID", _("valid")
        HELD = "HELD", _("on hold")
        REVOKED = "REVOKED", _("revoked")

    class Reason(models.TextChoices):
        """RFC 5280, section 5.3.1, as JPKI uses them. A hold is never released."""

        UNSPECIFIED = "unspecified", _("discarded before it was handed over")
        KEY_COMPROMISE = "keyCompromise", _("the key may be known to others")
        CA_COMPROMISE = "cACompromise", _("the authority's key may be known to others")
        AFFILIATION_CHANGED = "affiliationChanged", _("the registered particulars changed")
        SUPERSEDED = "superseded", _("renewed")
        CESSATION_OF_OPERATION = "cessationOfOperation", _("no longer needed")
        CERTIFICATE_HOLD = "certificateHold", _("stopped at the holder's wish")

    serial = models.CharField(primary_key=True, max_length=40, editable=False, help_text="Hexadecimal, no sign.")
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="certificates", editable=False)
    purpose = models.CharField(max_length=19, choices=Purpose.choices, editable=False)
    generation = models.PositiveSmallIntegerField(editable=False, help_text="Of the authority's key.")
    shard = models.CharField(max_length=6, editable=False, help_text="The revocation list that it belongs to.")
    not_before = models.DateTimeField(editable=False)
    not_after = models.DateTimeField(editable=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.VALID)
    revoked_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    der = models.BinaryField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["card", "purpose"], condition=Q(state="VALID"), name="one_live_certificate_of_a_purpose"
            ),
            models.CheckConstraint(
                condition=Q(state="VALID", revoked_at__isnull=True, reason="")
                | (~Q(state="VALID") & Q(revoked_at__isnull=False) & ~Q(reason="")),
                name="revocation_has_time_and_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["purpose", "shard", "state"], name="certificates_of_a_shard"),
            # All that a revocation list says, and nothing else: the table's rows, with their DER, are not read for it.
            models.Index(
                fields=["purpose", "generation", "shard", "not_after", "serial", "revoked_at", "reason"],
                condition=Q(revoked_at__isnull=False),
                name="revoked_certificates",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_purpose_display())

    def __repr__(self) -> str:
        return "<Certificate>"


class Challenge(models.Model):
    """A question that one card may answer once, for one browser session, one origin and one purpose."""

    class Purpose(models.TextChoices):
        SIGN_IN = "sign-in", _("sign in to the portal")
        DESK_SIGN_IN = "desk-sign-in", _("sign in to the desk")
        CONFIRM = "confirm", _("confirm what you are doing")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    nonce = models.BinaryField(editable=False)
    session_hash = models.CharField(max_length=64, editable=False, help_text="A keyed value of the session.")
    purpose = models.CharField(max_length=12, choices=Purpose.choices, editable=False)
    origin = models.CharField(max_length=255, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    certificate = models.ForeignKey(Certificate, null=True, on_delete=models.PROTECT, related_name="+", editable=False)
    used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, certificate__isnull=True)
                | Q(answered_at__isnull=False, certificate__isnull=False),
                name="answer_names_its_certificate",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(answered_at__isnull=False), name="only_answered_is_used"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_purpose_display())

    def __repr__(self) -> str:
        return "<Challenge>"


# What comes before a card is in use has a module of its own; Django finds models here.
from cards import application_models as application_models  # noqa: E402

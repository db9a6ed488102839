"""From the application to the counter: the form with its number, what was handed in, and who came for the card."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from keys import sealing
from residents.models import Entry

_SEALED_FOR = "card-photo"


class ApplicationForm(models.Model):
    """A printed form. Its id of 23 digits is bound to the name and address on it: after a move it is void."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application_id = models.CharField(max_length=23, unique=True, editable=False)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", editable=False)
    printed_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return str(_("application form"))

    def __repr__(self) -> str:
        return "<ApplicationForm>"


class Application(models.Model):
    """What was handed in for one card (Number Act, article 16-2), and how it was examined."""

    class Channel(models.TextChoices):
        POST = "POST", _("by post")
        PC = "PC", _("by computer")
        SMARTPHONE = "SMARTPHONE", _("by smartphone")
        BOOTH = "BOOTH", _("at a photo booth")
        COUNTER = "COUNTER", _("at the counter")

    class Express(models.TextChoices):
        """Who gets a card within about a week (since 2 December 2024)."""

        NO = "", _("no")
        NEWBORN = "NEWBORN", _("child under one year")
        LOST = "LOST", _("the card was lost")
        RETURNED = "RETURNED", _("came back from abroad")
        DAMAGED = "DAMAGED", _("the card does not work")

    class Refusal(models.TextChoices):
        NONE = "", _("none")
        PHOTO = "PHOTO", _("the photo does not show the applicant clearly")
        NOT_SIGNED = "NOT_SIGNED", _("the application is not signed")
        NOT_ENTITLED = "NOT_ENTITLED", _("the applicant is not on the register")

    card = models.OneToOneField("cards.Card", primary_key=True, on_delete=models.PROTECT, related_name="application")
    form = models.OneToOneField(ApplicationForm, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    express = models.CharField(max_length=8, choices=Express.choices, blank=True)
    without_pins = models.BooleanField(default=False)
    photo_sealed = models.BinaryField(null=True, editable=False, help_text="Until the card is made, then deleted.")
    applied_at = models.DateTimeField()
    taken_by = models.CharField(max_length=64, blank=True)
    examined_at = models.DateTimeField(null=True)
    examined_by = models.CharField(max_length=64, blank=True)
    refusal = models.CharField(max_length=12, choices=Refusal.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="examined_by_another_clerk",
                condition=Q(examined_at__isnull=True, examined_by="")
                | (Q(examined_at__isnull=False) & (Q(taken_by="") | ~Q(examined_by=F("taken_by")))),
            )
        ]

    def __str__(self) -> str:
        return str(self.get_channel_display())

    def seal_photo(self, photo: bytes | None) -> None:
        """Keep the photo so that only the counter and the factory can open it."""
        self.photo_sealed = None if photo is None else sealing.seal(_SEALED_FOR, photo, context=self._context())

    def photo(self) -> bytes | None:
        """Raises keys.custody.KeyNotHere in a process of another door."""
        if self.photo_sealed is None:
            return None
        return sealing.open_sealed(_SEALED_FOR, bytes(self.photo_sealed), context=self._context())

    def _context(self) -> str:
        return f"cards.Application.photo_sealed:{self.pk}"


class HandOver(models.Model):
    """Who came for the card, what showed who they are, and which clerks saw it (Number Act, article 16-2(3))."""

    class Collector(models.TextChoices):
        HOLDER = "HOLDER", _("the holder")
        REPRESENTATIVE = "REPRESENTATIVE", _("the statutory representative")
        PROXY = "PROXY", _("a proxy, because the holder cannot come")

    class Proof(models.TextChoices):
        PHOTO_DOCUMENT = "PHOTO_DOCUMENT", _("one document with a photo (licence, passport, residence card)")
        TWO_DOCUMENTS = "TWO_DOCUMENTS", _("two documents without a photo, and the letter of inquiry")

    class Hindrance(models.TextChoices):
        """Why the holder cannot come; being busy is none."""

        NONE = "", _("none")
        ILLNESS = "ILLNESS", _("illness or disability")
        CARE = "CARE", _("in a hospital or a home")
        AGE = "AGE", _("75 years or older, or a child")
        ABROAD = "ABROAD", _("studying away or abroad")

    card = models.OneToOneField("cards.Card", primary_key=True, on_delete=models.PROTECT, related_name="hand_over")
    collector = models.CharField(max_length=14, choices=Collector.choices)
    is_ward = models.BooleanField(default=False)
    proof = models.CharField(max_length=14, choices=Proof.choices)
    collector_proof = models.CharField(max_length=14, choices=Proof.choices, blank=True)
    hindrance = models.CharField(max_length=8, choices=Hindrance.choices, blank=True)
    checked_by = models.CharField(max_length=64)
    checked_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="proxy_was_confirmed_by_another_clerk",
                condition=Q(confirmed_at__isnull=True, confirmed_by="")
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_by="") & ~Q(confirmed_by=F("checked_by"))),
            ),
            models.CheckConstraint(
                name="handed_to_a_proxy_only_when_confirmed",
                condition=Q(handed_over_at__isnull=True) | ~Q(collector="PROXY") | Q(confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_collector_display())


class CertificatePair(models.Model):
    """Which signature certificate and which user authentication certificate are one person's, at the same time.

    (JPKI's association service: one registers with the one and signs in with the other.)
    """

    signature = models.OneToOneField(
        "cards.Certificate", primary_key=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    authentication = models.ForeignKey("cards.Certificate", on_delete=models.PROTECT, related_name="+", editable=False)


class CertificateSuccession(models.Model):
    """Which certificate came after which: a service that knew the old one may know the new one by it."""

    older = models.OneToOneField(
        "cards.Certificate", primary_key=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    newer = models.OneToOneField("cards.Certificate", on_delete=models.PROTECT, related_name="+", editable=False)

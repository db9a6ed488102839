"""Administrative organs and municipalities that take part in the exchange, and the programs that speak for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AgencyQuerySet(models.QuerySet["Agency"]):
    """Agencies in the exchange's words."""

    def active(self) -> AgencyQuerySet:
        return self.filter(is_active=True)

    def known(self, local_code: str) -> Agency | None:
        """The active agency with this local code, if there is one."""
        return next(iter(self.active().filter(local_code=local_code)), None)

    def by_local_code(self, local_codes: Iterable[str]) -> dict[str, Agency]:
        """Those with these local codes, active or not."""
        return {agency.local_code: agency for agency in self.filter(local_code__in=set(local_codes))}

    def portal(self) -> Agency:
        """The portal: an agency like any other, with codes of its own."""
        return self.get(kind=Agency.Kind.PORTAL)

    def staff_directory(self) -> Agency:
        """The directory under whose codes clerks sign in."""
        return self.get(kind=Agency.Kind.STAFF_DIRECTORY)


class Agency(models.Model):
    """One party of the exchange. Other databases name it by its local code."""

    class Kind(models.TextChoices):
        MUNICIPALITY = "MUNICIPALITY", _("municipality")
        PREFECTURE = "PREFECTURE", _("prefecture")
        PENSION = "PENSION", _("pension payer")
        TAX = "TAX", _("tax authority")
        HEALTH_INSURER = "HEALTH_INSURER", _("health insurer")
        LATE_ELDERLY_UNION = "LATE_ELDERLY_UNION", _("association for the medical care of the elderly")
        EMPLOYMENT = "EMPLOYMENT", _("employment security office")
        DIGITAL_AGENCY = "DIGITAL_AGENCY", _("Digital Agency")
        STAFF_DIRECTORY = "STAFF_DIRECTORY", _("staff directory")
        PORTAL = "PORTAL", _("portal")
        COMMISSION = "COMMISSION", _("supervisory commission")

    local_code = models.CharField(max_length=6, unique=True, validators=[RegexValidator(r"^[0-9]{6}$")])
    corporate_number = models.CharField(max_length=13, unique=True)
    name_ja = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    code_public_key = models.BinaryField(null=True, help_text="Y of the agency's own key pair.")
    is_active = models.BooleanField(default=True)
    assessment_until = models.DateField(null=True, help_text="The last day on which its impact assessment is valid.")
    is_hosted = models.BooleanField(default=True, help_text="Its copies lie in our holdings; else it answers itself.")
    provider_url = models.CharField(
        max_length=2000,
        blank=True,
        help_text="Where its own system is asked; empty: it is not registered as a provider.",
    )

    objects = AgencyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind__in=["PORTAL", "STAFF_DIRECTORY"]),
                name="one_portal_and_one_directory",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.name_ja if (get_language() or "ja").startswith("ja") else self.name_en

    def is_assessed(self, on: date) -> bool:
        """Whether its specific personal information protection assessment stands (articles 28 and 21(2))."""
        return self.assessment_until is not None and on <= self.assessment_until


class ProviderBreaker(models.Model):
    """How often in a row an agency's own system did not answer, and when it may be tried again. No row: it answers."""

    agency = models.OneToOneField(Agency, on_delete=models.CASCADE, related_name="+")
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    def __repr__(self) -> str:
        return "<ProviderBreaker>"


class ApiClient(models.Model):
    """A program of an agency, known by its public key; the private key never comes here."""

    client_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="clients")
    jwk = models.JSONField(help_text="Public JWK (RFC 7517): EC P-256, or OKP Ed25519.")
    is_active = models.BooleanField(default=True)

    def __repr__(self) -> str:
        return "<ApiClient>"

    @property
    def is_usable(self) -> bool:
        """Whether the client and its agency are both active."""
        return self.is_active and self.agency.is_active


class UsedOnce(models.Model):
    """Something that works once and has been used: a client assertion (RFC 7523 section 3, jti), or the nonce of a
    signed request (RFC 9421 section 7.2.2). Its row makes a second use fail; nobody reads from the hash what it was."""

    hash = models.BinaryField(unique=True)
    expires_at = models.DateTimeField(db_index=True)


class Verifier(models.Model):
    """A client whose agency is registered to ask about the status of certificates (JPKI Act, articles 17 and 36)."""

    class Kind(models.TextChoices):
        SIGNATURE = "SIGNATURE", _("signature verifier (article 17)")
        USER_AUTHENTICATION = "USER_AUTHENTICATION", _("user authentication verifier (article 36)")

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="registrations")
    kind = models.CharField(max_length=19, choices=Kind.choices)
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "kind"], condition=Q(ended_at__isnull=True), name="one_registration_of_a_kind"
            ),
        ]

    def __repr__(self) -> str:
        return "<Verifier>"

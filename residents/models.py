"""The Basic Resident Register (Basic Resident Registration Act): residents, and every version of their records.

A record is never overwritten: each act adds an `Entry`, and "what did the record say on date D" is `as_of(D)`.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.days import day_of
from residents.entries import EntryQuerySet


class Sex(models.TextChoices):
    """JIS X 0303."""

    MALE = "1", _("male")
    FEMALE = "2", _("female")
    NOT_APPLICABLE = "9", _("not stated")


class Relation(models.TextChoices):
    """Relation to the head of the household (Act art. 7 no. 4)."""

    HEAD = "HEAD", _("head of household")
    HUSBAND = "HUSBAND", _("husband")
    WIFE = "WIFE", _("wife")
    CHILD = "CHILD", _("child")
    FATHER = "FATHER", _("father")
    MOTHER = "MOTHER", _("mother")
    SIBLING = "SIBLING", _("brother or sister")
    GRANDCHILD = "GRANDCHILD", _("grandchild")
    GRANDPARENT = "GRANDPARENT", _("grandfather or grandmother")
    RELATIVE = "RELATIVE", _("relative")
    LODGER = "LODGER", _("living together")


class NationalityClass(models.TextChoices):
    """Who is on the register: Japanese nationals, and the classes of foreign residents of art. 30-45."""

    JAPANESE = "JAPANESE", _("Japanese national")
    SPECIAL_PERMANENT = "SPECIAL_PERMANENT", _("special permanent resident")
    PERMANENT = "PERMANENT", _("permanent resident")
    MID_TO_LONG_TERM = "MID_TO_LONG_TERM", _("mid- to long-term resident")
    TEMPORARY_REFUGE = "TEMPORARY_REFUGE", _("person with temporary refuge")
    TRANSITIONAL = "TRANSITIONAL", _("transitional resident by birth or loss of nationality")


UNLIMITED_STAY = (NationalityClass.JAPANESE, NationalityClass.SPECIAL_PERMANENT, NationalityClass.PERMANENT)


class Status(models.TextChoices):
    RESIDENT = "RESIDENT", _("resident")
    MOVED_OUT = "MOVED_OUT", _("moved out")
    ABROAD = "ABROAD", _("living abroad")
    DECEASED = "DECEASED", _("deceased")


class Event(models.TextChoices):
    BIRTH = "BIRTH", _("birth")
    REGISTERED = "REGISTERED", _("first entry on moving in")
    FROM_ABROAD = "FROM_ABROAD", _("entry from abroad")
    MOVED_OUT = "MOVED_OUT", _("moving out")
    MOVED_IN = "MOVED_IN", _("moving in")
    MOVED_WITHIN = "MOVED_WITHIN", _("moving within the municipality")
    NAME_CHANGED = "NAME_CHANGED", _("change of name")
    HOUSEHOLD_CHANGED = "HOUSEHOLD_CHANGED", _("change of household")
    STAY_CHANGED = "STAY_CHANGED", _("change of residence status")
    LEFT_JAPAN = "LEFT_JAPAN", _("leaving Japan")
    RETURNED = "RETURNED", _("return to Japan")
    DIED = "DIED", _("death")
    CORRECTED = "CORRECTED", _("correction of the record")


class Resident(models.Model):
    """A person who is or was on the register. The same one for life: after a move, years abroad, a change of name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident_record_code = models.CharField(max_length=11, unique=True)
    # Named after the content of the first notification, so that one sent twice makes one person.
    first_notification = models.UUIDField(unique=True, editable=False, default=uuid.uuid4)

    class Meta:
        verbose_name = _("resident")
        verbose_name_plural = _("residents")

    @property
    def current(self) -> Entry:
        """What the record says now."""
        return self.entries.current().get()

    def local_id_at(self, local_government_code: str) -> str | None:
        """The municipality's in-house id of the person, or None where it never had one."""
        found = LocalPerson.objects.filter(resident=self, local_government_code=local_government_code)
        return found.values_list("local_id", flat=True).first()

    @property
    def local_id(self) -> str:
        """The in-house id at the municipality of the current entry."""
        return LocalPerson.objects.get(resident=self, local_government_code=self.current.local_government_code).local_id

    def is_protected(self, at: datetime) -> bool:
        """Whether support measures for a victim of domestic violence hold at this moment."""
        return Protection.objects.of(self).in_force(at).exists()


class Household(models.Model):
    """People who live together and share a livelihood."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")


class LocalPerson(models.Model):
    """The in-house id (15 digits) under which one municipality's own systems know a person. Kept when he moves away."""

    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    local_government_code = models.CharField(max_length=6)
    local_id = models.CharField(max_length=15)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident", "local_government_code"], name="one_local_id_per_municipality"),
            models.UniqueConstraint(fields=["local_government_code", "local_id"], name="local_id_names_one_person"),
        ]


class Entry(models.Model):
    """One version of what the record says: from `effective_on`, as noted at `recorded_at`. Never changed or deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="entries")
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    event = models.CharField(_("event"), max_length=20, choices=Event.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.CharField(_("recorded by"), max_length=64)

    family_name = models.CharField(_("family name"), max_length=100, blank=True)
    given_name = models.CharField(_("given name"), max_length=100, blank=True)
    family_kana = models.CharField(_("family name in kana"), max_length=100, blank=True)
    given_kana = models.CharField(_("given name in kana"), max_length=100, blank=True)
    latin_name = models.CharField(_("name in Latin letters"), max_length=200, blank=True)
    former_name = models.CharField(_("former family name"), max_length=100, blank=True)
    name_search = models.CharField(max_length=200, editable=False)
    birth_date = models.CharField(_("date of birth"), max_length=10)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex.choices)

    local_government_code = models.CharField(_("local government code"), max_length=6)
    postal_code = models.CharField(_("postal code"), max_length=7)
    prefecture = models.CharField(_("prefecture"), max_length=20)
    municipality = models.CharField(_("municipality"), max_length=50)
    town = models.CharField(_("town"), max_length=100, blank=True)
    street = models.CharField(_("house number"), max_length=100, blank=True)
    building = models.CharField(_("building"), max_length=100, blank=True)

    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="entries")
    relation = models.CharField(_("relation to the head of household"), max_length=12, choices=Relation.choices)
    nationality_class = models.CharField(_("nationality class"), max_length=20, choices=NationalityClass.choices)
    stay_until = models.DateField(_("period of stay until"), null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the resident register")
        verbose_name_plural = _("entries of the resident register")
        constraints = [
            models.UniqueConstraint(fields=["resident", "version"], name="one_entry_per_version"),
            models.UniqueConstraint(fields=["resident"], condition=Q(is_current=True), name="one_current_entry"),
            models.CheckConstraint(
                name="period_of_stay_where_limited",
                condition=Q(nationality_class__in=UNLIMITED_STAY, stay_until__isnull=True)
                | (~Q(nationality_class__in=UNLIMITED_STAY) & Q(stay_until__isnull=False)),
            ),
            models.CheckConstraint(name="known_sex_code", condition=Q(sex__in=Sex.values)),
            models.CheckConstraint(name="known_status", condition=Q(status__in=Status.values)),
        ]
        indexes = [
            models.Index(fields=["local_government_code", "birth_date"], name="entry_by_birth_date"),
            models.Index(fields=["local_government_code", "family_kana", "given_kana"], name="entry_by_kana"),
            models.Index(fields=["local_government_code", "name_search"], name="entry_by_name"),
        ]

    @property
    def full_name(self) -> str:
        """Family and given name with U+3000 between, as on a certificate; the Latin name where there is no other."""
        return "\u3000".join(part for part in (self.family_name, self.given_name) if part) or self.latin_name

    @property
    def full_kana(self) -> str:
        return "\u3000".join(part for part in (self.family_kana, self.given_kana) if part)

    @property
    def full_address(self) -> str:
        """The address on one line, the building behind U+3000."""
        line = self.prefecture + self.municipality + self.town + self.street
        return f"{line}\u3000{self.building}" if self.building else line

    def content(self) -> dict[str, Any]:
        """What this version says of the person, without who noted it and when."""
        return {name: getattr(self, name) for name in CONTENT}


# Everything that the next version inherits unless an act changes it.
CONTENT = (
    "status", "family_name", "given_name", "family_kana", "given_kana", "latin_name", "former_name", "name_search",
    "birth_date", "sex", "local_government_code", "postal_code", "prefecture", "municipality", "town", "street",
    "building", "household_id", "relation", "nationality_class", "stay_until",
)  # fmt: skip


class ProtectionQuerySet(models.QuerySet["Protection"]):
    def of(self, resident: Resident) -> ProtectionQuerySet:
        return self.filter(resident=resident)

    def in_force(self, at: datetime) -> ProtectionQuerySet:
        """Begun, not ended, not lifted on the day (Asia/Tokyo) of `at`. The last day counts."""
        day = day_of(at)
        return self.filter(from_on__lte=day, until_on__gte=day, lifted_at__isnull=True)


class Protection(models.Model):
    """Support measures for a victim of domestic violence, stalking or abuse: one year, renewable.

    (Guideline on handling of basic resident register affairs, part 5-10.) Set by one clerk, lifted by two.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField(_("from"))
    until_on = models.DateField(_("until"))
    requested_by = models.CharField(_("set by"), max_length=64)
    requested_at = models.DateTimeField(_("set at"))
    lifting_requested_by = models.CharField(_("lifting requested by"), max_length=64, blank=True)
    lifting_requested_at = models.DateTimeField(_("lifting requested at"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=64, blank=True)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)

    objects = ProtectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("support measure")
        verbose_name_plural = _("support measures")
        constraints = [
            models.CheckConstraint(name="protection_ends_after_begin", condition=Q(until_on__gte=F("from_on"))),
            models.CheckConstraint(
                name="lifted_by_two_clerks",
                condition=Q(lifted_at__isnull=True, lifted_by="")
                | (
                    Q(lifted_at__isnull=False)
                    & ~Q(lifted_by="")
                    & ~Q(lifting_requested_by="")
                    & ~Q(lifted_by=F("lifting_requested_by"))
                ),
            ),
        ]

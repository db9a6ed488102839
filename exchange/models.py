"""What the exchange keeps: its scalars, codes on their way to an agency, and the records.

A record is two rows. The leaf holds no personal data and is never changed or deleted; it carries a salted hash of the
side row, which holds the rest sealed and may be deleted when the seven years of its keeping are over. Triggers in the
database see to both (migration 0002), and to the tree over the leaves (migration 0003).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q

from agencies.models import Agency
from exchange import canonical_json
from exchange.bulk_models import Bulk as Bulk
from exchange.bulk_models import BulkBatch as BulkBatch
from exchange.statute_models import StatuteChange as StatuteChange


class CodeScalar(models.Model):
    """The exchange's secret scalar for one agency and epoch: `code = scalar · person`. There is no row per person."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveSmallIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "epoch"], name="one_scalar_per_agency_and_epoch")]


class CodeIssue(models.Model):
    """A code that waits for its agency, encrypted to the agency's key; deleted when the agency confirms.

    The acquisition number may not be kept longer than the acquisition needs (article 21-2).
    """

    acquisition = models.UUIDField(primary_key=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveSmallIntegerField()
    ephemeral = models.BinaryField()
    body = models.BinaryField()
    local_id_sealed = models.BinaryField()


class Kind(models.TextChoices):
    """Why a code was used at all: each has its rows in the permission table. Or, about no person and without a row,
    TRUST: who is believed or what is permitted has changed (exchange.trust)."""

    INQUIRY = "INQUIRY"
    DELIVERY = "DELIVERY"
    SELF = "SELF"
    LOOK = "LOOK"
    TRUST = "TRUST"


class Phase(models.TextChoices):
    """An event opens as ASKED or REFUSED; one that was asked closes as ANSWERED."""

    ASKED = "ASKED"
    ANSWERED = "ANSWERED"
    REFUSED = "REFUSED"


class Leaf(models.Model):
    """One entry of the log: canonical JSON without personal data, and its RFC 9162 leaf hash. Never changed."""

    index = models.BigIntegerField(primary_key=True, help_text="Contiguous from 0, in the order of commits.")
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    body = models.TextField()
    hash = models.BinaryField()
    written_at = models.DateTimeField()

    def __repr__(self) -> str:
        return "<Leaf>"


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    """Records in the words of article 23."""

    def about(self, subject: bytes) -> AccessRecordQuerySet:
        return self.filter(subject=subject)

    def opening(self) -> AccessRecordQuerySet:
        """The first row of each event."""
        return self.exclude(phase=Phase.ANSWERED)

    def saying(self, name: str, *values: str) -> AccessRecordQuerySet:
        """Those whose leaf has one of these values under this name."""
        return self.filter(_says(name, values))

    def saying_none_of(self, name: str, values: Sequence[str]) -> AccessRecordQuerySet:
        """Those whose leaf has another value under this name."""
        return self.exclude(_says(name, values))

    def disclosed(self, on: date) -> AccessRecordQuerySet:
        """What the person may see on that day."""
        return self.filter(disclosed_from__lte=on)

    def withheld(self, on: date) -> AccessRecordQuerySet:
        """What the law keeps from the person for now (article 23(2))."""
        return self.filter(Q(disclosed_from__isnull=True) | Q(disclosed_from__gt=on))


def _says(name: str, values: Sequence[str]) -> Q:
    return reduce(or_, [Q(leaf__body__contains=canonical_json.member(name, value)) for value in values])


class AccessRecord(models.Model):
    """The side row of a leaf: whom it concerns (a keyed hash, never a code) and what must be sealed."""

    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT, primary_key=True, related_name="record")
    event = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    phase = models.CharField(max_length=10, choices=Phase.choices)
    subject = models.BinaryField(null=True)
    private_sealed = models.BinaryField()
    disclosed_from = models.DateField(null=True, help_text="Empty or in the future: withheld (article 23(2)).")
    at = models.DateTimeField()

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-leaf"], name="record_of_subject"),
            models.Index(fields=["-leaf"], condition=Q(kind="TRUST"), name="record_of_trust"),
            models.Index(fields=["at"], name="record_by_time"),
            models.Index(fields=["disclosed_from"], name="record_by_disclosure"),
            models.Index(fields=["-leaf"], condition=Q(phase="REFUSED"), name="refusals_newest_first"),
            models.Index(fields=["-at"], condition=Q(kind="LOOK"), name="looks_newest_first"),
        ]
        constraints = [
            # One index says both, and finds an event's rows.
            models.UniqueConstraint(
                "event",
                models.ExpressionWrapper(Q(phase="ANSWERED"), output_field=models.BooleanField()),
                name="an_event_opens_once_and_closes_once",
            ),
        ]

    def __repr__(self) -> str:
        return "<AccessRecord>"


class Recall(models.Model):
    """What the receiver of an event got turned out to be wrong, and was corrected or withdrawn (exchange.recalls)."""

    id = models.UUIDField(primary_key=True, editable=False)
    event = models.UUIDField(db_index=True)
    receiver = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    data_set = models.CharField(max_length=16)
    reason = models.CharField(max_length=13)
    at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, help_text="When the receiver had noted it.")

    class Meta:
        indexes = [models.Index(fields=["receiver"], condition=Q(confirmed_at__isnull=True), name="recall_that_waits")]

    def __repr__(self) -> str:
        return "<Recall>"


class Tile(models.Model):
    """256 hashes of one level of the tree, 8,192 bytes, written when the tile is full (C2SP tlog-tiles)."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField(help_text="The hash over all of it: one hash of the tile above.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="one_tile_per_place")]


class Checkpoint(models.Model):
    """What the log signed of itself after each batch: its size and root, as a note (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    frontier = models.BinaryField(help_text="The compact range: all that the next leaf needs of the tree.")


class Cosignature(models.Model):
    """A witness saw this checkpoint, and that it continues the one before (C2SP tlog-cosignature)."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=200)
    line = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="a_witness_signs_once")]


# What is asked for later, what a citizen asks and what is counted have modules of their own; Django finds models here.
from exchange import inquiry_models as inquiry_models  # noqa: E402
from exchange import question_models as question_models  # noqa: E402
from exchange import statistics_models as statistics_models  # noqa: E402

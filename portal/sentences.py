"""One sentence per event, as one person would tell it to another: who asked whom, for what, and how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crossings.purposes import Purpose, in_words
from exchange.looks import GROUNDS
from exchange.models import Kind
from exchange.records import Record
from holdings.periods import legal_day
from portal.templatetags.portal_text import written_day

# Asking all agencies for one's own information is one wish, though it makes one record at each of them.
_ONE_WISH = dt.timedelta(minutes=2)
_CODE_ISSUE = GROUNDS["code-issue"][0]
_PROTECTION = GROUNDS["protection"][0]


class Badge(NamedTuple):
    """The result in a word; `tone` is the badge's class, never the only sign."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A record and what is said about it."""

    record: Record
    sentence: str
    badge: Badge

    @property
    def recall(self) -> str:
        """That the provider corrected or withdrew later what it had provided here; empty where it did not."""
        record = self.record
        if record.recalled_at is None:
            return ""
        words = {
            "whom": record.provider.name if record.provider else "",
            "day": written_day(legal_day(record.recalled_at), weekday=False),
        }
        if record.is_withdrawn:
            return _("On %(day)s, %(whom)s withdrew what it had provided here: it should not have been given.") % words
        return _("On %(day)s, %(whom)s corrected what it had provided here: it had been wrong.") % words

    @property
    def is_look(self) -> bool:
        """A clerk looked; records of this kind are also about codes that were issued and agencies that were told."""
        return self.record.kind == Kind.LOOK and self.record.affair not in (_CODE_ISSUE, _PROTECTION)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that are told together: one event of somebody else's, or one showing of one's own information."""

    lines: list[Line]
    is_own: bool

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def sentence(self) -> str:
        count = len(self.lines)
        return ngettext(
            "You had your own information shown: %(count)s question to the agencies.",
            "You had your own information shown: %(count)s questions to the agencies.",
            count,
        ) % {"count": count}


def line_of(record: Record) -> Line:
    return Line(record, _sentence(record), badge_of(record))


def grouped(records: Iterable[Record]) -> list[Group]:
    """Newest first as they came, with neighbouring looks of one's own put together."""
    groups: list[Group] = []
    for record in records:
        line = line_of(record)
        is_own = record.kind == Kind.SELF
        last = groups[-1] if groups else None
        if is_own and last and last.is_own and last.lines[-1].record.asked_at - record.asked_at <= _ONE_WISH:
            last.lines.append(line)
        else:
            groups.append(Group([line], is_own))
    return groups


def badge_of(record: Record) -> Badge:
    """What came back. A refusal is told as plainly as an answer."""
    if record.is_refused:
        return Badge("stop", _("Refused"))
    if record.kind == Kind.LOOK and record.affair == _CODE_ISSUE:
        return Badge("plain", _("Code issued"))
    if record.kind == Kind.LOOK and record.affair == _PROTECTION:
        return Badge("plain", _("Agency told"))
    if record.kind == Kind.LOOK:
        return Badge("note", _("Looked at"))
    if record.kind == Kind.DELIVERY and record.outcome == "0000":
        return Badge("ok", _("Delivered"))
    if record.outcome == "0000":
        return Badge("ok", _("Answered"))
    if record.outcome == "0004":
        return Badge("plain", _("No record held"))
    if record.outcome == "3003":
        return Badge("note", _("Not registered yet"))
    if record.is_pending:
        return Badge("note", _("Not answered yet"))
    if record.outcome == "4001":
        return Badge("plain", _("Declined"))
    if record.outcome == "4002":
        return Badge("plain", _("Taken back"))
    return Badge("care", _("No answer"))


def purpose_of(record: Record) -> str:
    """For what a clerk looked, in the words of the list that clerks choose from, and the clerk's own after them."""
    return in_words(record.purpose) if record.purpose.partition(": ")[0] in Purpose.values else ""


def _sentence(record: Record) -> str:
    words = {
        "who": record.inquirer.name,
        "whom": record.provider.name if record.provider else "",
        "what": record.data_set_name or _("something that the law does not know"),
        "why": record.affair_name,
    }
    if record.kind == Kind.LOOK:
        return _look(record, words)
    if record.kind == Kind.DELIVERY:
        return _delivery(record, words)
    if record.kind == Kind.SELF:
        return _("You asked %(whom)s for your own “%(what)s”.") % words
    if record.is_refused:
        return _("%(who)s wanted to ask %(whom)s about “%(what)s”. It was refused, and nothing was given.") % words
    if record.on_behalf_of:
        delegated = {**words, "delegator": record.on_behalf_of.name}
        return _("%(who)s, on behalf of %(delegator)s, asked %(whom)s about “%(what)s”, for “%(why)s”.") % delegated
    return _("%(who)s asked %(whom)s about “%(what)s”, for “%(why)s”.") % words


def _look(record: Record, words: dict[str, str]) -> str:
    if record.is_refused:
        return _("A clerk of %(who)s wanted to look at “%(what)s”. It was refused, and nothing was shown.") % words
    if record.affair == _CODE_ISSUE:
        return _("%(who)s was given its own code for you, in place of your number.") % words
    if record.affair == _PROTECTION:
        return _("%(who)s told %(whom)s whether support measures protect your address.") % words
    purpose = purpose_of(record)
    if purpose:
        return _("A clerk of %(who)s looked at “%(what)s”, for %(purpose)s.") % {**words, "purpose": purpose}
    return _("A clerk of %(who)s looked at “%(what)s”.") % words


def _delivery(record: Record, words: dict[str, str]) -> str:
    if record.is_refused:
        return _("%(who)s wanted to send you something. It was refused, and nothing was delivered.") % words
    return _("%(who)s sent you: %(what)s, for “%(why)s”.") % words

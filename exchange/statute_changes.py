"""A change of the permission table: one person proposes, another approves, and both acts are on record.

Statutory rows are the network's: its administrator proposes. A row that follows an ordinance (article 19 item 9) is
proposed by the municipality whose ordinance it is, and by no other. The network's administrator approves either. What
would break the checks of the table (exchange.checks) is refused when it is proposed and again when it is approved, for
the table may have changed in between. No change reaches into the past: what was permitted stays permitted for that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from django.db import connections, transaction
from django.utils.translation import gettext as _

from agencies.models import Agency
from databases import EXCHANGE
from exchange import checks, statute, trust
from exchange.models import Kind, StatuteChange
from exchange.statute import Rule
from exchange.trust import Act, Change
from holdings.periods import legal_day

_LOCK = 0x6D796E61_73746174
_LONGEST_ROW, _LONGEST_NAME, _LONGEST_REASON = 16, 200, 300
_NAMES = ("affair", "affair_ja", "affair_en", "procedure", "article_ja", "article_en")


class NotAccepted(Exception):
    """The change is refused. The text says why, in plain words, and may be shown."""


class SamePerson(NotAccepted):
    """Who proposed a change never approves it."""


class NotWaiting(NotAccepted):
    """The change has been decided."""


def add(*, line: Mapping[str, str], agency: Agency, by: str, reason: str, at: datetime) -> StatuteChange:
    """Propose a row, as statute.csv writes it. `by` is a pseudonym of a clerk of the agency. Raises NotAccepted."""
    rule = _read(line)
    change = StatuteChange(act=StatuteChange.Act.ADD, row=rule.row, line=rule.line())
    return _propose(change, rule, agency=agency, by=by, reason=reason, at=at)


def close(*, row: str, valid_to: date, agency: Agency, by: str, reason: str, at: datetime) -> StatuteChange:
    """Propose the last day of a row. Raises NotAccepted."""
    rule = statute.rule_of(row)
    if rule is None:
        raise NotAccepted(_("There is no such row."))
    change = StatuteChange(act=StatuteChange.Act.CLOSE, row=row, valid_to=valid_to)
    return _propose(change, rule, agency=agency, by=by, reason=reason, at=at)


def approve(*, change: StatuteChange, agency: Agency, by: str, at: datetime) -> int:
    """The second person puts the change into the table; returns the new version. Every process knows it after
    statute.LEASE seconds. Raises NotAccepted, SamePerson, NotWaiting."""
    if agency.kind != Agency.Kind.PORTAL:
        raise NotAccepted(_("Only the network's administrator decides on changes of the table."))
    _require_another(change, by)
    _check(change, _in_force(), at)
    recorded = _change(Act.ROW_APPROVED, change, agency, by)
    with trust.recorded(recorded, at=at):
        version = _approve(change, by, at)
        recorded.facts["version"] = version
    statute.forget()
    return version


def reject(*, change: StatuteChange, agency: Agency, by: str, at: datetime) -> None:
    """The change does not come into the table; who proposed it may take it back so. Raises NotAccepted, NotWaiting."""
    if agency.kind != Agency.Kind.PORTAL and agency.local_code != change.agency:
        raise NotAccepted(_("Only the network's administrator decides on changes of the table."))
    if change.state != StatuteChange.State.PROPOSED:
        raise NotWaiting(_("This change has been decided."))
    with trust.recorded(_change(Act.ROW_REJECTED, change, agency, by), at=at):
        _decide(change, state=StatuteChange.State.REJECTED, decided_by=by, decided_at=at)


def may_propose(agency: Agency, rule: Rule) -> bool:
    """Whether the agency's clerks may add such a row or close it."""
    if rule.ordinance_of:
        return agency.local_code == rule.requester_kind and agency.kind == Agency.Kind.MUNICIPALITY
    return agency.kind == Agency.Kind.PORTAL


def _propose(change: StatuteChange, rule: Rule, *, agency: Agency, by: str, reason: str, at: datetime) -> StatuteChange:
    if not may_propose(agency, rule):
        raise NotAccepted(_("Your agency does not propose such a row."))
    if not 0 < len(reason.strip()) <= _LONGEST_REASON:
        raise NotAccepted(_("State the reason, in 300 characters at most."))
    _check(change, _in_force(), at)
    change.agency, change.proposed_by, change.proposed_at, change.reason = agency.local_code, by, at, reason.strip()
    with trust.recorded(_change(Act.ROW_PROPOSED, change, agency, by), at=at), transaction.atomic(using=EXCHANGE):
        change.save(force_insert=True)
    return change


def _approve(change: StatuteChange, by: str, at: datetime) -> int:
    with transaction.atomic(using=EXCHANGE, durable=True):
        connection = connections[EXCHANGE]
        if connection.vendor == "postgresql":  # SQLite has one writer at a time
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        change.refresh_from_db()
        _require_another(change, by)
        _check(change, _in_force(), at)
        version = StatuteChange.objects.version() + 1
        _decide(change, state=StatuteChange.State.APPROVED, decided_by=by, decided_at=at, version=version)
    return version


def _decide(change: StatuteChange, **decision: object) -> None:
    waiting = StatuteChange.objects.filter(pk=change.pk, state=StatuteChange.State.PROPOSED)
    if not waiting.update(**decision):
        raise NotWaiting(_("This change has been decided."))
    change.refresh_from_db()


def _require_another(change: StatuteChange, by: str) -> None:
    if change.state != StatuteChange.State.PROPOSED:
        raise NotWaiting(_("This change has been decided."))
    if change.proposed_by == by:
        raise SamePerson(_("You proposed this change yourself: a colleague must decide."))


def _in_force() -> dict[str, Rule]:
    """The table with all that is approved at this moment, whatever this process keeps."""
    return statute.with_changes(statute.reference(), StatuteChange.objects.approved())


def _check(change: StatuteChange, rules: dict[str, Rule], at: datetime) -> None:
    """Raises NotAccepted."""
    today = legal_day(at)
    if change.act == StatuteChange.Act.ADD:
        if change.row in rules:
            raise NotAccepted(_("There is a row of this name already. A row is never edited."))
        begins = statute.rule_from(change.line).valid_from
        if begins < today:
            raise NotAccepted(_("The first day has passed: no row reaches into the past."))
    else:
        rule, last = rules.get(change.row), change.valid_to
        if rule is None or last is None:
            raise NotAccepted(_("There is no such row."))
        if last < today:
            raise NotAccepted(_("The last day has passed: what was permitted stays so for its day."))
        if last >= (rule.valid_to or date.max):
            raise NotAccepted(_("The row ends by then anyway."))
    if faults := checks.faults(statute.with_changes(rules, [change])):
        raise NotAccepted(" ".join(faults))


def _read(line: Mapping[str, str]) -> Rule:
    """Raises NotAccepted."""
    try:
        rule = statute.rule_from(line)
    except (KeyError, ValueError):
        raise NotAccepted(_("The row is not complete, or names a data set that there is not.")) from None
    texts = [line[name] for name in _NAMES]
    if not all(0 < len(text) <= _LONGEST_NAME and text.isprintable() for text in texts):
        raise NotAccepted(_("Affair, procedure and article need their names, in both languages."))
    if not (rule.row.isascii() and rule.row.isalnum() and len(rule.row) <= _LONGEST_ROW):
        raise NotAccepted(_("A row is named by letters and digits, 16 at most."))
    if rule.kind == Kind.TRUST or any(item not in statute.items() for item in rule.items):
        raise NotAccepted(_("The row names a kind or an item that there is not."))
    return replace(rule, items=tuple(dict.fromkeys(rule.items)))


def _change(act: Act, change: StatuteChange, agency: Agency, by: str) -> Change:
    facts: dict[str, str | int] = {"change": str(change.act), "id": str(change.pk), "row": change.row}
    if change.valid_to:
        facts["until"] = change.valid_to.isoformat()
    else:
        facts["row_hash"] = statute.rule_from(change.line).digest()
    return Change(act=act, agency=agency, by=by, reason=change.reason, facts=facts)

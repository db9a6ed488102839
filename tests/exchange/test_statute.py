"""The permission table: closed by default, and sound."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.models import Agency
from exchange import checks, statute
from exchange.models import Kind
from exchange.statute import AssessmentMissing, ItemNotAllowed, NoLegalBasis, legal_basis
from tests.exchange.people import CHILD_ALLOWANCE, DEPENDANTS, FIXED_ASSET_TAX, LOCAL_TAX, TOTAL_INCOME

TODAY = date(2026, 11, 22)


def party(kind: str = "MUNICIPALITY", local_code: str = "132080", **changes) -> Agency:
    facts = {"pk": int(local_code), "local_code": local_code, "kind": kind, "assessment_until": date(2031, 3, 31)}
    return Agency(**{**facts, **changes})


def basis(**changes):
    question = {
        "kind": Kind.INQUIRY,
        "inquirer": party(),
        "provider": party(local_code="132047"),
        "affair": CHILD_ALLOWANCE,
        "data_set": LOCAL_TAX,
        "items": [TOTAL_INCOME],
        "on": TODAY,
    }
    return legal_basis(**{**question, **changes})


def test_the_row_of_child_allowance():
    rule = basis()
    assert (rule.row, rule.procedure) == ("I01", "JT90000000000001")
    assert rule.article == "番号法第19条第8号"
    with translation.override("en"):
        assert rule.article == "My Number Act, article 19, item 8"
        assert (rule.affair.name, rule.data_set.name) == (
            "Child Allowance: recognition and change of amount",
            "Local tax",
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Kind.DELIVERY},
        {"inquirer": party("TAX", "900027")},
        {"provider": party("PREFECTURE", "130001")},
        {"affair": "JM00000000000000"},
        {"affair": ""},
        {"data_set": "TM90000000000006"},
        {"on": date(2024, 5, 26)},
        {"inquirer": party(is_active=False)},
        {"provider": party(local_code="132047", is_active=False)},
        {"provider": party()},  # itself
    ],
)
def test_what_no_row_names_has_no_legal_basis(changes):
    with pytest.raises(NoLegalBasis):
        basis(**changes)


def test_every_item_must_stand_in_the_row():
    for items in ([FIXED_ASSET_TAX], [TOTAL_INCOME, FIXED_ASSET_TAX], ["9999999999"], []):
        with pytest.raises(ItemNotAllowed):
            basis(items=items)


def test_both_assessments_must_stand_on_the_day():
    for until in (None, date(2026, 11, 21)):
        with pytest.raises(AssessmentMissing):
            basis(inquirer=party(assessment_until=until))
        with pytest.raises(AssessmentMissing):
            basis(provider=party(local_code="132047", assessment_until=until))
    assert basis(inquirer=party(assessment_until=TODAY)).row == "I01"


def test_an_ordinance_is_its_municipalitys_alone():
    question = {"affair": "JM90000000000025", "items": [TOTAL_INCOME, DEPENDANTS]}
    assert basis(**question).ordinance_of == "I21b"
    with pytest.raises(NoLegalBasis):
        basis(**question, inquirer=party(local_code="132063"))
    with pytest.raises(ItemNotAllowed):
        basis(affair="JM90000000000025", items=["0200000020"])


def test_a_row_is_in_force_from_its_first_to_its_last_day():
    rule = replace(statute.rules()["I01"], valid_from=date(2026, 4, 1), valid_to=date(2026, 4, 2))
    days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)]
    assert [rule.is_in_force(day) for day in days] == [False, True, True, False]


def test_all_25_rows_of_the_sheet_are_there():
    numbers = {int(row[1:3]) for row, rule in statute.rules().items() if rule.kind == Kind.INQUIRY}
    assert numbers == set(range(1, 26))
    assert {rule.kind for rule in statute.rules().values()} == set(Kind) - {Kind.TRUST}


def test_no_row_gives_more_than_its_items():
    """For every row: each of its items is given, each other item of its data set is refused."""
    for rule in statute.rules().values():
        municipal = rule.requester_kind.isdigit()
        inquirer = party("MUNICIPALITY", rule.requester_kind) if municipal else party(rule.requester_kind, "111111")
        provider = inquirer if rule.kind == Kind.LOOK else party(rule.provider_kind, "222222")
        question = {
            "kind": rule.kind, "inquirer": inquirer, "provider": provider, "affair": rule.affair.code,
            "data_set": rule.data_set.code, "on": TODAY,
        }  # fmt: skip
        assert legal_basis(**question, items=rule.items) == rule
        others = {item.code for item in statute.items().values()} - set(rule.items)
        for item in others:
            with pytest.raises(ItemNotAllowed):
                legal_basis(**question, items=[*rule.items, item])


CODES = st.sampled_from(sorted(statute.items()))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_asked_only_items_of_one_row_in_force_are_permitted(data):
    """Any kind, parties, affair, data set, items and day: what is permitted is named by the row that is returned."""
    rules = sorted(statute.rules().values(), key=lambda rule: rule.row)
    like, other = data.draw(st.sampled_from(rules)), data.draw(st.sampled_from(rules))
    kinds = [Agency.Kind.MUNICIPALITY, like.requester_kind, like.provider_kind, other.provider_kind]
    inquirer, provider = (
        party(data.draw(st.sampled_from([kind for kind in kinds if not kind.isdigit()])), local_code)
        for local_code in (data.draw(st.sampled_from(["132047", "132080"])), "222222")
    )
    items = data.draw(st.lists(st.one_of(st.sampled_from(like.items or other.items or ("",)), CODES), max_size=5))
    on = data.draw(st.dates(date(2015, 1, 1), date(2035, 1, 1)))
    question = {
        "kind": like.kind, "inquirer": inquirer, "provider": provider, "affair": like.affair.code,
        "data_set": data.draw(st.sampled_from([like.data_set.code, other.data_set.code])), "items": items, "on": on,
    }  # fmt: skip
    try:
        rule = legal_basis(**question)
    except statute.NotPermitted:
        return
    assert set(items) <= set(rule.items)
    assert (rule.kind, rule.affair.code, rule.data_set.code) == (like.kind, like.affair.code, question["data_set"])
    assert rule.requester_kind in (inquirer.kind, inquirer.local_code) and rule.provider_kind == provider.kind
    assert rule.is_in_force(on) and inquirer.is_assessed(on) and provider.is_assessed(on)


def test_the_table_is_sound():
    assert checks.statute_is_sound() == []


def test_an_unsound_table_is_reported():
    ordinance, statutory = statute.rules()["I25"], statute.rules()["I21b"]
    wrong = {
        "more items": replace(ordinance, items=(*ordinance.items, FIXED_ASSET_TAX)),
        "other provider": replace(ordinance, provider_kind="PREFECTURE"),
        "follows nothing": replace(ordinance, ordinance_of="I99"),
        "follows an ordinance": replace(ordinance, ordinance_of="I25"),
        "item of another set": replace(statutory, items=("0100000010",)),
        "ends first": replace(statutory, valid_to=date(2020, 1, 1)),
    }
    for name, rule in wrong.items():
        assert checks.faults({**statute.rules(), rule.row: rule}), name


def test_every_code_has_its_form_and_both_names():
    for term in [*statute.affairs().values(), *statute.data_sets().values(), *statute.items().values()]:
        assert term.name_ja and term.name_en
        assert term.code.isalnum() and len(term.code) in (10, 16)

"""Columns of codes: each is found, and each says whose codes it holds."""

from __future__ import annotations

from codes import columns


def test_every_column_of_codes_says_by_its_name_whose_they_are():
    found = {(model._meta.label, field.name) for model, field in columns.every_column()}
    assert {label for label, _ in found} >= {"accounts.User", "notifications.Mailbox", "payments.Charge"}
    for model, field in columns.every_column():
        if field.name == columns.OF_AGENCY:
            assert model._meta.get_field("agency").max_length == 6, "a column of the agency's local code"
        else:
            assert field.name in columns.OWN_COLUMNS


def test_an_agency_has_its_columns_in_holdings_and_the_portal_its_own_besides():
    of_city = {(column.model._meta.label, column.name) for column in columns.columns_of("132047")}
    models = ("ByHand", "Holding", "Protection", "ProvisionCopy", "Stop", "WaitingQuestion")
    assert of_city == {(f"holdings.{name}", "code") for name in models}
    of_portal = {(column.model._meta.label, column.name) for column in columns.columns_of("900043", "portal_code")}
    assert of_portal - of_city == {
        (label, "portal_code") for label in ("accounts.User", "notifications.Mailbox", "payments.Charge")
    }

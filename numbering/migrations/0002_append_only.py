"""No issued number is ever deleted or comes back from retirement; what was unmasked and changed stays on record."""

from django.db import migrations

NEVER_DELETED = (
    "numbering_issuednumber",
    "numbering_personsecret",
    "numbering_issuedcode",
    "numbering_numberchange",
    "numbering_unmasking",
)
# Sealed values may be sealed again under a newer key, index columns may be rotated; the rest is fixed.
FIXED = {
    "numbering_issuednumber": ("id", "resident_id", "assigned_at"),
    "numbering_personsecret": ("id", "resident_id"),
    "numbering_unmasking": ("id", "issued_number_id", "by", "reason", "at"),
}


def _sqlite(execute):
    for table in NEVER_DELETED:
        execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is never deleted'); END"
        )
    for table, columns in FIXED.items():
        names = ", ".join(f'"{column}"' for column in columns)
        execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {names} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
        )
    execute(
        "CREATE TRIGGER numbering_issuednumber_retired BEFORE UPDATE OF state ON numbering_issuednumber "
        "WHEN OLD.state = 'RETIRED' BEGIN SELECT RAISE(ABORT, 'a former number never comes back'); END"
    )
    execute(
        "CREATE TRIGGER numbering_numberchange_done BEFORE UPDATE ON numbering_numberchange "
        "WHEN OLD.approved_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an approved change is never changed'); END"
    )


def _postgresql(execute):
    execute(
        "CREATE FUNCTION numbering_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in NEVER_DELETED:
        execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION numbering_refuse()"
        )
    for table, columns in FIXED.items():
        names = ", ".join(f'"{column}"' for column in columns)
        execute(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {names} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION numbering_refuse()"
        )
    execute(
        "CREATE TRIGGER numbering_issuednumber_retired BEFORE UPDATE OF state ON numbering_issuednumber "
        "FOR EACH ROW WHEN (OLD.state = 'RETIRED') EXECUTE FUNCTION numbering_refuse()"
    )
    execute(
        "CREATE TRIGGER numbering_numberchange_done BEFORE UPDATE ON numbering_numberchange "
        "FOR EACH ROW WHEN (OLD.approved_at IS NOT NULL) EXECUTE FUNCTION numbering_refuse()"
    )


def forward(apps, schema_editor):
    def execute(sql):
        schema_editor.execute(sql, params=None)  # the functions' text has a percent sign of its own

    {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor](execute)


def backward(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    triggers = [(table, f"{table}_no_delete") for table in NEVER_DELETED]
    triggers += [(table, f"{table}_fixed") for table in FIXED]
    triggers += [("numbering_issuednumber", "numbering_issuednumber_retired")]
    triggers += [("numbering_numberchange", "numbering_numberchange_done")]
    for table, trigger in triggers:
        schema_editor.execute(f"DROP TRIGGER {trigger}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        schema_editor.execute("DROP FUNCTION numbering_refuse()")


class Migration(migrations.Migration):
    dependencies = [("numbering", "0001_initial")]
    operations = [migrations.RunPython(forward, backward)]

"""The register's history cannot be rewritten: an entry is never deleted, and only stops being the current one."""

from django.db import migrations

NEVER_DELETED = ("residents_resident", "residents_entry", "residents_localperson", "residents_protection")
MAY_CHANGE = {"residents_entry": {"is_current"}, "residents_localperson": set()}


def _sqlite(execute, columns_of):
    for table in NEVER_DELETED:
        execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is never deleted'); END"
        )
    for table, allowed in MAY_CHANGE.items():
        fixed = ", ".join(f'"{column}"' for column in columns_of(table) if column not in allowed)
        execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {fixed} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
        )


def _postgresql(execute, columns_of):
    execute(
        "CREATE FUNCTION residents_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in NEVER_DELETED:
        execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION residents_refuse()"
        )
    for table, allowed in MAY_CHANGE.items():
        fixed = ", ".join(f'"{column}"' for column in columns_of(table) if column not in allowed)
        execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {fixed} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION residents_refuse()"
        )


def forward(apps, schema_editor):
    def execute(sql):
        schema_editor.execute(sql, params=None)  # the functions' text has a percent sign of its own

    def columns_of(table):
        with schema_editor.connection.cursor() as cursor:
            return [column.name for column in schema_editor.connection.introspection.get_table_description(cursor, table)]

    {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor](execute, columns_of)


def backward(apps, schema_editor):
    on = "" if schema_editor.connection.vendor == "sqlite" else " ON {table}"
    for table in NEVER_DELETED:
        schema_editor.execute(f"DROP TRIGGER {table}_no_delete" + on.format(table=table))
    for table in MAY_CHANGE:
        schema_editor.execute(f"DROP TRIGGER {table}_no_update" + on.format(table=table))
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION residents_refuse()")


class Migration(migrations.Migration):
    dependencies = [("residents", "0001_initial")]
    operations = [migrations.RunPython(forward, backward)]

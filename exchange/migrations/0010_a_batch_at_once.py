"""Records come in batches, and the database checks a batch at once.

One unique index says that an event opens once and closes once, and finds an event's rows: where there were three. On
PostgreSQL the order of the leaves is checked for each statement, not for each row. SQLite counts row by row as before.
"""

from django.db import migrations, models

IN_ORDER = """
DROP TRIGGER leaf_in_order ON exchange_leaf;
DROP FUNCTION exchange_leaf_in_order();
CREATE FUNCTION exchange_leaves_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first bigint;
    last bigint;
    number bigint;
BEGIN
    SELECT MIN("index"), MAX("index"), COUNT(*) INTO first, last, number FROM fresh;
    IF number > 0 AND (
        last - first + 1 <> number
        OR first <> (SELECT COALESCE(MAX("index") + 1, 0) FROM exchange_leaf WHERE "index" < first)
        OR last <> (SELECT MAX("index") FROM exchange_leaf)
    ) THEN
        RAISE EXCEPTION 'A leaf follows the last one.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER leaf_in_order AFTER INSERT ON exchange_leaf REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_leaves_in_order();
"""
ROW_BY_ROW = """
DROP TRIGGER leaf_in_order ON exchange_leaf;
DROP FUNCTION exchange_leaves_in_order();
CREATE FUNCTION exchange_leaf_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW."index" IS DISTINCT FROM (SELECT COALESCE(MAX("index") + 1, 0) FROM exchange_leaf) THEN
        RAISE EXCEPTION 'A leaf follows the last one.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER leaf_in_order BEFORE INSERT ON exchange_leaf
    FOR EACH ROW EXECUTE FUNCTION exchange_leaf_in_order();
"""


def check_each_statement(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(IN_ORDER, params=None)


def check_each_row(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ROW_BY_ROW, params=None)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0009_no_queue")]

    operations = [
        migrations.AddConstraint(
            model_name="accessrecord",
            constraint=models.UniqueConstraint(
                models.F("event"),
                models.ExpressionWrapper(models.Q(("phase", "ANSWERED")), output_field=models.BooleanField()),
                name="an_event_opens_once_and_closes_once",
            ),
        ),
        migrations.RemoveConstraint(model_name="accessrecord", name="an_event_opens_once"),
        migrations.RemoveConstraint(model_name="accessrecord", name="an_event_closes_once"),
        # Not AlterField on the database: SQLite would make the table anew, and its triggers would be gone.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(model_name="accessrecord", name="event", field=models.UUIDField()),
            ],
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX exchange_accessrecord_event_73f4aa74",
                    "CREATE INDEX exchange_accessrecord_event_73f4aa74 ON exchange_accessrecord (event)",
                ),
            ],
        ),
        migrations.RunPython(check_each_statement, check_each_row),
    ]

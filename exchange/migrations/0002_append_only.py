"""The database itself keeps the records: a leaf is never changed or deleted, a side row only after seven years.

SQLite's `INSERT OR REPLACE` deletes without firing a delete trigger, so an insert is checked too; a leaf's index must
be the next one.
"""

from django.db import migrations

SQLITE = (
    """CREATE TRIGGER leaf_no_update BEFORE UPDATE ON exchange_leaf
       BEGIN SELECT RAISE(ABORT, 'A leaf is never changed.'); END""",
    """CREATE TRIGGER leaf_no_delete BEFORE DELETE ON exchange_leaf
       BEGIN SELECT RAISE(ABORT, 'A leaf is never deleted.'); END""",
    """CREATE TRIGGER leaf_in_order BEFORE INSERT ON exchange_leaf
       WHEN NEW."index" IS NOT (SELECT COALESCE(MAX("index") + 1, 0) FROM exchange_leaf)
            OR EXISTS (SELECT 1 FROM exchange_leaf WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'A leaf follows the last one.'); END""",
    """CREATE TRIGGER record_no_update BEFORE UPDATE ON exchange_accessrecord
       BEGIN SELECT RAISE(ABORT, 'A record is never changed.'); END""",
    """CREATE TRIGGER record_kept_seven_years BEFORE DELETE ON exchange_accessrecord
       WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%S', 'now', '-7 years')
       BEGIN SELECT RAISE(ABORT, 'A record is kept for seven years.'); END""",
    """CREATE TRIGGER record_no_replace BEFORE INSERT ON exchange_accessrecord
       WHEN EXISTS (SELECT 1 FROM exchange_accessrecord WHERE leaf_id = NEW.leaf_id
                    OR (event = NEW.event AND (phase = 'ANSWERED') = (NEW.phase = 'ANSWERED')))
       BEGIN SELECT RAISE(ABORT, 'A record is never replaced.'); END""",
)
SQLITE_NAMES = (
    "leaf_no_update",
    "leaf_no_delete",
    "leaf_in_order",
    "record_no_update",
    "record_kept_seven_years",
    "record_no_replace",
)

POSTGRESQL = """
CREATE FUNCTION exchange_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The records of the exchange are append-only.' USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION exchange_leaf_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW."index" IS DISTINCT FROM (SELECT COALESCE(MAX("index") + 1, 0) FROM exchange_leaf) THEN
        RAISE EXCEPTION 'A leaf follows the last one.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION exchange_kept_seven_years() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at > now() - interval '7 years' THEN
        RAISE EXCEPTION 'A record is kept for seven years.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER leaf_no_change BEFORE UPDATE OR DELETE ON exchange_leaf
    FOR EACH ROW EXECUTE FUNCTION exchange_refuse();
CREATE TRIGGER leaf_no_truncate BEFORE TRUNCATE ON exchange_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse();
CREATE TRIGGER leaf_in_order BEFORE INSERT ON exchange_leaf
    FOR EACH ROW EXECUTE FUNCTION exchange_leaf_in_order();
CREATE TRIGGER record_no_update BEFORE UPDATE ON exchange_accessrecord
    FOR EACH ROW EXECUTE FUNCTION exchange_refuse();
CREATE TRIGGER record_no_truncate BEFORE TRUNCATE ON exchange_accessrecord
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse();
CREATE TRIGGER record_kept_seven_years BEFORE DELETE ON exchange_accessrecord
    FOR EACH ROW EXECUTE FUNCTION exchange_kept_seven_years();
"""
POSTGRESQL_UNDO = """
DROP TRIGGER leaf_no_change ON exchange_leaf;
DROP TRIGGER leaf_no_truncate ON exchange_leaf;
DROP TRIGGER leaf_in_order ON exchange_leaf;
DROP TRIGGER record_no_update ON exchange_accessrecord;
DROP TRIGGER record_no_truncate ON exchange_accessrecord;
DROP TRIGGER record_kept_seven_years ON exchange_accessrecord;
DROP FUNCTION exchange_refuse();
DROP FUNCTION exchange_leaf_in_order();
DROP FUNCTION exchange_kept_seven_years();
"""


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(POSTGRESQL, params=None)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE_NAMES:
            schema_editor.execute(f"DROP TRIGGER {name}")
    else:
        schema_editor.execute(POSTGRESQL_UNDO, params=None)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]

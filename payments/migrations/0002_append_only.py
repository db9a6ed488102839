"""The journal's rules, kept by the database itself on both engines.

Lines come first and their head last: the head is refused unless at least two lines sum to zero; after it no line is
taken, and neither heads nor lines are ever changed or removed. A line whose head never comes fails at commit (deferred
foreign key).
"""

from django.db import migrations

FORWARD = {
    "sqlite": [
        """CREATE TRIGGER payments_line_never_changes BEFORE UPDATE ON payments_line
           BEGIN SELECT RAISE(ABORT, 'The journal is append-only.'); END""",
        """CREATE TRIGGER payments_line_never_goes BEFORE DELETE ON payments_line
           BEGIN SELECT RAISE(ABORT, 'The journal is append-only.'); END""",
        """CREATE TRIGGER payments_journal_never_changes BEFORE UPDATE ON payments_journal
           BEGIN SELECT RAISE(ABORT, 'The journal is append-only.'); END""",
        """CREATE TRIGGER payments_journal_never_goes BEFORE DELETE ON payments_journal
           BEGIN SELECT RAISE(ABORT, 'The journal is append-only.'); END""",
        # INSERT OR REPLACE removes the old row without asking the DELETE trigger, so that an id in use is refused here.
        """CREATE TRIGGER payments_line_comes_first BEFORE INSERT ON payments_line
           WHEN EXISTS (SELECT 1 FROM payments_journal WHERE id = NEW.journal_id)
             OR EXISTS (SELECT 1 FROM payments_line WHERE id = NEW.id)
           BEGIN SELECT RAISE(ABORT, 'The posting is closed.'); END""",
        """CREATE TRIGGER payments_journal_sums_to_zero BEFORE INSERT ON payments_journal
           WHEN (SELECT COUNT(*) < 2 OR SUM(amount) <> 0 FROM payments_line WHERE journal_id = NEW.id)
             OR EXISTS (SELECT 1 FROM payments_journal WHERE id = NEW.id OR (
                        kind = NEW.kind AND charge_id = NEW.charge_id AND payment_id IS NEW.payment_id))
           BEGIN SELECT RAISE(ABORT, 'A posting needs two lines or more that sum to zero.'); END""",
    ],
    "postgresql": [
        """CREATE FUNCTION payments_journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'The journal is append-only.' USING ERRCODE = 'check_violation'; END $$""",
        """CREATE TRIGGER payments_line_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_line
           FOR EACH STATEMENT EXECUTE FUNCTION payments_journal_is_append_only()""",
        """CREATE TRIGGER payments_journal_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_journal
           FOR EACH STATEMENT EXECUTE FUNCTION payments_journal_is_append_only()""",
        # The lock makes a line and a head of one posting wait for each other, so that neither slips past the other's check.
        """CREATE FUNCTION payments_line_comes_first() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             PERFORM pg_advisory_xact_lock(hashtextextended(NEW.journal_id::text, 0));
             IF EXISTS (SELECT 1 FROM payments_journal WHERE id = NEW.journal_id) THEN
               RAISE EXCEPTION 'The posting is closed.' USING ERRCODE = 'check_violation';
             END IF;
             RETURN NEW;
           END $$""",
        """CREATE TRIGGER payments_line_comes_first BEFORE INSERT ON payments_line
           FOR EACH ROW EXECUTE FUNCTION payments_line_comes_first()""",
        """CREATE FUNCTION payments_journal_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             PERFORM pg_advisory_xact_lock(hashtextextended(NEW.id::text, 0));
             IF (SELECT COUNT(*) < 2 OR SUM(amount) <> 0 FROM payments_line WHERE journal_id = NEW.id) THEN
               RAISE EXCEPTION 'A posting needs two lines or more that sum to zero.' USING ERRCODE = 'check_violation';
             END IF;
             RETURN NEW;
           END $$""",
        """CREATE TRIGGER payments_journal_sums_to_zero BEFORE INSERT ON payments_journal
           FOR EACH ROW EXECUTE FUNCTION payments_journal_sums_to_zero()""",
    ],
}

BACKWARD = {
    "sqlite": [
        f"DROP TRIGGER {name}"
        for name in (
            "payments_line_never_changes",
            "payments_line_never_goes",
            "payments_journal_never_changes",
            "payments_journal_never_goes",
            "payments_line_comes_first",
            "payments_journal_sums_to_zero",
        )
    ],
    "postgresql": [
        "DROP FUNCTION payments_journal_is_append_only() CASCADE",
        "DROP FUNCTION payments_line_comes_first() CASCADE",
        "DROP FUNCTION payments_journal_sums_to_zero() CASCADE",
    ],
}


def _run(statements):
    def run(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return run


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(_run(FORWARD), _run(BACKWARD))]

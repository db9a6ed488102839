"""Changes of the permission table, and the place of changes of trust in the log.

A change begins as proposed; what was proposed stays, a decision is final, and each approved change has the next number.
As in 0002, SQLite's `INSERT OR REPLACE` is refused by a check of inserts.
"""

import uuid
from django.db import migrations, models


SAME = ("id", "act", "row", "line", "valid_to", "agency", "proposed_by", "proposed_at", "reason")
NEXT = "(SELECT COALESCE(MAX(version), 0) + 1 FROM exchange_statutechange)"


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        changed = " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in SAME)
        for name, when in (
            ("no_update", f"BEFORE UPDATE ON exchange_statutechange WHEN OLD.state <> 'PROPOSED' OR {changed}"),
            ("in_order", f"BEFORE UPDATE ON exchange_statutechange WHEN NEW.version IS NOT NULL AND NEW.version <> {NEXT}"),
            ("no_delete", "BEFORE DELETE ON exchange_statutechange"),
            (
                "no_replace",
                "BEFORE INSERT ON exchange_statutechange WHEN NEW.state <> 'PROPOSED'"
                " OR EXISTS (SELECT 1 FROM exchange_statutechange WHERE id = NEW.id)",
            ),
        ):
            schema_editor.execute(
                f"CREATE TRIGGER statutechange_{name} {when}"
                f" BEGIN SELECT RAISE(ABORT, 'A change of the permission table is decided once.'); END"
            )
    else:
        changed = " OR ".join(f'OLD."{name}" IS DISTINCT FROM NEW."{name}"' for name in SAME)
        schema_editor.execute(
            f"""
            CREATE FUNCTION exchange_statutechange_decided() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    IF NEW.state <> 'PROPOSED' THEN
                        RAISE EXCEPTION 'A change begins as proposed.' USING ERRCODE = 'restrict_violation';
                    END IF;
                ELSIF OLD.state <> 'PROPOSED' OR {changed} OR NEW.version <> {NEXT} THEN
                    RAISE EXCEPTION 'A change is decided once.' USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER statutechange_decided BEFORE INSERT OR UPDATE ON exchange_statutechange
                FOR EACH ROW EXECUTE FUNCTION exchange_statutechange_decided();
            CREATE TRIGGER statutechange_no_delete BEFORE DELETE ON exchange_statutechange
                FOR EACH ROW EXECUTE FUNCTION exchange_refuse();
            CREATE TRIGGER statutechange_no_truncate BEFORE TRUNCATE ON exchange_statutechange
                FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse();
            """,
            params=None,
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in ("no_update", "in_order", "no_delete", "no_replace"):
            schema_editor.execute(f"DROP TRIGGER statutechange_{name}")
    else:
        for name in ("decided", "no_delete", "no_truncate"):
            schema_editor.execute(f"DROP TRIGGER statutechange_{name} ON exchange_statutechange")
        schema_editor.execute("DROP FUNCTION exchange_statutechange_decided()")


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0006_recalls'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatuteChange',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('act', models.CharField(choices=[('ADD', 'Add'), ('CLOSE', 'Close')], max_length=5)),
                ('row', models.CharField(max_length=16)),
                ('line', models.JSONField(default=dict, help_text='A row to add, as statute.csv writes it.')),
                ('valid_to', models.DateField(help_text='The last day of a row that is closed.', null=True)),
                ('agency', models.CharField(help_text='Local code of the agency whose clerk proposed it.', max_length=6)),
                ('proposed_by', models.CharField(help_text="The clerk's pseudonym in the exchange.", max_length=64)),
                ('proposed_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('PROPOSED', 'Proposed'), ('APPROVED', 'Approved'), ('REJECTED', 'Rejected')], default='PROPOSED', max_length=8)),
                ('decided_by', models.CharField(blank=True, max_length=64)),
                ('decided_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(null=True, unique=True)),
            ],
        ),
        migrations.AlterField(
            model_name='accessrecord',
            name='kind',
            field=models.CharField(choices=[('INQUIRY', 'Inquiry'), ('DELIVERY', 'Delivery'), ('SELF', 'Self'), ('LOOK', 'Look'), ('TRUST', 'Trust')], max_length=10),
        ),
        migrations.AlterField(
            model_name='pendingrecord',
            name='kind',
            field=models.CharField(choices=[('INQUIRY', 'Inquiry'), ('DELIVERY', 'Delivery'), ('SELF', 'Self'), ('LOOK', 'Look'), ('TRUST', 'Trust')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('kind', 'TRUST')), fields=['-leaf'], name='record_of_trust'),
        ),
        migrations.AddConstraint(
            model_name='statutechange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('act', 'ADD'), ('valid_to__isnull', True), models.Q(('line', {}), _negated=True)), models.Q(('act', 'CLOSE'), ('line', {}), ('valid_to__isnull', False)), _connector='OR'), name='change_adds_a_row_or_ends_one'),
        ),
        migrations.AddConstraint(
            model_name='statutechange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by', ''), ('state', 'PROPOSED'), ('version__isnull', True)), models.Q(('decided_at__isnull', False), ('state', 'REJECTED'), ('version__isnull', True), models.Q(('decided_by', ''), _negated=True)), models.Q(('decided_at__isnull', False), ('state', 'APPROVED'), ('version__isnull', False), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='change_is_decided_or_waits'),
        ),
        migrations.AddConstraint(
            model_name='statutechange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'APPROVED'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='change_is_approved_by_another'),
        ),
        migrations.AddConstraint(
            model_name='statutechange',
            constraint=models.UniqueConstraint(condition=models.Q(('act', 'ADD'), ('state', 'APPROVED')), fields=('row',), name='a_row_is_added_once'),
        ),
        migrations.RunPython(install, remove),
    ]

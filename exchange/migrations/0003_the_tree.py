"""The tree over the leaves: tiles, checkpoints, cosignatures, all append-only, and the queue before the log.

A checkpoint is always larger than the last. As in 0002, SQLite's `INSERT OR REPLACE` is refused by a check of inserts.
"""

import django.db.models.deletion
from django.db import migrations, models

KEPT = ("tile", "checkpoint", "cosignature")
TAKEN = {
    "tile": "SELECT 1 FROM exchange_tile WHERE id = NEW.id OR (level = NEW.level AND number = NEW.number)",
    "checkpoint": "SELECT 1 FROM exchange_checkpoint WHERE size >= NEW.size",
    "cosignature": "SELECT 1 FROM exchange_cosignature WHERE id = NEW.id"
    " OR (checkpoint_id = NEW.checkpoint_id AND witness = NEW.witness)",
}
LARGER = """
CREATE FUNCTION exchange_checkpoint_larger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size <= (SELECT MAX(size) FROM exchange_checkpoint) THEN
        RAISE EXCEPTION 'A checkpoint is larger than the last.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER checkpoint_larger BEFORE INSERT ON exchange_checkpoint
    FOR EACH ROW EXECUTE FUNCTION exchange_checkpoint_larger();
"""


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in KEPT:
            for act in ("UPDATE", "DELETE"):
                schema_editor.execute(
                    f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON exchange_{name}"
                    f" BEGIN SELECT RAISE(ABORT, 'The records of the exchange are append-only.'); END"
                )
            schema_editor.execute(
                f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON exchange_{name} WHEN EXISTS ({TAKEN[name]})"
                f" BEGIN SELECT RAISE(ABORT, 'The records of the exchange are append-only.'); END"
            )
    else:
        schema_editor.execute(LARGER, params=None)
        for name in KEPT:
            schema_editor.execute(
                f"CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON exchange_{name}"
                f" FOR EACH ROW EXECUTE FUNCTION exchange_refuse()"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON exchange_{name}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse()"
            )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in KEPT:
            for what in ("update", "delete", "replace"):
                schema_editor.execute(f"DROP TRIGGER {name}_no_{what}")
    else:
        for name in KEPT:
            for what in ("change", "truncate"):
                schema_editor.execute(f"DROP TRIGGER {name}_no_{what} ON exchange_{name}")
        schema_editor.execute("DROP TRIGGER checkpoint_larger ON exchange_checkpoint")
        schema_editor.execute("DROP FUNCTION exchange_checkpoint_larger()")


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0002_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('root', models.BinaryField()),
                ('note', models.TextField()),
                ('frontier', models.BinaryField(help_text='The compact range: all that the next leaf needs of the tree.')),
            ],
        ),
        migrations.CreateModel(
            name='PendingRecord',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('batch', models.UUIDField(db_index=True, help_text='Records of one batch stand in the log together or not at all.')),
                ('leaf', models.UUIDField()),
                ('body', models.TextField()),
                ('event', models.UUIDField()),
                ('kind', models.CharField(choices=[('INQUIRY', 'Inquiry'), ('DELIVERY', 'Delivery'), ('SELF', 'Self'), ('LOOK', 'Look')], max_length=10)),
                ('phase', models.CharField(choices=[('ASKED', 'Asked'), ('ANSWERED', 'Answered'), ('REFUSED', 'Refused')], max_length=10)),
                ('subject', models.BinaryField(null=True)),
                ('private_sealed', models.BinaryField()),
                ('disclosed_from', models.DateField(null=True)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Tile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField()),
                ('number', models.BigIntegerField()),
                ('hashes', models.BinaryField()),
                ('root', models.BinaryField(help_text='The hash over all of it: one hash of the tile above.')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('level', 'number'), name='one_tile_per_place')],
            },
        ),
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('witness', models.CharField(max_length=200)),
                ('line', models.TextField()),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cosignatures', to='exchange.checkpoint')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('checkpoint', 'witness'), name='a_witness_signs_once')],
            },
        ),
        migrations.RunPython(install, remove),
    ]

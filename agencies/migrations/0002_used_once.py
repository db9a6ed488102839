from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0001_initial'),
    ]

    operations = [
        migrations.RenameModel(old_name='UsedAssertion', new_name='UsedOnce'),
        migrations.RenameField(model_name='usedonce', old_name='jti_hash', new_name='hash'),
    ]

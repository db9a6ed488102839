from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cards", "0002_life_cycle")]
    operations = [migrations.RenameField("application", "photo", "photo_sealed")]

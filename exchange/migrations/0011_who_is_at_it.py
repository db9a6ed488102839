"""An inquiry under a reference says until when a process is at it; what waits for a provider is found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0010_a_batch_at_once")]

    operations = [
        migrations.AddField(
            model_name="inquiry",
            name="claimed_until",
            field=models.DateTimeField(
                help_text="Until then a process is at it; later it is taken to be dead. Of those with a reference.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="inquiry",
            index=models.Index(
                fields=["provider", "ends_at"], condition=models.Q(state="HELD"), name="inquiry_held_by_provider"
            ),
        ),
    ]

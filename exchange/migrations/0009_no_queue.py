"""Writers wait for each other in their processes, and for other processes by a lock: there is no queue."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("exchange", "0008_questions")]

    operations = [migrations.DeleteModel(name="PendingRecord")]

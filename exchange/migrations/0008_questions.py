"""Questions of citizens about their records, the ways in which the commission reads the records, and monthly counts."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0003_verifiers'),
        ('exchange', '0007_statute'),
    ]

    operations = [
        migrations.CreateModel(
            name='Question',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('event', models.UUIDField(db_index=True)),
                ('agency', models.ForeignKey(help_text='Who has to answer.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('subject', models.BinaryField()),
                ('ground', models.CharField(choices=[('UNCLEAR', 'I do not know why'), ('NOT_ME', 'It was not me who applied'), ('WRONG', 'The data are wrong')], max_length=10)),
                ('state', models.CharField(choices=[('ASKED', 'asked'), ('ANSWERED', 'answered'), ('ESCALATED', 'passed to the commission'), ('CLOSED', 'closed')], default='ASKED', max_length=10)),
                ('asked_on', models.DateField()),
                ('number_of_day', models.PositiveSmallIntegerField(help_text="Counts the person's questions of that day from 1.")),
                ('answer_by', models.DateField(help_text="The last day for the agency's answer.")),
                ('answered_at', models.DateTimeField(null=True)),
                ('escalated_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('text_sealed', models.BinaryField(null=True)),
                ('answer_sealed', models.BinaryField(null=True)),
                ('ruling_sealed', models.BinaryField(help_text="The commission's answer.", null=True)),
                ('reply_sealed', models.BinaryField(help_text='The mailbox in which she is told; opened outside.', null=True)),
                ('to_be_told', models.BooleanField(default=False, help_text='An answer is there of which she has no letter yet.')),
            ],
        ),
        migrations.CreateModel(
            name='MonthlyCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Its first day.')),
                ('kind', models.CharField(help_text='Kind of the agencies that asked.', max_length=20)),
                ('affair', models.CharField(blank=True, help_text='Empty: one that the law does not know.', max_length=16)),
                ('asked', models.PositiveIntegerField()),
                ('refused', models.PositiveIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('month', 'kind', 'affair'), name='a_month_is_counted_once')],
            },
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(fields=['at'], name='record_by_time'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(fields=['disclosed_from'], name='record_by_disclosure'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('phase', 'REFUSED')), fields=['-leaf'], name='refusals_newest_first'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('kind', 'LOOK')), fields=['-at'], name='looks_newest_first'),
        ),
        migrations.AddIndex(
            model_name='question',
            index=models.Index(fields=['agency', 'answer_by'], name='questions_of_agency'),
        ),
        migrations.AddIndex(
            model_name='question',
            index=models.Index(condition=models.Q(('state', 'ASKED')), fields=['answer_by'], name='questions_waiting'),
        ),
        migrations.AddIndex(
            model_name='question',
            index=models.Index(condition=models.Q(('to_be_told', True)), fields=['id'], name='answers_to_be_told'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'CLOSED'), _negated=True), fields=('event',), name='one_open_question_per_event'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.UniqueConstraint(fields=('subject', 'asked_on', 'number_of_day'), name='questions_of_a_day_counted'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('closed_at', None), ('escalated_at', None), ('state', 'ASKED')), models.Q(('answered_at__isnull', False), ('closed_at', None), ('escalated_at', None), ('state', 'ANSWERED')), models.Q(('closed_at', None), ('escalated_at__isnull', False), ('state', 'ESCALATED')), models.Q(('closed_at__isnull', False), ('state', 'CLOSED')), _connector='OR'), name='a_question_in_this_state_has_its_times'),
        ),
    ]

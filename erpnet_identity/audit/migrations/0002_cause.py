"""Moves the cause out of the detail of the stored events, into a column of its own; in one statement, both ways."""

from django.db import migrations, models

TO_COLUMN = {
    'postgresql': """
        UPDATE audit_auditevent SET cause = left(detail->>'cause', 64), detail = detail - 'cause'
        WHERE jsonb_typeof(detail->'cause') = 'string'
    """,
    'sqlite': """
        UPDATE audit_auditevent
        SET cause = substr(json_extract(detail, '$.cause'), 1, 64), detail = json_remove(detail, '$.cause')
        WHERE json_type(detail, '$.cause') = 'text'
    """,
}
TO_DETAIL = {
    'postgresql': """
        UPDATE audit_auditevent SET detail = detail || jsonb_build_object('cause', cause) WHERE cause <> ''
    """,
    'sqlite': """
        UPDATE audit_auditevent SET detail = json_set(detail, '$.cause', cause) WHERE cause <> ''
    """,
}


def to_column(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TO_COLUMN[schema_editor.connection.vendor])


def to_detail(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TO_DETAIL[schema_editor.connection.vendor])


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditevent',
            name='cause',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.RunPython(to_column, to_detail),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('cause', ''), _negated=True), fields=['cause', '-time'], name='audit_by_cause'),
        ),
    ]

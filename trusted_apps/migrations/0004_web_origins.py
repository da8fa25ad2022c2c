from django.db import migrations

from trusted_apps import redirects


def fill(apps, schema_editor):
    """Work the web origins out anew: own schemes have some now, and loopback addresses have one for every port."""
    TrustedApplication = apps.get_model('trusted_apps', 'TrustedApplication')
    WebOrigin = apps.get_model('trusted_apps', 'WebOrigin')
    WebOrigin.objects.all().delete()
    rows = []
    for application in TrustedApplication.objects.only('redirect_uris', 'post_logout_redirect_uris'):
        uris = redirects.split(application.redirect_uris) + redirects.split(application.post_logout_redirect_uris)
        origins = {redirects.origin(uri) for uri in uris} - {None}
        rows += [WebOrigin(application=application, origin=origin) for origin in sorted(origins)]
    WebOrigin.objects.bulk_create(rows, batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('trusted_apps', '0003_folded_names'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

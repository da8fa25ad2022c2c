"""The registry in Django admin."""

from django.contrib import admin


class TrustedApplicationAdmin(admin.ModelAdmin):
    """Trusted applications (registered by the toolkit, see ``settings/oauth.py``)."""

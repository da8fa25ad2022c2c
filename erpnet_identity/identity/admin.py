"""Nothing of allauth's in the admin site: it keeps no rows here (docs/decisions/accounts.md)."""

from allauth.account import admin as account_admin
from allauth.account.models import EmailAddress
from django.contrib import admin

assert account_admin is not None  # imported so that the class is registered before it is taken out
admin.site.unregister(EmailAddress)

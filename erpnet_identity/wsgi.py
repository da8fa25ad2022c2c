"""The entry for other servers: ``granian --interface wsgi erpnet_identity.wsgi:application``. ``manage.py serve`` reads
bodies before a request takes a thread, and ends as it should; a server that is put in its place has to do both."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
django.setup(set_prefix=False)

# Not at the top: importing an application needs the settings that the line above has read.
from erpnet_identity.operations import startup  # noqa: E402

application = startup.application()
startup.begin()

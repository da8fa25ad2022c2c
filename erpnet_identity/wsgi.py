"""The server's entry: ``granian --interface wsgi erpnet_identity.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
application = get_wsgi_application()

# Not at the top: importing an application needs the settings that the line above has read.
from erpnet_identity.instance import startup  # noqa: E402

startup.begin()

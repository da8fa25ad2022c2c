#!/usr/bin/env python
"""The instance's command line: `manage.py quickstart` starts a demo, `manage.py help` lists the rest."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from erpnet_identity import bootstrap


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
    try:
        # What these two commands need must be done before the settings are read.
        if sys.argv[1:2] == ["quickstart"]:
            bootstrap.ensure_quickstart_secrets()
            bootstrap.adopt_port(sys.argv[2:])
        elif sys.argv[1:2] == ["settings"]:
            bootstrap.describe_only = True
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A configuration mistake is answered with a sentence, not with a traceback.
        sys.exit(f"Configuration error: {error}")


if __name__ == "__main__":
    main()

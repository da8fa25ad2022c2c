#!/usr/bin/env python
"""The instance's command line: `manage.py quickstart` starts a demo, `manage.py help` lists the rest."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
    if sys.argv[1:2] == ["quickstart"]:
        # The demo's secrets must exist before the settings are read (OPS-04).
        from erpnet_identity.bootstrap import ensure_quickstart_secrets

        ensure_quickstart_secrets()

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A configuration mistake is answered with a sentence, not with a traceback.
        sys.exit(f"Configuration error: {error}")


if __name__ == "__main__":
    main()

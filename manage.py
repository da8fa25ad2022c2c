#!/usr/bin/env python3
"""The instance's command line: `manage.py quickstart` starts a demo, `manage.py test` runs the tests, `manage.py help`
lists the rest. It needs Python 3.11 and nothing else: what is missing is brought into this copy first."""

import errno
import gc
import io
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is what tells
    sys.exit("ERP Identity needs Python 3.11 or later; %s is %s." % (sys.executable, sys.version.split()[0]))  # noqa: UP031

from erpnet_identity import provision


def main() -> None:
    command = sys.argv[1:2]
    if command == ["test"]:
        run_tests(sys.argv[2:])
    if sys.argv[1:3] == ["help", "test"]:
        run_tests(["--help"])
    if provision.missing(provision.PRODUCT):
        provision.go_on_in_environment(sys.argv[1:])
    manage(command)


def run_tests(arguments: list[str]) -> None:
    """Become pytest with these arguments."""
    if provision.missing((*provision.PRODUCT, *provision.TESTS)):
        provision.go_on_in_environment(["test", *arguments], tests=True)
    os.chdir(provision.BASE_DIR)
    provision.become([sys.executable, "-m", "pytest", *arguments], os.environ)


def help_is_asked() -> bool:
    """Whether the command will only be explained, for which the settings need not be right."""
    return bool({"-h", "--help", "--version"} & set(sys.argv[1:]))


def never_stop_at_a_letter() -> None:
    """Let a console show an escape for what its encoding does not have, as standard error does of its own accord: a
    command that has done its work must not fail while it tells of it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def manage(command: list[str]) -> None:
    """Hand over to Django."""
    never_stop_at_a_letter()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import DatabaseError, OperationalError, ProgrammingError

    from erpnet_identity import bootstrap

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
    if command == ["serve"]:
        # Loading makes next to no garbage, and looking for it is a tenth of the start. `operations/startup.py` begins.
        gc.disable()
    try:
        # What these commands need must be done before the settings are read.
        if command == ["quickstart"] and not help_is_asked():
            bootstrap.ensure_quickstart_secrets()
            bootstrap.adopt_port(sys.argv[2:])
        elif command in ([], ["settings"], ["help"], ["version"]) or help_is_asked():
            # Explaining uses nothing that the settings say.
            bootstrap.describe_only = True
        try:
            execute_from_command_line(sys.argv)
        finally:
            if sys.stdout is not None:
                # Here, where it can still be told that this failed.
                sys.stdout.flush()
    except ImproperlyConfigured as error:
        # A configuration mistake is answered with a sentence, not with a traceback.
        sys.exit(f"Configuration error: {error}")
    except DatabaseError as error:
        # Not there, not writable, without tables, or no database: its own words say which. Refused values are a fault.
        if "--traceback" in sys.argv or type(error) not in (DatabaseError, OperationalError, ProgrammingError):
            raise
        sys.exit(
            f"The database answers: {str(error).strip()}\n"
            "DATABASE_URL says which one it is, and `manage.py migrate` brings it up to date."
        )
    except OSError as error:
        if "--traceback" in sys.argv or error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        # What is still to be written would fail once more at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # `settings | head` has read enough; a full disk has not.
        sys.exit(1 if error.errno == errno.EPIPE else f"Writing failed: {error.strerror}.")


if __name__ == "__main__":
    main()

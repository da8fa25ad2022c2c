"""``manage.py create_administrator LOGIN``: the first administrator of an instance, or a way back in for one."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError, transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.services import record
from erpnet_identity.identity.reset_links import reset_link
from erpnet_identity.platform.spelling import fold
from erpnet_identity.users.models import User, UserType
from erpnet_identity.users.services import save_user


class Command(BaseCommand):
    help = "Make an administrator and print a one-time link to choose a password; for an administrator, only the link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", metavar="LOGIN", help="what the person types at the sign-in")
        parser.add_argument("--name", default="", help="the person's name (LOGIN)")
        parser.add_argument("--email", default="", help="where a forgotten password is answered")

    def handle(self, *args: Any, login: str, name: str, email: str, **options: Any) -> None:
        try:
            link = self._link(login, name, email)
        except ValidationError as error:
            raise CommandError(f"Nothing was changed. {' '.join(error.messages)}") from None
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"Nothing was changed. Has `manage.py migrate` run? The database says: {error}"
            ) from None
        minutes = settings.PASSWORD_RESET_TIMEOUT // 60
        self.stdout.write(f"{login} chooses a password at this address, once, within {minutes} minutes:\n\n  {link}\n")

    @transaction.atomic
    def _link(self, login: str, name: str, email: str) -> str:
        user = User.objects.select_for_update().filter(folded_login=fold(login)).first()
        if user is None:
            user = User(login=login, name=name or login, email=email, is_admin=True, user_type=UserType.INTERNAL)
            user.set_unusable_password()
            save_user(user, actor=SYSTEM)
        elif not user.is_staff:
            raise CommandError(
                f"Nothing was changed. {user.login} is an account already, and no administrator who may sign in: "
                "change it in the administration or with `instance apply`, or name another login."
            )
        elif name or email:
            raise CommandError(
                f"Nothing was changed. {user.login} is an administrator already: without --name and --email this "
                "command prints a link."
            )
        record(events.USER_PASSWORD_RESET_REQUESTED, actor=SYSTEM, user=user)
        return reset_link(user)

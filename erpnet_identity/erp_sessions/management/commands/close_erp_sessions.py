"""``manage.py close_erp_sessions``: free every license slot, with a trace (SE-48)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.erp_sessions.services import close_all


class Command(BaseCommand):
    help = "Close the API sessions. Tokens stay valid: callers open new sessions with their next call."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="close all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["all"]:
            raise CommandError("Say --all to close every API session.")
        self.stdout.write(f"Closed API sessions: {close_all(now=timezone.now(), actor=SYSTEM)}")

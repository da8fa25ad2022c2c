"""``manage.py load_demo_data``."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from erp_api.demo.loader import NotDemoData, load


class Command(BaseCommand):
    """Load the demo data into an empty instance; a second run changes nothing (API-115)."""

    help = "Load the ERP demo data: customers, products and what they refer to. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--public-demo",
            action="store_true",
            help="Load it although the instance has an https address, which looks like production.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.HTTPS_ONLY and not options["public_demo"]:
            raise CommandError(
                f"{settings.INSTANCE_URL} looks like a production instance, where demo data has no place. "
                "If it is a public demo, add --public-demo."
            )
        try:
            added = load()
        except NotDemoData:
            raise CommandError("This instance holds ERP data of its own. Demo data goes into an empty one.") from None
        if not options["verbosity"]:
            return
        if not any(added.values()):
            self.stdout.write("The demo data is already there; nothing was changed.")
            return
        for kind, number in added.items():
            self.stdout.write(f"{number:6} {kind}")

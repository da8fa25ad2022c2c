"""``manage.py cleanup``: remove what has expired, in bounded batches."""

from typing import Any

from django.core.management.base import BaseCommand

from erpnet_identity.tokens.cleanup import remove_all_expired


class Command(BaseCommand):
    """Removes expired tokens (OPS-11)."""

    help = "Remove expired tokens in small batches."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"expired tokens removed: {remove_all_expired()}")

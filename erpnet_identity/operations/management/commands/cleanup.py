"""``manage.py cleanup``: remove what has expired, in bounded batches."""

from typing import Any

from django.core.management.base import BaseCommand

from ...cleanup import remove_all_expired


class Command(BaseCommand):
    """Removes expired tokens and sessions (OPS-11)."""

    help = "Remove expired tokens, grants and sessions in small batches."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, number in remove_all_expired().items():
            self.stdout.write(f"{name} removed: {number}")

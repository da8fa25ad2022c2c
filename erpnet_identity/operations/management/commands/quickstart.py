"""``manage.py quickstart``: a demo instance with one command (OPS-06)."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from erpnet_identity import bootstrap

from ... import ports, quickstart, server, workers


class Command(BaseCommand):
    help = "Make a demo instance, explain it, and serve it on this machine. A second start keeps its data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=ports.number, help="port to serve on, 0 for any free one; INSTANCE_URL follows (8000)"
        )
        parser.add_argument("--no-serve", action="store_true", help="prepare the instance and stop")
        parser.add_argument("--calls", action="store_true", help="print calls to copy and paste, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        root: str = settings.INSTANCE_URL
        if settings.HTTPS_ONLY:
            raise CommandError(
                f"quickstart makes a demo with public passwords for this machine, and INSTANCE_URL is {root}. "
                "Unset INSTANCE_URL, or set an instance up with `migrate`, `instance apply` and `serve`."
            )
        host, port = bootstrap.served_at(root), options["port"] or urlsplit(root).port or 80
        if options["calls"]:
            self.stdout.write(quickstart.calls(root))
            return
        serve = not options["no_serve"]
        if serve:
            self._ensure_port(host, port)
        try:
            quickstart.prepare()
        except quickstart.RealInstance:
            raise CommandError(
                f"The database {connection.settings_dict['NAME']} holds a real instance, or one that quickstart has "
                "not made, and is left alone. Name another one for the demo: DATABASE_URL=sqlite:///var/demo.sqlite3"
            ) from None
        except OperationalError as error:
            raise CommandError(
                f"The database {connection.settings_dict['NAME']} does not answer: {str(error).strip()}"
            ) from None
        self.stdout.write(quickstart.summary(root))
        if serve:
            self.stdout.write(f"Serving on {root}. Press Ctrl+C to stop.")
            self.stdout.flush()
            server.run(host, port, workers.worker_count())

    def _ensure_port(self, host: str, port: int) -> None:
        try:
            ports.ensure_free(host, port)
        except ports.PortUnusable as error:
            other = port + 1 if ports.FIRST_FREE <= port < ports.LAST else 8000
            raise CommandError(f"{error} Choose another: python3 manage.py quickstart --port {other}") from None

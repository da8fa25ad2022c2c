"""``manage.py serve``: the production server (OPS-07)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ... import ports, server, workers


class Command(BaseCommand):
    help = "Serve the instance. Stops on SIGTERM after the running requests have finished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all (127.0.0.1)")
        parser.add_argument(
            "--port", type=ports.number, default=8000, help="port to listen on, 0 for any free one (8000)"
        )
        parser.add_argument("--workers", type=int, help="processes (ERPNET_WORKERS)")

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["workers"] if options["workers"] is not None else workers.worker_count()
        if count < 1:
            raise CommandError("--workers: at least one.")
        host, port = options["host"], options["port"]
        try:
            if port == 0:
                # Who asks for any port reads here which one it is, also where the log is told to be silent.
                port = ports.ensure_free(host, 0)
                self.stdout.write(f"Serving on {ports.address(host, port)}.")
                self.stdout.flush()
            server.run(host, port, count)
        except ports.PortUnusable as error:
            raise CommandError(f"{error} Name another with {error.option}.") from None

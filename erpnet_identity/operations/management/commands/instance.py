"""``manage.py instance apply|plan|export``: the instance as one file (MF-01 to MF-05)."""

import os
import sys
from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from erpnet_identity import manifest
from erpnet_identity.manifest.reader import MAX_BYTES


class Command(BaseCommand):
    """Applies, previews or writes the instance manifest."""

    help = "Set the instance up from a manifest, preview that, or write the manifest of the running instance."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        _exit_with_one(parser)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="apply|plan|export")
        for name, summary in (
            ("apply", "Create and update what the manifest names, all of it or nothing."),
            ("plan", "Print what apply would print and change nothing. Exit status 2 when something would change."),
        ):
            action = actions.add_parser(name, help=summary, description=summary)
            action.add_argument("file", metavar="FILE", help="The manifest; - is standard input.")
            action.add_argument(
                "--prune", action="store_true", help="Disable Trusted Applications that the manifest does not name."
            )
            _exit_with_one(action)
        summary = "Write a manifest of the running instance, in UTF-8, to standard output or a file."
        action = actions.add_parser("export", help=summary, description=summary)
        action.add_argument(
            "--output",
            metavar="FILE",
            default="-",
            help="The file to write. A new one can be read by this account only; - is standard output, the default.",
        )
        action.add_argument("--without-secrets", action="store_true", help="Leave out the hashes.")
        _exit_with_one(action)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "export":
                self._export(options["output"], with_secrets=not options["without_secrets"])
            elif action == "plan":
                self._plan(_read(options["file"]), prune=options["prune"])
            else:
                self._print(manifest.apply(_read(options["file"]), prune=options["prune"]))
        except manifest.ManifestError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        except OperationalError as error:
            # Locked for too long, a deadlock, or not migrated: the database's own words say which.
            raise CommandError(f"Nothing was changed. The database answered: {error}") from None

    def _plan(self, data: bytes, *, prune: bool) -> None:
        lines, differs = manifest.preview(data, prune=prune)
        self._print(lines)
        if differs:
            sys.exit(2)

    def _export(self, file: str, *, with_secrets: bool) -> None:
        text = manifest.export(with_secrets=with_secrets)
        if file == "-":
            self._put_out(text)
        else:
            _write(file, text.encode())
        for warning in manifest.export_warnings():
            self.stderr.write(warning)

    def _put_out(self, text: str) -> None:
        """Standard output holds the bytes that ``apply`` reads, whatever encoding and line ends the console has."""
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self.stdout.write(text, ending="")
            return
        self.stdout.flush()
        binary.write(text.encode())
        binary.flush()

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else manifest.read_file(file)


def _write(file: str, data: bytes) -> None:
    """Write a file that holds hashes. Raises ``CommandError`` where it cannot be."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "wb") as output:
            output.write(data)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None


def _exit_with_one(parser: CommandParser) -> None:
    """Let a wrong command line end with status 1: 2 is how ``plan`` says that something would change (MF-04)."""
    original = parser.error

    def error(parser: CommandParser, message: str) -> NoReturn:
        if not parser.called_from_command_line:
            original(message)
        parser.print_usage(sys.stderr)
        parser.exit(1, f"{parser.prog}: error: {message}\n")

    setattr(parser, "error", partial(error, parser))  # noqa: B010 - a method of this one parser

"""``manage.py settings``: every variable, what it means and what it is now (OPS-05)."""

import textwrap
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "List every variable with its type, default, current value and meaning. Secrets are not shown."
    # It must also work when the settings are what is wrong.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--example", action="store_true", help="print the text of .env.example instead")

    def handle(self, *args: Any, **options: Any) -> None:
        environment = settings.ENVIRONMENT
        if options["example"]:
            self.stdout.write(environment.example(), ending="")
            return
        for variable in environment.variables:
            origin = environment.origin(variable.name)
            default = "required" if variable.default is None else f"default {variable.default or '(empty)'}"
            if origin in ("default", "missing"):
                current = origin
            else:
                shown = "(not shown)" if variable.secret else environment.text(variable.name) or "(empty)"
                current = f"{shown}, from {origin}"
            self.stdout.write(self.style.MIGRATE_HEADING(variable.name))
            self.stdout.write(f"    type     {variable.kind}, {default}")
            self.stdout.write(f"    now      {current}")
            meaning = textwrap.wrap(variable.meaning, 100, break_on_hyphens=False, break_long_words=False)
            for label, line in zip(["meaning", *[""] * len(meaning)], meaning, strict=False):
                self.stdout.write(f"    {label:<9}{line}")
            self.stdout.write("")
        if environment.problems:
            raise CommandError("The instance cannot start. " + " ".join(environment.problems.values()))

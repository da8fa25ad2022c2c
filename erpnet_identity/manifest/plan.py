"""A manifest against the instance: every change that it asks for, or every reason why it cannot be applied."""

from collections.abc import Iterator, Mapping

from . import schema
from .accounts import Directory, plan_users
from .changes import Change
from .problems import ManifestError, Problem
from .registry import plan_applications, plan_pruning
from .schema import Manifest
from .tenant import InstanceChange


def read(data: bytes, environment: Mapping[str, str]) -> tuple[Manifest, list[Problem]]:
    """The manifest and what was wrong with single values. Raises ``ManifestError`` when it cannot be read at all."""
    problems: list[Problem] = []
    return schema.read(data, environment, problems), problems


def plan(manifest: Manifest, problems: list[Problem], *, prune: bool, lock: bool) -> list[Change]:
    """One change per object that the manifest names, in the order in which they must be written.

    Reads the stored objects in batches and writes nothing. ``lock`` keeps the rows from changing until the end of the
    caller's transaction. Raises ``ManifestError`` with ``problems`` and every further one (MF-06).
    """
    problems = list(problems)
    if prune and manifest.applications is None:
        # A file that was cut short must not switch everything off.
        problems.append(Problem("applications", 0, "This key is required with --prune; [] means none."))
    directory = Directory(_logins(manifest), lock=lock)
    changes: list[Change] = [*plan_users(manifest.users, directory, problems)]
    changes += plan_applications(manifest.applications or [], directory, problems, lock=lock)
    if manifest.instance is not None and manifest.instance.readable:
        instance = InstanceChange(manifest.instance, directory)
        problems += instance.problems()
        changes.append(instance)
    if problems:
        raise ManifestError(problems)
    if prune:
        changes += plan_pruning(manifest.applications or [])
    return changes


def _logins(manifest: Manifest) -> Iterator[str]:
    """Every login that the manifest speaks of."""
    for entry in manifest.users:
        if "login" in entry.values:
            yield entry.values["login"]
    for entry in manifest.applications or []:
        if entry.values.get("system_user"):
            yield entry.values["system_user"]
        if "application_uri" in entry.values:
            yield entry.values["application_uri"]  # which no account may have (TK-26)
    if manifest.instance is not None:
        for login, _ in manifest.instance.values.get("reserved_seats", []):
            yield login

"""Applying a manifest: one transaction, all of it or nothing, each change with its event (MF-01, MF-09)."""

import os
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from erpnet_identity.audit import context, events
from erpnet_identity.audit.services import record
from erpnet_identity.tenancy import models as tenancy

from .changes import Change, Trace
from .plan import plan, read
from .problems import ManifestError, Problem
from .reader import MAX_BYTES


def apply_file(
    path: str | os.PathLike[str], *, environment: Mapping[str, str] | None = None, prune: bool = False
) -> list[str]:
    """Apply the manifest at ``path``; one line per object. Raises ``ManifestError``; then nothing was written."""
    return apply(read_file(path), environment=environment, prune=prune)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a manifest. Raises ``ManifestError`` when there is no such file."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ManifestError.about_file(f"{os.fspath(path)}: {error.strerror or 'cannot be read'}.") from None


def preview(
    data: bytes, *, environment: Mapping[str, str] | None = None, prune: bool = False
) -> tuple[list[str], bool]:
    """The lines that ``apply`` would print and whether anything would change (MF-04). Writes nothing."""
    manifest, problems = read(data, os.environ if environment is None else environment)
    changes = plan(manifest, problems, prune=prune, lock=False)
    return [str(change) for change in changes], any(change.pending for change in changes)


def apply(data: bytes, *, environment: Mapping[str, str] | None = None, prune: bool = False) -> list[str]:
    """Bring the instance to what the manifest in ``data`` says; one line per object (MF-01, MF-02).

    Raises ``ManifestError`` with every reason against it; then nothing was written.
    """
    manifest, problems = read(data, os.environ if environment is None else environment)
    # One correlation id ties all events of this file together.
    token = context.enter(context.Origin(correlation_id=secrets.token_hex(16)))
    try:
        with transaction.atomic():
            changes = plan(manifest, problems, prune=prune, lock=True)
            _write(changes, Trace.of(manifest.sha256))
    except IntegrityError:
        # What the rules saw has changed under them, which the database does not allow.
        raise ManifestError.about_file("The instance was being changed meanwhile. Apply again.") from None
    finally:
        context.leave(token)
        tenancy.forget()
    return [str(change) for change in changes]


def _write(changes: list[Change], trace: Trace) -> None:
    problems: list[Problem] = []
    for change in changes:
        if not change.pending:
            continue
        try:
            change.write(trace)
        except ValidationError as error:
            # Go on: the transaction is lost, but the other mistakes should be known too (MF-06).
            problems += change.problems_of(error) or [Problem(change.label, 0, " ".join(error.messages))]
    if problems:
        raise ManifestError(problems)
    outcomes = Counter(change.outcome for change in changes)
    if outcomes["created"] or outcomes["updated"]:
        record(events.MANIFEST_APPLIED, actor=trace.actor, detail={**trace.source, **outcomes})

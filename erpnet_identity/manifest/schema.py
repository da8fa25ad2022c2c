"""What may stand in a manifest: nodes → entries with typed values, every mistake with its path and line (MF-06)."""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erpnet_identity.users.models import UserType
from trusted_apps.models import ClientType, ReferenceTokenPolicy

from . import fields, reader
from .fields import Context, Unreadable
from .problems import ManifestError, Problem, shown
from .reader import Node, Sequence

VERSION = 1
# What the instance shows of itself on the pages.
APPEARANCE = ("title", "logo", "support_url", "privacy_url", "terms_url")


@dataclass(slots=True)
class Entry:
    """One mapping of the manifest. ``values`` holds what could be read of the keys that are there, ``lines`` the
    line of every key that is there; a key in ``lines`` alone could not be read and was reported. ``readable`` is
    false for something that is no mapping at all."""

    path: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    readable: bool = True

    def problem(self, key: str, message: str, *, item: str = "", line: int = 0) -> Problem:
        """A mistake at ``key``; at the entry's own line when the key is absent."""
        path = f"{self.path}.{key}{item}" if key else self.path
        return Problem(path, line or self.lines.get(key, self.line), message)

    def unreadable(self, key: str) -> bool:
        """Whether the key is there and was already reported."""
        return key in self.lines and key not in self.values


@dataclass(slots=True)
class Manifest:
    """A manifest that was read. ``applications`` is None when the file does not speak of them at all."""

    sha256: str
    instance: Entry | None = None
    users: list[Entry] = field(default_factory=list)
    applications: list[Entry] | None = None


def _secrets(node: Node, context: Context) -> list[Entry]:
    if not isinstance(node, Sequence):
        raise Unreadable(f"Expected a list, found {reader.describe(node)}.", node.line)
    return [_entry(item, context, f"[{index}]", SECRET) for index, item in enumerate(node.items)]


INSTANCE: dict[str, fields.Reader] = {
    "name": fields.text,
    **dict.fromkeys(APPEARANCE, fields.text),
    "concurrent_licenses": fields.optional_count,
    "kept_from_services_percent": fields.percent,
    "reserved_seats": fields.texts,
}
USER: dict[str, fields.Reader] = {
    "id": fields.guid,
    "login": fields.text,
    "name": fields.text,
    "email": fields.text,
    "email_confirmed": fields.flag,
    "type": fields.choice(UserType.labels, UserType.values),
    "is_admin": fields.flag,
    "is_active": fields.flag,
    "locale": fields.text,
    "password": fields.text,
    "password_hash": fields.text,
}
SECRET: dict[str, fields.Reader] = {
    "name": fields.text,
    "secret": fields.text,
    "secret_hash": fields.text,
    "expires": fields.moment,
    "is_enabled": fields.flag,
}
APPLICATION: dict[str, fields.Reader] = {
    "id": fields.guid,
    "application_uri": fields.text,
    "name": fields.text,
    "owner": fields.text,
    "is_verified": fields.flag,
    "client_type": fields.choice(ClientType.labels, ClientType.values),
    "secret": fields.text,
    "secret_hash": fields.text,
    "secrets": _secrets,
    "impersonate_login_url": fields.texts,
    "impersonate_logout_url": fields.texts,
    "impersonate_as_internal_user_allowed": fields.flag,
    "impersonate_as_community_user_allowed": fields.flag,
    "is_first_party": fields.flag,
    "system_user_allowed": fields.flag,
    "system_user": fields.optional_text,
    "scope": fields.text,
    "access_tokens": fields.choice(ReferenceTokenPolicy.labels, ReferenceTokenPolicy.values),
    "basic_authentication_allowed": fields.flag,
    "identity_scopes_imply_access": fields.flag,
    "license_slot_limit": fields.optional_count,
    "is_enabled": fields.flag,
    "notes": fields.text,
    "system_user_login_url": fields.text,
}
_ROOT = ("version", "instance", "users", "applications")


def read(data: bytes, environment: Mapping[str, str], problems: list[Problem]) -> Manifest:
    """The manifest in ``data``. What is wrong with single values is added to ``problems`` and left out of the result;
    raises ``ManifestError`` when the file as a whole cannot be read."""
    root = reader.read(data, problems)
    if not isinstance(root, reader.Mapping):
        raise ManifestError.about_file(
            f"A manifest is a mapping with the keys {', '.join(_ROOT)}; found {reader.describe(root)}.", root.line
        )
    context = Context(environment, problems)
    manifest = Manifest(hashlib.sha256(data).hexdigest())
    for key, (node, line) in root.entries.items():
        if key == "version":
            if not isinstance(node, reader.Scalar) or node.kind != "int" or node.text != str(VERSION):
                problems.append(Problem(key, line, f"The only version of manifests is {VERSION}."))
        elif key == "instance":
            manifest.instance = _entry(node, context, key, INSTANCE)
        elif key == "users":
            manifest.users = _entries(node, context, key, USER) or []
        elif key == "applications":
            manifest.applications = _entries(node, context, key, APPLICATION)
        else:
            problems.append(Problem(key, line, _unknown(key, _ROOT)))
    return manifest


def _entries(node: Node, context: Context, path: str, keys: Mapping[str, fields.Reader]) -> list[Entry] | None:
    if not isinstance(node, Sequence):
        hint = "; write [] for an empty list" if reader.describe(node).startswith("nothing") else ""
        message = f"Expected a list, found {reader.describe(node)}{hint}."
        context.problems.append(Problem(path, node.line, message))
        return None
    return [_entry(item, context, f"{path}[{index}]", keys) for index, item in enumerate(node.items)]


def _entry(node: Node, context: Context, path: str, keys: Mapping[str, fields.Reader]) -> Entry:
    entry = Entry(path, node.line)
    if not isinstance(node, reader.Mapping):
        context.problems.append(Problem(path, node.line, f"Expected a mapping, found {reader.describe(node)}."))
        entry.readable = False
        return entry
    for key, (value, line) in node.entries.items():
        if key not in keys:
            context.problems.append(Problem(f"{path}.{key}", line, _unknown(key, keys)))
            continue
        entry.lines[key] = line
        before = len(context.problems)
        try:
            entry.values[key] = keys[key](value, context)
        except Unreadable as error:
            context.problems.append(entry.problem(key, error.message, item=error.item, line=error.line))
            continue
        if keys[key] is _secrets:
            # The inner entries do not know where they are.
            for secret in entry.values[key]:
                secret.path = f"{path}.{key}{secret.path}"
            inner = context.problems[before:]
            context.problems[before:] = [Problem(f"{path}.{key}{p.path}", p.line, p.message) for p in inner]
    return entry


def _unknown(key: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, 1) if len(key) <= 64 else []
    hint = f" Did you mean {near[0]}?" if near else f" Known keys: {', '.join(known)}."
    return f"The key {shown(key)} is not known here.{hint}"

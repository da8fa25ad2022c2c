"""``${NAME}`` in values (MF-08). Values are replaced after the YAML was read, so that none can add structure."""

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}\n]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadReference(ValueError):
    """A value cannot be completed; the message says why and names the variable, never a value."""


def is_template(text: str) -> bool:
    """Whether ``substitute`` would look at the text at all."""
    return "${" in text


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """``text`` with each ``${NAME}`` replaced by the variable and each ``$${`` by a literal ``${``.

    Raises ``BadReference`` for a variable that is missing and for ``${`` that begins no name.
    """

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        name = found[1]
        if not found[2] or not _NAME.fullmatch(name):
            raise BadReference("“${” must be followed by the name of a variable and “}”; write $${ for a literal ${.")
        if name not in environment:
            raise BadReference(f"The environment variable {name} is not set.")
        return environment[name]

    return _REFERENCE.sub(replace, text)


def escape(text: str) -> str:
    """The template that ``substitute`` turns into ``text``."""
    return text.replace("${", "$${")

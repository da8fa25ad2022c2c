"""The one version that every page and tool reports (IS-33)."""

import re

from erpnet_identity import __version__


def four_numbers(text: str) -> str:
    """``text`` in the form of the tools: four numbers with dots (IS-29). A suffix such as ``rc1`` is left out."""
    numbers = [match.group() for part in text.split(".")[:4] if (match := re.match(r"\d+", part))]
    return ".".join([*numbers, "0", "0", "0", "0"][:4])


VERSION = four_numbers(__version__)

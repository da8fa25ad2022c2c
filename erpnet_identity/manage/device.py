"""What a user agent says in a few words: for a list, where the whole text has no room. Pure."""

import re

# The first that fits: most programs also call themselves Mozilla, Chrome and Safari.
_PROGRAMS = (
    ("Edge", re.compile(r"\bEdgA?(?:iOS)?/")),
    ("Opera", re.compile(r"\b(?:OPR|Opera)/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bVersion/[\d.]+ .*\bSafari/")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac OS X\b")),
    ("Linux", re.compile(r"\b(?:Linux|X11)\b")),
)
# A program that names itself, as `python-requests/2.32.3` and `ErpNet.Api.Client/1.4 (…)` do.
_PRODUCT = re.compile(r"([\w.!#$%&'*+^`|~-]{1,40})(?:/([\w.-]{1,20}))?")


def in_short(user_agent: str) -> str:
    """A browser and its system, or a program and its version; empty for nothing."""
    program = next((name for name, pattern in _PROGRAMS if pattern.search(user_agent)), "")
    if program:
        system = next((name for name, pattern in _SYSTEMS if pattern.search(user_agent)), "")
        return f"{program} on {system}" if system else program
    product = _PRODUCT.match(user_agent)
    if product is None:
        return user_agent[:40]
    name, version = product.groups()
    return f"{name} {version}" if version else name

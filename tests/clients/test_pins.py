"""Every JavaScript library of the tests has one exact version, and its reason in docs/dependencies.md."""

import json
import re

from tests.architecture import source
from tests.support import npm

EXACT = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def pins_of(tree):
    """The versions of a nested table of overrides."""
    for value in tree.values():
        yield from pins_of(value) if isinstance(value, dict) else [value]


def test_every_version_is_exact():
    versions = [*npm.pinned().values(), *pins_of(npm.described()["overrides"])]
    assert [version for version in versions if not EXACT.fullmatch(version)] == []


def test_nothing_is_pulled_in_without_a_pin_and_no_pin_is_idle(javascript):
    """As ``.ci/check_pins.py`` does for Python."""
    written = json.loads((javascript / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    found = {
        path.removeprefix("node_modules/").replace("/node_modules/", " > "): of["version"]
        for path, of in written.items()
    }
    expected = npm.pinned()
    for name, version in npm.described()["overrides"].items():
        nested = version if isinstance(version, dict) else {}
        expected |= {f"{name} > {inner}": of for inner, of in nested.items()} if nested else {name: version}
    assert found == expected


def test_the_page_names_them():
    page = (source.ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.split("\n## JavaScript, in tests only\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == sorted(npm.pinned())

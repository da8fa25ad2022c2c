"""Every JavaScript library of the tests has one exact version, and its reason in docs/dependencies.md."""

import re

from tests.architecture import source
from tests.support import npm

EXACT = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def test_every_version_is_exact():
    assert [pin for pin in npm.used() + npm.pulled_in() if not EXACT.fullmatch(pin[1])] == []


def test_nothing_is_pulled_in_without_a_pin_and_no_pin_is_idle(javascript):
    """As ``.ci/check_pins.py`` does for Python."""
    assert sorted(npm.installed()) == sorted(npm.used() + npm.pulled_in())


def test_the_page_names_them():
    page = (source.ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.split("\n## JavaScript, in tests only\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == sorted(name for name, _ in npm.used())

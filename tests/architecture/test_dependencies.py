"""Every direct dependency has its reason in docs/dependencies.md, and the page names nothing that is not one."""

import re

from . import source


def name_of(requirement):
    return re.split(r"[\[=<>~!; ]", requirement, maxsplit=1)[0]


def documented(heading):
    """The names in the first column of the table below a heading."""
    page = (source.ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return sorted(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_the_page_names_the_production_dependencies():
    declared = source.pyproject()["project"]["dependencies"]
    assert documented("Production") == sorted(name_of(requirement) for requirement in declared)


def test_the_page_names_the_development_dependencies():
    declared = source.pyproject()["dependency-groups"]["dev"]
    assert documented("Development") == sorted(name_of(requirement) for requirement in declared)


def test_one_version_of_the_product():
    from erpnet_identity import __version__

    assert source.pyproject()["project"]["version"] == __version__

"""Which tests prove which rows of the behavioural contract.

A pytest plugin: refuses at collection a ``@pytest.mark.contract`` id that docs/contract does not say or has withdrawn,
and with ``--coverage-table=FILE`` collects every test, runs none, and writes docs/coverage.md: every row, and the tests
that name it. With a space instead of ``=`` pytest would take a file that exists for the tests to run.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from . import contract_rows
from .contract_rows import Row

OPTION = "--coverage-table"
LONGEST = 110  # characters of a row's text in the page

INTRO = """\
# Coverage of the contract

Every row of [the contract](contract/README.md), and the tests that prove it. *Not built* stands where no test names the
row: either the product does not do it yet, or nobody has proved yet that it does.

This page is generated from docs/contract and the markers of the tests, and checked by `.ci/run`. After a change of
either:

```sh
uv run pytest --coverage-table=docs/coverage.md
```
"""


def contract_ids(item: pytest.Item) -> list[str]:
    """The ids of one test, its class and its module."""
    return [name for mark in item.iter_markers("contract") for name in mark.args]


def sort_key(name: str) -> tuple[str, int, str]:
    return name.split("-")[0], int(re.sub(r"\D", "", name)), name


def links(tests: Iterable[tuple[str, str]]) -> str:
    """One entry for each file, relative to the folder of the page."""
    names = defaultdict(list)
    for file, name in sorted(tests):
        names[file].append(f"`{name}`")
    return "<br>".join(
        f"[{file.removeprefix('tests/')}](../{file}) {', '.join(listed)}" for file, listed in names.items()
    )


def wrong_ids(items: Iterable[pytest.Item], rows: Mapping[str, Row]) -> list[str]:
    """What is wrong with the markers, a sentence each."""
    found = set()
    for item in items:
        for name in contract_ids(item):
            test = item.nodeid.split("[")[0]
            if name not in rows:
                found.add(f"{test}: the contract has no row {name!r}")
            elif rows[name].is_withdrawn:
                found.add(f"{test}: {name} is withdrawn")
    return sorted(found)


def proofs(items: Iterable[pytest.Item]) -> dict[str, set[tuple[str, str]]]:
    """The tests that name each row, as (file, name). The cases of one parametrised test are one test."""
    tests: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for item in items:
        file, _, name = item.nodeid.split("[")[0].partition("::")
        for row in contract_ids(item):
            tests[row].add((file, name))
    return dict(tests)


def beginning(row: Row) -> str:
    """What the row is about, in a line: the first cell that is a sentence, or all of them, cut at a word."""
    cells = [cell for cell in row.cells[:-1] if len(cell) > 1] or list(row.cells)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " · ".join(cells)).replace("`", "").replace("**", "")
    text = text.replace("\\|", "|").replace("<", "&lt;")
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0].rstrip(" ,;:.·") + " …"
    return text.replace("|", "\\|")


def page(rows: Mapping[str, Row], titles: Mapping[str, str], tests: Mapping[str, set[tuple[str, str]]]) -> str:
    """The whole page: a table for each file of the contract, its rows in the order of their ids."""
    lines = []
    proved = 0
    for file, title in titles.items():
        own = sorted((row for row in rows.values() if row.file == file), key=lambda row: sort_key(row.name))
        if not own:
            continue
        named = sum(row.name in tests for row in own)
        proved += named
        lines += [f"## [{title}](contract/{file})", "", f"{named} of {len(own)} rows.", ""]
        lines += ["| Row | Says | Tests |", "|---|---|---|"]
        for row in own:
            found = links(tests[row.name]) if row.name in tests else ("withdrawn" if row.is_withdrawn else "not built")
            lines.append(f"| {row.name} | {beginning(row)} | {found} |")
        lines.append("")
    return f"{INTRO}\nOf {len(rows)} rows, {proved} are proved by tests.\n\n" + "\n".join(lines).rstrip("\n") + "\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, metavar="FILE", help="write which tests prove which rows of the contract; no test is run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(OPTION):
        if config.getoption("dist", "no") != "no":
            raise pytest.UsageError(f"{OPTION} collects the tests in one process: leave -n out")
        # A row would seem unproven because its tests were not looked at.
        if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
            raise pytest.UsageError(f"{OPTION} needs all tests: name none, and start in the repository's root")


# First, so that `-k` and `-m` have not yet taken tests away.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    rows = contract_rows.read()
    if found := wrong_ids(items, rows):
        raise pytest.UsageError("\n".join(["docs/contract and the markers of tests do not fit together:", *found]))
    target = config.getoption(OPTION)
    # A file that cannot be collected is reported by pytest; its rows would seem unproven.
    if target and not session.testsfailed:
        text = page(rows, contract_rows.titles(), proofs(items))
        Path(target).write_text(text, encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    return True if session.config.getoption(OPTION) and not session.testsfailed else None

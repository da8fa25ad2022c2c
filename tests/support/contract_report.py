"""Which tests prove which rows of the behavioural contract.

A pytest plugin: refuses a misspelt ``@pytest.mark.contract`` id at collection, and with ``--contract-report FILE``
writes a table of ids and their tests. With ``--collect-only`` no test has to run for it.
"""

import re
from collections import defaultdict
from pathlib import Path

import pytest

CONTRACT_ID = re.compile(r"(TA|ID|OP|TK|SE|IS|LG|API|MF|AU|DR|CL|OPS|CO)-R?\d+")


def contract_ids(item: pytest.Item) -> list[str]:
    """The ids of one test, its class and its module."""
    return [name for mark in item.iter_markers("contract") for name in mark.args]


def sort_key(name: str) -> tuple[str, int, str]:
    return name.split("-")[0], int(re.sub(r"\D", "", name)), name


def report(items: list[pytest.Item]) -> str:
    """The table, a line per id; the cases of one parametrised test are one entry."""
    tests: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for name in contract_ids(item):
            tests[name].add(item.nodeid.split("[")[0])
    lines = ["| Contract | Tests |", "|---|---|"]
    lines += [f"| {name} | {'<br>'.join(sorted(tests[name]))} |" for name in sorted(tests, key=sort_key)]
    return "\n".join(lines) + "\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--contract-report", metavar="FILE", help="write which tests prove which contract ids")


# First, so that `-k` and `-m` have not yet taken tests away.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for name in contract_ids(item):
            if not isinstance(name, str) or not CONTRACT_ID.fullmatch(name):
                raise pytest.UsageError(f"{item.nodeid}: {name!r} is no contract id")
    if target := config.getoption("--contract-report"):
        Path(target).write_text(report(items), encoding="utf-8")

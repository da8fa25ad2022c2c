"""The page of the OpenID rows: for each one the tests that prove it, or the reason why it is not met.

A pytest plugin: ``--openid-table=FILE`` collects every test, runs none, and writes the page, always the same for the
same markers and the same ``docs/openid-behaviour.toml``. What does not fit together is refused, all of it at once.
With a space instead of ``=`` pytest would take a file that exists for the tests to run.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from .contract_report import contract_ids, links, sort_key

SOURCE = Path(__file__).resolve().parents[2] / "docs" / "openid-behaviour.toml"
PENDING = "pending"
ROW_ID = re.compile(r"OP-\d{2,}")

# id → the tests that name it, each as (file, name)
Tests = Mapping[str, set[tuple[str, str]]]

INTRO = """\
# OpenID behaviour

What OpenID Connect and OAuth 2.0 ask of the Identity Server, a row for each demand, and the tests that prove it. Level
**M** is what the standards demand, or what clients cannot do without; **S** is what they recommend. A row is *met* when
tests name it and nothing is known to be missing; what is missing otherwise is said [below](#not-met-and-why), and what
the server does not offer at all is [at the end](#not-offered).

This page is generated from [openid-behaviour.toml](openid-behaviour.toml) and the markers of the tests, and checked by
`.ci/run`. After a change of either:

```sh
uv run pytest --openid-table=docs/openid-behaviour.md
```
"""


def read(path: Path = SOURCE) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise pytest.UsageError(f"docs/{path.name}: {error}")


def named_rows(items: Iterable[pytest.Item]) -> Tests:
    """The cases of one parametrised test are one test."""
    tests: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for item in items:
        file, _, name = item.nodeid.split("[")[0].partition("::")
        for row in contract_ids(item):
            if row.startswith("OP-"):
                tests[row].add((file, name))
    return dict(tests)


def problems(data: dict[str, Any], tests: Tests) -> list[str]:
    """What keeps the page from being true, a sentence each."""
    reasons = data["not_met"]
    levels: dict[str, str] = {}
    found = []
    for rows in data["sections"].values():
        for name, row in rows.items():
            if name in levels:
                found.append(f"{name} is there twice")
            if not ROW_ID.fullmatch(name):
                found.append(f"{name} is no id of a row")
            if set(row) != {"level", "says"} or row["level"] not in ("M", "S", "L") or not row["says"].strip():
                found.append(f"{name} needs a level, M, S or L, and what it says, and nothing else")
            levels[name] = row.get("level", "")
    for name, reason in reasons.items():
        if name not in levels:
            found.append(f"{name} has a reason but does not exist")
        elif levels[name] == "L":
            found.append(f"{name} has a reason, but level L is not offered anyway")
        elif not reason.strip():
            found.append(f"{name} has an empty reason")
        elif reason == PENDING and name in tests:
            found.append(f'{name} is "{PENDING}" but has tests: take the reason out, or say what is missing')
    for name in sorted(tests.keys() - levels.keys(), key=sort_key):
        found.append(
            f"{name} does not exist but is named by {', '.join('::'.join(test) for test in sorted(tests[name]))}"
        )
    for name in levels:
        if levels[name] in ("M", "S") and name not in tests and name not in reasons:
            found.append(f"{name} has no test and no reason")
    return found


def status(name: str, reasons: Mapping[str, str], tests: Tests) -> str:
    if name not in reasons:
        return "met"
    if name in tests:
        return "in part"
    return PENDING if reasons[name] == PENDING else "not met"


def table(*lines: tuple[str, ...]) -> list[str]:
    """A Markdown table; the first line is its head."""
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return [head, "|" + "---|" * len(lines[0]), *body, ""]


def page(data: dict[str, Any], tests: Tests) -> str:
    reasons = data["not_met"]
    sections = {
        title: sorted(rows.items(), key=lambda entry: sort_key(entry[0])) for title, rows in data["sections"].items()
    }
    counted: dict[str, int] = dict.fromkeys(("met", "in part", PENDING, "not met"), 0)
    lines = []
    for title, rows in sections.items():
        body = []
        for name, row in rows:
            if row["level"] != "L":
                is_now = status(name, reasons, tests)
                counted[is_now] += 1
                body.append((name, row["level"], row["says"], links(tests.get(name, ())), is_now))
        if body:
            lines += [f"## {title}", "", *table(("Row", "Level", "Requirement", "Tests", "Status"), *body)]
    lines += ["## Not met, and why", ""]
    by_number = sorted(reasons, key=sort_key)
    told = [name for name in by_number if reasons[name] != PENDING]
    if told:
        lines += table(
            ("Row", "Status", "Why"), *((name, status(name, reasons, tests), reasons[name]) for name in told)
        )
    if pending := [name for name in by_number if reasons[name] == PENDING]:
        lines += [f"Pending, because work on them is under way: {', '.join(pending)}.", ""]
    if not by_number:
        lines += ["Nothing.", ""]
    lines += [
        "## Not offered",
        "",
        "Optional features, which discovery does not list.",
        "",
    ]
    for title, rows in sections.items():
        for name, row in rows:
            if row["level"] == "L":
                proof = f" Refusal: {links(tests[name])}" if name in tests else ""
                lines.append(f"- {name} ({title}): {row['says']}{proof}")
    summary = ", ".join(f"{number} {is_now}" for is_now, number in counted.items() if number)
    return f"{INTRO}\nOf {sum(counted.values())} rows: {summary}.\n\n" + "\n".join(lines).rstrip("\n") + "\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--openid-table", metavar="FILE", help="write the page of the OpenID rows; no test is run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--openid-table"):
        if config.getoption("dist", "no") != "no":
            raise pytest.UsageError("--openid-table collects the tests in one process: leave -n out")
        # A row would seem unproven because its tests were not looked at.
        if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
            raise pytest.UsageError("--openid-table needs all tests: name none, and start in the repository's root")


# First, so that `-k` and `-m` have not yet taken tests away.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    target = config.getoption("--openid-table")
    # A file that cannot be collected is reported by pytest; its rows would only add noise.
    if not target or session.testsfailed:
        return
    data, tests = read(), named_rows(items)
    if found := problems(data, tests):
        raise pytest.UsageError("\n".join([f"docs/{SOURCE.name} and the markers do not fit together:", *found]))
    Path(target).write_text(page(data, tests), encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    return True if session.config.getoption("--openid-table") and not session.testsfailed else None

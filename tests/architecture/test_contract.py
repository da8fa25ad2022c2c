"""The rows of the contract, and the page that says which tests prove them."""

from types import SimpleNamespace

import pytest

from tests.tools import contract_report, contract_rows
from tests.tools.contract_report import page, proofs, wrong_ids

THIRTY = """\
# Tokens

Text about TK-99, which is no row.

| Id | Requirement | Source |
|---|---|---|
| TK-02 | A [token](x.md) is `a\\|b`. | RFC 9068 |
| TK-10 | Withdrawn: see TK-02. | decision |
| API-R3 | Rule. | decision |
| TK-1 | An upper bound that is said at length. | |
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "30-tokens.md").write_text(THIRTY, encoding="utf-8")
    (tmp_path / "README.md").write_text("# Contract\n\n| CO-01 | All times are UTC. |\n", encoding="utf-8")
    return tmp_path


def collected(nodeid, *names):
    return SimpleNamespace(nodeid=nodeid, iter_markers=lambda marker: [SimpleNamespace(args=names)])


def test_rows_are_read(folder):
    rows = contract_rows.read(folder)
    assert list(rows) == ["TK-02", "TK-10", "API-R3", "TK-1", "CO-01"]
    assert rows["TK-02"].cells == ("A [token](x.md) is `a\\|b`.", "RFC 9068")
    assert [name for name, row in rows.items() if row.is_withdrawn] == ["TK-10"]


def test_an_id_that_is_there_twice(folder):
    (folder / "40-more.md").write_text("# More\n\n| TK-02 | Again. | |\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"TK-02 is in 30-tokens\.md and in 40-more\.md"):
        contract_rows.read(folder)


def test_markers_that_name_no_row_or_a_withdrawn_one(folder):
    items = [collected("tests/a.py::test_x[1]", "TK-02", "TK-2", "TK-10"), collected("tests/a.py::test_x[2]", "TK-2")]
    assert wrong_ids(items, contract_rows.read(folder)) == [
        "tests/a.py::test_x: TK-10 is withdrawn",
        "tests/a.py::test_x: the contract has no row 'TK-2'",
    ]


def test_the_page(folder, monkeypatch):
    monkeypatch.setattr(contract_report, "LONGEST", 22)
    rows = contract_rows.read(folder)
    items = [collected(f"tests/a/b.py::TestC::test_d[{case}]", "TK-02", "CO-01") for case in (1, 2)]
    lines = page(rows, contract_rows.titles(folder), proofs(items)).splitlines()
    start = lines.index("## [Tokens](contract/30-tokens.md)")
    assert lines[start + 2 : start + 9] == [
        "1 of 4 rows.",
        "",
        "| Row | Says | Tests |",
        "|---|---|---|",
        "| API-R3 | Rule. | not built |",
        "| TK-1 | An upper bound that … | not built |",
        "| TK-02 | A token is a\\|b. | [a/b.py](../tests/a/b.py) `TestC::test_d` |",
    ]
    assert lines[start + 9] == "| TK-10 | Withdrawn: see TK-02. | withdrawn |"
    assert "Of 5 rows, 2 are proved by tests." in lines


def test_a_wrong_marker_stops_the_run_before_anything_is_written(tmp_path):
    target = tmp_path / "page.md"
    config = SimpleNamespace(getoption=lambda name, default=None: str(target))
    with pytest.raises(pytest.UsageError, match=r"do not fit together:\ntests/a\.py::test_x: .*'TK-9999'"):
        contract_report.pytest_collection_modifyitems(
            SimpleNamespace(testsfailed=0), config, [collected("tests/a.py::test_x", "TK-9999")]
        )
    assert not target.exists()


def test_only_a_part_of_the_tests():
    def config(source, dist="no"):
        values = {"--coverage-table": "page.md", "dist": dist}
        return SimpleNamespace(getoption=lambda name, default=None: values.get(name, default), args_source=source)

    contract_report.pytest_configure(config(pytest.Config.ArgsSource.TESTPATHS))
    with pytest.raises(pytest.UsageError, match="needs all tests"):
        contract_report.pytest_configure(config(pytest.Config.ArgsSource.ARGS))
    with pytest.raises(pytest.UsageError, match="leave -n out"):
        contract_report.pytest_configure(config(pytest.Config.ArgsSource.TESTPATHS, dist="load"))


def test_the_contract_of_this_product():
    rows = contract_rows.read()
    assert len(rows) > 1000
    # Every file is a part of the page, in the order of its number.
    assert next(iter(contract_rows.titles())) == "10-trusted-applications.md"

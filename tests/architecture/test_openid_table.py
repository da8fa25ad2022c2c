"""The page of the OpenID rows says what is true, or is not written."""

import copy
from types import SimpleNamespace

import pytest

from tests.tools import openid_table
from tests.tools.openid_table import named_rows, page, problems

DATA = {
    "sections": {
        "Later": {"OP-90": {"level": "L", "says": "Device codes."}},
        "First": {
            "OP-100": {"level": "S", "says": "A `x|y`."},
            "OP-20": {"level": "M", "says": "Two."},
            "OP-21": {"level": "M", "says": "Three."},
            "OP-22": {"level": "M", "says": "Four."},
        },
    },
    "not_met": {"OP-21": "pending", "OP-22": "Nobody needs it.", "OP-100": "So far: x."},
}
TESTS = {
    "OP-20": {("tests/b/test_b.py", "test_z"), ("tests/a/test_a.py", "TestA::test_y"), ("tests/b/test_b.py", "test_a")},
    "OP-100": {("tests/a/test_a.py", "test_x")},
    "OP-90": {("tests/a/test_a.py", "test_refused")},
}


@pytest.fixture
def data():
    return copy.deepcopy(DATA)


def collected(nodeid, *names):
    return SimpleNamespace(nodeid=nodeid, iter_markers=lambda marker: [SimpleNamespace(args=names)])


class TestPage:
    def test_each_row_has_its_tests_and_its_status(self, data):
        assert problems(data, TESTS) == []
        lines = page(data, TESTS).splitlines()
        assert (
            "| OP-20 | M | Two. | [a/test_a.py](../tests/a/test_a.py) `TestA::test_y`"
            "<br>[b/test_b.py](../tests/b/test_b.py) `test_a`, `test_z` | met |"
        ) in lines
        assert "| OP-21 | M | Three. |  | pending |" in lines
        assert "| OP-22 | M | Four. |  | not met |" in lines
        assert "| OP-100 | S | A `x\\|y`. | [a/test_a.py](../tests/a/test_a.py) `test_x` | in part |" in lines
        assert "Of 4 rows: 1 met, 1 in part, 1 pending, 1 not met." in lines

    def test_what_is_missing_is_said_at_the_end(self, data):
        missing = page(data, TESTS).split("## Not met, and why", 1)[1].split("## Not offered")[0]
        assert "| OP-22 | not met | Nobody needs it. |\n| OP-100 | in part | So far: x. |" in missing
        assert "Pending, because work on them is under way: OP-21." in missing

    def test_what_is_not_offered_is_a_list_and_no_table(self, data):
        text = page(data, TESTS)
        assert "## Later" not in text
        assert text.endswith(
            "- OP-90 (Later): Device codes. Refusal: [a/test_a.py](../tests/a/test_a.py) `test_refused`\n"
        )

    def test_the_same_in_whatever_order_things_come(self, data):
        mixed = {
            "not_met": dict(reversed(data["not_met"].items())),
            "sections": {title: dict(reversed(rows.items())) for title, rows in data["sections"].items()},
        }
        items = [collected(f"{file}::{name}", row) for row, tests in TESTS.items() for file, name in tests]
        assert page(mixed, named_rows(reversed(items))) == page(data, named_rows(items)) == page(data, TESTS)

    def test_cases_are_one_test_and_other_contract_ids_none(self):
        items = [collected(f"tests/a.py::test_x[{case}]", "OP-20", "TK-1") for case in ("a", "b::c")]
        assert named_rows(items) == {"OP-20": {("tests/a.py", "test_x")}}


class TestRefused:
    @pytest.mark.contract("OP-340")
    @pytest.mark.parametrize("row", ["OP-20", "OP-100"])
    def test_neither_test_nor_reason(self, row, data):
        data["not_met"].pop(row, None)
        tests = {name: found for name, found in TESTS.items() if name != row}
        assert problems(data, tests) == [f"{row} has no test and no reason"]

    def test_pending_although_there_are_tests(self, data):
        (problem,) = problems(data, {**TESTS, "OP-21": {("tests/a.py", "test_x")}})
        assert problem.startswith('OP-21 is "pending" but has tests')

    def test_a_marker_of_a_row_that_does_not_exist(self, data):
        (problem,) = problems(data, {**TESTS, "OP-23": {("tests/a.py", "test_x")}})
        assert problem == "OP-23 does not exist but is named by tests/a.py::test_x"

    @pytest.mark.parametrize(
        ("row", "reason", "problem"),
        [
            ("OP-23", "Why.", "OP-23 has a reason but does not exist"),
            ("OP-90", "Why.", "OP-90 has a reason, but level L is not offered anyway"),
            ("OP-22", " ", "OP-22 has an empty reason"),
        ],
    )
    def test_a_reason_that_is_none(self, row, reason, problem, data):
        data["not_met"][row] = reason
        assert problems(data, TESTS) == [problem]

    @pytest.mark.parametrize(
        ("name", "row", "problem"),
        [
            ("OP-20", {"level": "L", "says": "Again."}, "OP-20 is there twice"),
            ("OP-x", {"level": "L", "says": "What."}, "OP-x is no id of a row"),
            ("OP-30", {"level": "X", "says": "What."}, "OP-30 needs a level"),
            ("OP-30", {"level": "L", "says": ""}, "OP-30 needs a level"),
            ("OP-30", {"level": "L", "says": "What.", "note": "x"}, "OP-30 needs a level"),
            ("OP-30", {"says": "What."}, "OP-30 needs a level"),
        ],
    )
    def test_a_row_out_of_form(self, name, row, problem, data):
        data["sections"]["Later"][name] = row
        (found,) = problems(data, TESTS)
        assert found.startswith(problem)


class TestPlugin:
    """What is wrong is said before anything is written."""

    def config(self, target, **options):
        values = {"--openid-table": target, "dist": "no", **options}
        source = pytest.Config.ArgsSource.TESTPATHS
        return SimpleNamespace(getoption=lambda name, default=None: values.get(name, default), args_source=source)

    def collect(self, target, *items, testsfailed=0):
        session = SimpleNamespace(testsfailed=testsfailed)
        openid_table.pytest_collection_modifyitems(session, self.config(target), list(items))

    def test_all_that_does_not_fit_is_said_at_once(self, tmp_path):
        target = tmp_path / "page.md"
        with pytest.raises(pytest.UsageError, match=r"do not fit together:\n(.*\n)*OP-01 has no test and no reason"):
            self.collect(target, collected("tests/a.py::test_x", "OP-9999"))
        assert not target.exists()

    def test_rows_that_cannot_be_read(self, tmp_path):
        source = tmp_path / "rows.toml"
        source.write_text('[not_met]\nOP-20 = "x"\nOP-20 = "y"\n', encoding="utf-8")
        with pytest.raises(pytest.UsageError, match=r"docs/rows.toml: Cannot overwrite a value \(at line 3"):
            openid_table.read(source)

    def test_written(self, tmp_path, data, monkeypatch):
        monkeypatch.setattr(openid_table, "read", lambda: data)
        target = tmp_path / "page.md"
        items = [collected(f"{file}::{name}", row) for row, tests in TESTS.items() for file, name in tests]
        self.collect(target, *items, testsfailed=1)
        assert not target.exists(), "a file of tests could not be read"
        self.collect(target, *items)
        assert target.read_text(encoding="utf-8") == page(DATA, TESTS)

    def test_only_a_part_of_the_tests(self, tmp_path):
        config = self.config(tmp_path / "page.md")
        openid_table.pytest_configure(config)
        config.args_source = pytest.Config.ArgsSource.ARGS
        with pytest.raises(pytest.UsageError, match="needs all tests"):
            openid_table.pytest_configure(config)
        with pytest.raises(pytest.UsageError, match="leave -n out"):
            openid_table.pytest_configure(self.config(tmp_path / "page.md", dist="load"))


def test_the_rows_of_this_server_are_well_formed():
    data = openid_table.read()
    named = {name for rows in data["sections"].values() for name in rows}
    without = {name for name in named if name not in data["not_met"]}
    assert len(named) > 150
    # With a test for each row that has no reason, nothing but the reasons and the form could be wrong.
    assert problems(data, {name: {("tests/a.py", "test_x")} for name in without}) == []


def test_the_page_is_where_its_links_are_right():
    text = (openid_table.SOURCE.parent / "openid-behaviour.md").read_text(encoding="utf-8")
    targets = {part.split(")", 1)[0] for part in text.split("](../")[1:]}
    assert targets
    assert [target for target in targets if not (openid_table.SOURCE.parents[1] / target).is_file()] == []

"""The page of the errors says what the product says."""

import ast
import re

import pytest

from tests.tools import errors_page

from . import source

SECTIONS = errors_page.read()
ANSWERS = [(section["title"], answer) for section in SECTIONS for answer in section["answers"]]


@pytest.fixture(scope="module")
def texts():
    """Every text of the product, those with parts that differ as their fixed parts."""
    nodes = (node for _, tree in source.syntax_trees() for node in ast.walk(tree))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_every_cause_that_developers_are_told_stands_in_an_answer():
    assert list(errors_page.problems(SECTIONS)) == []


def test_what_is_wrong_is_found():
    section = {"title": "x", "about": "x", "answers": [{"error": "x", "text": "", "causes": ["x", "scope_missing"]}]}
    found = list(errors_page.problems([section]))
    assert found[0] == "x is no cause"
    assert "scope_unknown is told to developers and stands in no answer" in found
    assert not any("scope_missing" in problem or "secret_wrong" in problem for problem in found)


@pytest.mark.parametrize(("title", "answer"), ANSWERS)
def test_the_product_says_it(title, answer, texts):
    fixed = [part for part in re.split("…", answer["text"]) if part.strip(" .)")]
    for part in fixed:
        assert any(part.strip() in text or part.strip().rstrip(".") == text for text in texts), part


def test_no_answer_stands_twice():
    keys = [(title, answer["error"], answer["text"]) for title, answer in ANSWERS if answer["text"]]
    assert len(keys) == len(set(keys))


def test_each_cause_is_a_row():
    page = errors_page.page(SECTIONS)
    assert "| `insufficient_scope`<br>The scope openid is needed | UserInfo was asked with a token without" in page
    assert (
        "|  | The secret has expired. (`secret_expired`) | Add a new secret and give it to the application. |" in page
    )

"""Causes come from their one list, and the catalogue explains every one of them."""

import ast
from collections import Counter

import pytest

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.explanations import EXPLANATIONS, Told, explain

from . import source

# The list; and what puts into words what the trail holds, codes of earlier versions too.
THE_LIST = (
    "erpnet_identity/audit/causes.py",
    "erpnet_identity/audit/explanations/",
    "erpnet_identity/audit/descriptions.py",
)
CODES = {cause.value for cause in Cause}
# Codes that are also the name of something else: an OAuth error, a parameter, a field, the error of a form, a type of
# the API. A parameter for a cause takes none of them, see below.
ALSO_SOMETHING_ELSE = {
    *("invalid_request", "request_expired", "not_found", "server_error", "AccessDenied", "InvalidRequest"),
    *("response_mode", "token_type", "user_type", "kept_from_services"),
    *("scope_unknown", "system_user_missing", "system_user_type"),
}


def product():
    return [(name, tree) for name, tree in source.syntax_trees() if not name.startswith(THE_LIST)]


def texts(node):
    """The texts that an expression may give: those of a condition too, not those that a call takes."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value else []
    if isinstance(node, ast.JoinedStr):
        return [ast.unparse(node)]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in texts(value)]
    return []


def is_cause(target):
    return (isinstance(target, ast.Name) and target.id == "cause") or (
        isinstance(target, ast.Attribute) and target.attr == "cause"
    )


def as_text(node):
    """The texts that this node says where a cause belongs."""
    if isinstance(node, ast.keyword) and node.arg == "cause":
        return texts(node.value)
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        # In the detail of an event there is none: it has a column of its own.
        return ["cause" for key, _ in pairs if isinstance(key, ast.Constant) and key.value == "cause"]
    if isinstance(node, ast.Assign) and any(map(is_cause, node.targets)):
        return texts(node.value)
    if isinstance(node, ast.AnnAssign) and node.value is not None and is_cause(node.target):
        return texts(node.value)
    if isinstance(node, ast.Constant) and node.value in CODES - ALSO_SOMETHING_ELSE and "_" in node.value:
        return [node.value]
    if isinstance(node, ast.arg) and node.arg == "cause" and node.annotation is not None:
        annotation = ast.unparse(node.annotation)
        return [] if annotation.startswith("Cause") else [annotation]
    return []


def causes_as_text(tree):
    return [(getattr(node, "lineno", 0), text) for node in ast.walk(tree) for text in as_text(node)]


def test_no_cause_is_written_as_text():
    assert {name: found for name, tree in product() if (found := causes_as_text(tree))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "refuse(cause='x')",
        "refuse('secret_wrong')",
        "cause = 'x' if y else None",
        "self.cause = cause or 'x'",
        "cause: Cause = 'x'",
        "record(detail={'cause': cause})",
        "refuse(cause=f'hint_{x}')",
        "def refuse(cause: str): ...",
    ],
)
def test_a_text_is_found(line):
    assert causes_as_text(ast.parse(line))


def test_every_cause_is_used():
    used = {
        node.attr
        for _, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Cause"
    }
    assert {cause.name for cause in Cause} - used == set()


def test_no_code_stands_twice():
    tree = ast.parse((source.ROOT / THE_LIST[0]).read_text(encoding="utf-8"))
    (members,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    codes = Counter(node.value.value for node in members if isinstance(node, ast.Assign))
    assert [code for code, number in codes.items() if number > 1] == []
    assert len(codes) == len(Cause)
    assert all(len(code) <= 64 for code in codes), "the column is 64 characters wide"


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_explained(cause):
    explanation = explain(cause)
    assert explanation is EXPLANATIONS[cause]
    assert isinstance(explanation.told, Told)
    for text in (explanation.happened, explanation.helps):
        assert text[0].isupper() or text.startswith("max_age")
        assert text.endswith(".")


def test_nothing_else_is_explained():
    assert list(EXPLANATIONS) == list(Cause)
    assert explain("a_code_of_long_ago") is None

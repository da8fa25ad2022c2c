"""A credential is read in one place, and one function says whom it stands for."""

import ast

from . import source


def test_a_principal_is_made_in_one_place():
    """A second maker could leave out a check."""
    makers = [
        name
        for name, tree in source.syntax_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Principal"
    ]
    assert makers == ["erpnet_identity/tokens/token_state.py"]


def test_a_bearer_token_is_taken_apart_in_one_place():
    readers = {
        name
        for name, tree in source.syntax_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower().strip() == "bearer"
    }
    # The other two only say the word: what kind of token was issued, and what the challenge asks for.
    assert readers == {
        "erpnet_identity/tokens/bearer.py",
        "erpnet_identity/oauth/token_response.py",
        "erpnet_identity/tokens/authentication.py",
    }

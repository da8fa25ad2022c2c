"""Small files; settings and environment read in one place."""

import ast

from . import source

MAX_LINES = 400
# A longer file wants a reason here.
LONGER: dict[str, str] = {}

READ_THE_ENVIRONMENT = {
    "manage.py",
    "erpnet_identity/bootstrap.py",
    "erpnet_identity/manifest/apply.py",  # a manifest names the variables that hold its secrets
    "erpnet_identity/provision.py",  # what pip and uv are told, before anything of the product can be imported
    "erpnet_identity/settings/env.py",
    "erpnet_identity/wsgi.py",
}


FROM_OS = {"environ", "environb", "getenv", "putenv"}


def test_no_file_is_too_long():
    lengths = {
        source.relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in source.product_files()
    }
    too_long = {name: length for name, length in lengths.items() if length > MAX_LINES and name not in LONGER}
    assert too_long == {}
    assert [name for name in LONGER if lengths.get(name, 0) <= MAX_LINES] == [], "these are short again"


def reads_environment(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {f"os.{name}" for name in FROM_OS}:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and FROM_OS & {alias.name for alias in node.names}:
            return True
    return False


def test_the_environment_is_read_in_one_place():
    readers = {name for name, tree in source.syntax_trees() if reads_environment(tree)}
    assert sorted(readers - READ_THE_ENVIRONMENT) == []


def imports_settings_package(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(a.name.startswith("erpnet_identity.settings") for a in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            if module.startswith("erpnet_identity.settings"):
                return True
            if module == "erpnet_identity" and any(alias.name == "settings" for alias in node.names):
                return True
    return False


def test_settings_are_read_only_through_django_conf():
    inside = "erpnet_identity/settings/"
    readers = [name for name, tree in source.syntax_trees() if imports_settings_package(tree)]
    assert [name for name in readers if not name.startswith(inside)] == []


def connections_left_open(tree):
    """Lines of ``with sqlite3.connect(…)``: it commits and does not close, which Python 3.13 warns about."""
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func) == "sqlite3.connect":
                    yield item.context_expr.lineno


def test_connections_are_closed_where_they_are_opened():
    files = [*source.product_files(), *source.files_of_tests()]
    found = {source.relative(path): list(connections_left_open(ast.parse(path.read_bytes()))) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert list(connections_left_open(ast.parse("with sqlite3.connect(file) as c: pass"))) == [1]

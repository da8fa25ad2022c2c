"""The product's own source files, and the layer order that pyproject.toml gives the linter."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("erpnet_identity", "trusted_apps", "erp_api")


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def layers() -> list[list[str]]:
    """The layers of the import contract, the highest first; modules on one line are one layer."""
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["id"] == "layers"]
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def depth(module: str) -> int | None:
    """How far down a module lies; None for one that is not ours."""
    for number, names in enumerate(layers()):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return number
    return None


def product_files() -> list[Path]:
    """Every Python file of the product, migrations and tests left out."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    return sorted([ROOT / "manage.py", *files])


def files_of_tests() -> list[Path]:
    """Every Python file of the tests and of CI."""
    return sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / ".ci").glob("*.py")])


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def syntax_trees() -> Iterator[tuple[str, ast.Module]]:
    """Every product file's name and its syntax tree."""
    for path in product_files():
        yield relative(path), ast.parse(path.read_text(encoding="utf-8"), filename=str(path))

"""Every package that a fresh resolution brings in is pinned to one version in pyproject.toml, and nothing else is.

The lock file is not in the repository, so these pins are all that makes two installations the same.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^;,\s]+)")


def normal(name: str) -> str:
    """A package name as the resolver writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(requirements: list[str]) -> dict[str, str]:
    """Name → version. A requirement that allows more than one version ends the check."""
    found = {}
    for requirement in requirements:
        match = PIN.fullmatch(requirement)
        if match is None:
            sys.exit(f"pyproject.toml: {requirement!r} is not pinned with ==")
        found[normal(match["name"])] = match["version"]
    return found


def main() -> None:
    subprocess.run(["uv", "lock", "--quiet"], cwd=ROOT, check=True)  # noqa: S607
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    direct = pins(project["project"]["dependencies"] + project["dependency-groups"]["dev"])
    constraints = pins(project["tool"]["uv"]["constraint-dependencies"])
    own = normal(project["project"]["name"])
    resolved = {package["name"]: package["version"] for package in lock["package"] if package["name"] != own}

    faults = [f"{name} is pinned twice" for name in sorted(direct.keys() & constraints.keys())]
    pinned = {**constraints, **direct}
    for name in sorted(resolved.keys() | pinned.keys()):
        if name not in pinned:
            faults.append(f'{name} is pulled in but not pinned: add "{name}=={resolved[name]}"')
        elif name not in resolved:
            faults.append(f"{name} is pinned but nothing needs it")
        elif resolved[name] != pinned[name]:
            faults.append(f"{name} resolves to {resolved[name]} although {pinned[name]} is pinned")
    if faults:
        sys.exit("pyproject.toml, constraint-dependencies:\n  " + "\n  ".join(faults))
    print(f"{len(resolved)} packages, all pinned.")  # noqa: T201


if __name__ == "__main__":
    main()

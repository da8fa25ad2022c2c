"""The Pythons of this machine that the product supports besides the one of its environment, a path a line.

Of each version 3.N the newest; no preview, nothing but CPython with its lock. Looked for where uv looks, on PATH and
among the versions of pyenv, whose programs on PATH are often only signposts that lead nowhere.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 11)
ASK = (
    "import sys, sysconfig, json; print(json.dumps([list(sys.version_info), sys.implementation.name, "
    "bool(sysconfig.get_config_var('Py_GIL_DISABLED'))]))"
)


def candidates() -> Iterator[Path]:
    """Programs that may be a Python."""
    listed = subprocess.run(
        ["uv", "python", "list", "--only-installed", "--output-format", "json"],  # noqa: S607
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        yield from (Path(found["path"]) for found in json.loads(listed.stdout) if found.get("path"))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from Path(folder or ".").glob("python3.[0-9]*[0-9]")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from pyenv.glob("versions/*/bin/python3")


def version(program: Path) -> tuple[int, int, int] | None:
    """Its version, or None for what is not a Python that is meant."""
    try:
        answer = subprocess.run([program, "-I", "-c", ASK], capture_output=True, text=True, timeout=30)  # noqa: S603
        info, implementation, without_lock = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if implementation != "cpython" or without_lock or info[3] != "final" or tuple(info[:2]) < OLDEST:
        return None
    return info[0], info[1], info[2]


def main() -> None:
    newest: dict[tuple[int, int], tuple[int, Path]] = {}
    for program in candidates():
        if found := version(program):
            newest[found[:2]] = max(newest.get(found[:2], (-1, program)), (found[2], program))
    # This script runs with the environment's Python.
    newest.pop(sys.version_info[:2], None)
    for _, program in (newest[minor] for minor in sorted(newest)):
        print(program)  # noqa: T201


if __name__ == "__main__":
    main()

"""The two commands of the README on a machine that has only Python and pip. The test needs no network: programs that
stand in for pip and uv note how they were called. `.ci/run` starts with the real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from erpnet_identity import provision
from tests.support.server import ROOT

PIP = """
import os, pathlib, sys
arguments = sys.argv[1:]
copy = pathlib.Path(os.environ["COPY"])
if arguments[:2] == ["config", "list"]:
    print("global.index-url='https://packages.example/simple'")
    sys.exit()
with (copy / "pip.log").open("a") as log:
    log.write(" ".join(arguments) + "|" + os.environ.get("PIP_USER", "") + os.environ.get("PIP_TARGET", "") + "\\n")
if os.environ.get("PIP_FAILS"):
    sys.exit("ERROR: no route to host")
bin = pathlib.Path(arguments[arguments.index("--target") + 1]) / "bin"
bin.mkdir(parents=True)
(bin / "uv").write_text((copy / "uv.sh").read_text())
(bin / "uv").chmod(0o755)
"""
UV = """#!/bin/sh
[ "$1" = --version ] && echo "uv ${UV_VERSION:-0.13.9} (test)" && exit
echo "$*|$UV_PYTHON|$UV_DEFAULT_INDEX|$UV_FROZEN$VIRTUAL_ENV|$UV_NO_DEV" >>"$COPY/uv.log"
[ -z "$UV_FAILS" ] || { echo "error: no route to host" >&2; exit 2; }
folder="${UV_PROJECT_ENVIRONMENT:-.venv}"
mkdir -p "$folder/bin"
cat >"$folder/bin/python" <<EOF
#!/bin/sh
echo "in the environment: \\$*"
exit \\${STATUS:-0}
EOF
chmod +x "$folder/bin/python"
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python that knows none of our packages, as the machine's own does."""
    folder = tmp_path_factory.mktemp("machine")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


@pytest.fixture
def copy(tmp_path):
    """A copy of what the first seconds of `manage.py` need, in a folder with a space, and a module named pip."""
    folder = tmp_path / "a copy"
    (folder / "erpnet_identity").mkdir(parents=True)
    for name in ("manage.py", "pyproject.toml", "erpnet_identity/__init__.py", "erpnet_identity/provision.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pip.py").write_text(PIP)
    (folder / "uv.sh").write_text(UV)
    return folder


@pytest.fixture
def start(copy, bare):
    """``start("quickstart", "--port", "1", NAME="value")``: `manage.py` with a Python that has no packages."""

    def run(*arguments, **variables):
        # pip is a module of the copy there, for its children too.
        given = {"PATH": "/usr/bin:/bin", "HOME": str(copy / "home"), "COPY": str(copy), "PYTHONPATH": str(copy)}
        return subprocess.run(
            [bare, copy / "manage.py", *arguments],
            env={**given, **variables},
            cwd=copy.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def lines(file):
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.contract("OPS-06")
class TestAMachineWithoutUv:
    def test_pip_brings_it_into_the_copy(self, copy, start, bare):
        result = start("quickstart", "--port", "8300")
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"in the environment: {copy / 'manage.py'} quickstart --port 8300\n"
        (call,) = lines(copy / "pip.log")
        assert call.startswith("install ")
        assert f"--target {copy}/.uv-" in call
        (call,) = lines(copy / "uv.log")
        assert call.startswith(f"sync --inexact --quiet|{bare}|https://packages.example/simple|")
        assert sorted(path.name for path in copy.glob(".*")) == [".uv", ".venv"]

    def test_a_second_start_takes_neither(self, copy, start):
        start("quickstart")
        shutil.rmtree(copy / ".uv")
        result = start("quickstart", PIP_FAILS="1")
        assert result.stdout.startswith("in the environment: ")
        assert len(lines(copy / "uv.log")) == len(lines(copy / "pip.log")) == 1

    def test_other_pins_are_brought(self, copy, start):
        start("quickstart")
        (copy / "pyproject.toml").write_text((copy / "pyproject.toml").read_text() + "\n")
        start("quickstart")
        assert len(lines(copy / "uv.log")) == 2
        assert len(lines(copy / "pip.log")) == 1

    def test_settings_that_would_lead_elsewhere(self, copy, start):
        start("test", PIP_USER="1", PIP_TARGET="/elsewhere", UV_FROZEN="1", VIRTUAL_ENV="/elsewhere", UV_NO_DEV="1")
        assert lines(copy / "pip.log")[0].endswith("|0")
        assert lines(copy / "uv.log")[0].endswith("||")

    def test_settings_of_uv_stand_above_those_of_pip(self, copy, start):
        start("quickstart", UV_DEFAULT_INDEX="https://own.example/simple", UV_PYTHON="3.12")
        assert "|3.12|https://own.example/simple|" in lines(copy / "uv.log")[0]

    def test_an_environment_of_another_name(self, copy, start):
        result = start("quickstart", UV_PROJECT_ENVIRONMENT="elsewhere")
        assert result.returncode == 0
        assert (copy / "elsewhere" / "bin" / "python").exists()

    def test_the_exit_status_is_that_of_the_command(self, start):
        assert start("check", STATUS="3").returncode == 3

    def test_only_what_production_needs(self, copy, start):
        """Without what the tests need, until somebody runs them."""
        start("serve", UV_NO_DEV="1")
        assert lines(copy / "uv.log")[0].endswith("|1")
        start("serve", UV_NO_DEV="1")
        assert len(lines(copy / "uv.log")) == 1
        start("test", UV_NO_DEV="1")
        assert len(lines(copy / "uv.log")) == 2
        assert lines(copy / "uv.log")[1].endswith("|")


class TestAMachineWithUv:
    def test_it_is_used(self, copy, start):
        on_path = copy / "bin"
        on_path.mkdir()
        shutil.copy(copy / "uv.sh", on_path / "uv")
        (on_path / "uv").chmod(0o755)
        assert start("quickstart", PATH=f"{on_path}:/usr/bin:/bin").returncode == 0
        assert not lines(copy / "pip.log")

    @pytest.mark.parametrize(
        "text", [UV.replace("0.13.9", "0.4.30"), "#!/bin/sh\necho no such version >&2; exit 127\n"]
    )
    def test_one_that_is_too_old_or_a_shim_is_passed_over(self, copy, start, text):
        on_path = copy / "bin"
        on_path.mkdir()
        (on_path / "uv").write_text(text)
        (on_path / "uv").chmod(0o755)
        assert start("quickstart", PATH=f"{on_path}:/usr/bin:/bin").returncode == 0
        assert len(lines(copy / "pip.log")) == 1


class TestSentences:
    """What cannot be is said in one sentence, after the words of the program that failed."""

    def check(self, result, *words):
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        for word in words:
            assert word in result.stderr

    def test_pip_has_no_network(self, copy, start):
        self.check(start("quickstart", PIP_FAILS="1"), "no route to host", "uv could not be brought", "PIP_INDEX_URL")
        assert not [path.name for path in copy.glob(".*")]

    def test_uv_has_no_network(self, start):
        self.check(start("quickstart", UV_FAILS="1"), "no route to host", "could not be brought", "UV_DEFAULT_INDEX")

    def test_no_pip(self, copy, start):
        (copy / "pip.py").unlink()
        self.check(start("quickstart"), "has neither", "apt-get install python3-pip")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_copy_that_cannot_be_written(self, copy, start):
        copy.chmod(0o555)
        try:
            self.check(start("quickstart"), f"Cannot write into {copy}")
        finally:
            copy.chmod(0o755)

    def test_an_environment_that_stays_empty(self, copy, start):
        self.check(start("quickstart", ERP_IDENTITY_ENVIRONMENT=str(copy)), "Delete that folder")

    def test_an_old_python(self):
        source = (ROOT / "manage.py").read_text()
        with pytest.raises(SystemExit, match=r"needs Python 3\.11 or later; .* is 3"):
            exec(source.replace("sys.version_info < (3, 11)", "True"), {"__name__": "manage"})


def test_where_pip_looks_in_the_words_of_uv():
    listing = "\n".join(
        [
            "global.index-url='https://file.example/simple'",
            ":env:.index-url='https://environment.example/simple'",
            "global.find-links='/one /two'",
            "global.cert='/etc/company.pem'",
            "global.extra-index-url='https://extra.example'",
            "install.user='true'",
        ]
    )
    assert provision.places(listing) == {
        "UV_DEFAULT_INDEX": "https://environment.example/simple",
        "UV_FIND_LINKS": "/one,/two",
        "SSL_CERT_FILE": "/etc/company.pem",
    }


def test_an_environment_that_has_all_is_not_left():
    assert provision.missing((*provision.PRODUCT, *provision.TESTS)) == []
    assert provision.missing(["django", "no_such_module_at_all"]) == ["no_such_module_at_all"]


def test_arguments_of_the_tests_are_those_of_pytest():
    """`manage.py test` is pytest, from whatever folder it is called."""
    result = subprocess.run(
        [sys.executable, ROOT / "manage.py", "test", "--version"],
        cwd=Path("/"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0
    assert result.stdout.startswith("pytest ")

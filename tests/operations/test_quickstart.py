"""A demo with one command: what it makes, keeps, prints and refuses."""

import base64
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from erpnet_identity import bootstrap
from erpnet_identity.operations import quickstart
from erpnet_identity.operations.management.commands import quickstart as command
from erpnet_identity.tenancy.models import Instance
from tests.conftest import missing_service
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.server import ROOT, environment, free_port, manage, serving

TABLES = ("users_user", "trusted_apps_trustedapplication", "keys_signingkey", "tenancy_instance")


def counted(file):
    """How many rows of each kind there are; demo data by all tables of the APIs together."""
    with closing(sqlite3.connect(file)) as connection, connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        tables = [*TABLES, *(name for name in names if name.startswith("erp_api_"))]
        return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in tables}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Port, database file, and what the first start printed."""
    port = free_port()
    file = tmp_path_factory.mktemp("quickstart") / "demo.sqlite3"
    result = manage("quickstart", "--no-serve", f"--port={port}", DATABASE_URL=f"sqlite:///{file}")
    assert result.returncode == 0, result.stderr
    return port, file, result.stdout


@pytest.mark.contract("OPS-06", "OPS-01")
def test_the_first_start(demo):
    port, file, output = demo
    root = f"http://127.0.0.1:{port}"
    counts = counted(file)
    assert counts["tenancy_instance"] == counts["keys_signingkey"] == 1
    assert counts["erp_api_customer"] >= 200
    for address in (f"{root}/", f"{root}/id", f"{root}/api/domain/odata/", f"{root}/admin/"):
        assert f"  {address}\n" in output
    manifest = yaml.safe_load(quickstart.MANIFEST.read_text())
    for user in manifest["users"]:
        assert "password" not in user or re.search(rf"^  {user['login']}\s+{user['password']}\s", output, re.M)
    for application in manifest["applications"]:
        assert application["application_uri"] in output
        assert application.get("secret", "") in output
    # What one needs next stands last, where the eye rests.
    last = manifest["users"][-1]["login"] if "password" in manifest["users"][-1] else "carol"
    assert output.rstrip().splitlines()[-1].split()[0] == last
    assert "import " not in output


@pytest.mark.contract("OPS-06")
def test_the_second_start_keeps_the_data_and_serves_what_it_prints(demo, tmp_path):
    port, file, _ = demo
    with closing(sqlite3.connect(file)) as connection, connection:
        first = "(select min(rowid) from erp_api_customer)"
        connection.execute(f"update erp_api_customer set number = 'KEPT-1' where rowid in {first}")
    before = counted(file)
    log = tmp_path / "log"
    with serving(port, "quickstart", f"--port={port}", log=log, DATABASE_URL=f"sqlite:///{file}") as process:
        assert counted(file) == before
        with closing(sqlite3.connect(file)) as connection, connection:
            kept = connection.execute("select count(*) from erp_api_customer where number = 'KEPT-1'")
            assert kept.fetchone() == (1,)

        assert f"\n  python3 manage.py quickstart --calls --port {port}\n" in log.read_text()
        for path in (os.environ["PATH"], "/nowhere"):
            # On a machine without curl the calls are made with Python.
            shown = manage("quickstart", "--calls", f"--port={port}", DATABASE_URL=f"sqlite:///{file}", PATH=path)
            assert ("curl" in shown.stdout) == (path != "/nowhere")
            check_calls(port, run_in_shell(shown.stdout))

        busy = manage("quickstart", f"--port={port}", DATABASE_URL=f"sqlite:///{file}")
        assert busy.returncode == 1
        assert (
            f"Cannot listen on 127.0.0.1 port {port}: another program uses it. "
            f"Choose another: python3 manage.py quickstart --port {port + 1}\n" in busy.stderr
        )
        assert "Traceback" not in busy.stderr

        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_calls_that_this_environment_cannot_run_are_not_shown(monkeypatch):
    """Without what only the tests need (UV_NO_DEV) there are no libraries of clients."""
    every = quickstart.calls("http://127.0.0.1:8000")
    monkeypatch.setattr(quickstart, "find_spec", lambda name: None if name in ("jwt", "requests") else name)
    fewer = quickstart.calls("http://127.0.0.1:8000")
    assert "requests_oauthlib" in fewer
    for text in ("import jwt", "import requests\n"):
        assert text in every
        assert text not in fewer
    assert "UV_NO_DEV" in fewer
    assert "UV_NO_DEV" not in every


def check_calls(port, output):
    assert '"WebSites"' in output
    assert f'"issuer": "http://127.0.0.1:{port}/id"' in output
    assert '"@odata.id"' in output
    assert "\n401\n" in output
    assert "'client_id': 'ServiceDemoClient'" in output
    rows = [line for line in output.splitlines() if line.startswith("Crm_Sales_Customers(")]
    assert len(rows) == 3
    # Somebody signed in in the browser that was opened, and the application learnt who.
    assert "'name': 'Alice Adams'" in output
    assert output.strip().endswith("\n3 customers")


def run_in_shell(calls):
    """What a person sees who pastes the calls into a shell."""
    for program in ("bash", "curl"):
        if shutil.which(program) is None:
            missing_service(f"this needs {program}")
    script = "set -euo pipefail\n" + calls
    (login, password) = re.search(r"sign in as (\S+) with (\S+),", calls).groups()
    browser = f"{sys.executable} tests/support/robot.py {login} {password} %s &"
    # A second terminal knows nothing of the first, of uv or of an environment.
    variables = environment(BROWSER=browser, PATH="/usr/bin:/bin")
    result = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.contract("OPS-06")
@pytest.mark.django_db
class TestRefusal:
    def test_an_empty_database_is_welcome(self):
        quickstart.refuse_real_instance()

    def test_a_demo_is_welcome(self):
        Instance.objects.create(is_demo=True)
        UserFactory()
        quickstart.refuse_real_instance()

    def test_an_instance_that_is_no_demo(self):
        Instance.objects.create(name="ACME")
        with pytest.raises(quickstart.RealInstance):
            quickstart.refuse_real_instance()

    @pytest.mark.parametrize("factory", [UserFactory, TrustedApplicationFactory])
    def test_rows_of_somebody_else(self, factory):
        factory()
        with pytest.raises(quickstart.RealInstance):
            quickstart.prepare()
        assert not Instance.objects.exists()
        with pytest.raises(CommandError, match=r"The database .* is left alone\. Name another one"):
            call_command("quickstart", no_serve=True)


@pytest.mark.contract("OPS-06")
def test_an_https_instance_is_refused_with_a_sentence(tmp_path):
    file = tmp_path / "none.sqlite3"
    result = manage(
        "quickstart", "--no-serve", DATABASE_URL=f"sqlite:///{file}", INSTANCE_URL="https://erp.example.com"
    )
    assert result.returncode == 1
    assert "INSTANCE_URL is https://erp.example.com" in result.stderr
    assert "Traceback" not in result.stderr
    assert not file.exists()


@pytest.mark.contract("OPS-04", "OPS-06")
def test_a_database_that_was_made_with_other_secrets(demo):
    _, file, _ = demo
    other = base64.urlsafe_b64encode(b"o" * 32).decode()
    result = manage("quickstart", "--no-serve", DATABASE_URL=f"sqlite:///{file}", KEY_ENCRYPTION_KEYS=other)
    assert result.returncode == 1
    assert re.match(r"Configuration error: The signing key \w+ cannot be decrypted", result.stderr)


@pytest.mark.contract("OPS-01", "OPS-06")
@pytest.mark.parametrize(
    ("arguments", "before", "after"),
    [
        (["--port", "8300"], None, "http://127.0.0.1:8300"),
        (["--no-serve", "--port=8300"], None, "http://127.0.0.1:8300"),
        (["--port", "8300"], "http://localhost:8000", "http://localhost:8300"),
        (["--port", "8300"], "http://[::1]:8000", "http://[::1]:8300"),
        (["--port", "8300"], "https://erp.example.com", "https://erp.example.com"),
        (["--port", "8300"], "http://erp.example.com", "http://erp.example.com"),
        # What the command's own parser reads as 8300, and how a browser writes it.
        (["--por", "8300"], None, "http://127.0.0.1:8300"),
        (["--po=08300", "--no-serve"], None, "http://127.0.0.1:8300"),
        (["--port=1", "--port=8300"], None, "http://127.0.0.1:8300"),
        (["--port=80"], "http://localhost:8000", "http://localhost"),
        (["--port=8300"], "http://localhost:8000/erp", "http://localhost:8300/erp"),
        (["--port", "80"], "http://127.0.0.1:8000/demo", "http://127.0.0.1/demo"),
        # Refused afterwards, with the other settings.
        (["--port", "8300"], "http://127.0.0.1:8000/?a=b#c", "http://127.0.0.1:8300/?a=b#c"),
        (["--port", "8300"], "http://maria@127.0.0.1:8000", "http://maria@127.0.0.1:8000"),
        (["--port", "8300"], "http://[::1", "http://[::1"),
        ([], None, None),
        (["--port"], None, None),
        (["--port", "--no-serve"], None, None),
        (["--port", "x"], None, None),
    ],
)
def test_the_port_names_the_issuer(monkeypatch, tmp_path, arguments, before, after):
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    environ = {} if before is None else {"INSTANCE_URL": before}
    monkeypatch.setattr(bootstrap.os, "environ", environ)
    bootstrap.adopt_port(arguments)
    assert environ.get("INSTANCE_URL") == after


@pytest.mark.parametrize("zero", ["0", "00"])
@pytest.mark.parametrize(("before", "host"), [("", "127.0.0.1"), ("http://[::1]:8000", "[::1]")])
def test_any_free_port_names_the_issuer(monkeypatch, tmp_path, zero, before, host):
    monkeypatch.setattr(bootstrap, "BASE_DIR", tmp_path)
    monkeypatch.setattr(bootstrap.os, "environ", environ := {"INSTANCE_URL": before})
    bootstrap.adopt_port(["--port", zero])
    assert re.fullmatch(rf"http://{re.escape(host)}:[1-9]\d+", environ["INSTANCE_URL"])


@pytest.mark.parametrize(
    ("root", "host", "port", "calls"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", 8000, "python3 manage.py quickstart --calls"),
        ("http://127.0.0.1:8300", "127.0.0.1", 8300, "python3 manage.py quickstart --calls --port 8300"),
        ("http://127.0.0.1", "127.0.0.1", 80, "python3 manage.py quickstart --calls --port 80"),
        (
            "http://[::1]:8300",
            "::1",
            8300,
            "INSTANCE_URL=http://[::1]:8300 python3 manage.py quickstart --calls",
        ),
        (
            "http://localhost:8300/erp",
            "127.0.0.1",
            8300,
            "INSTANCE_URL=http://localhost:8300/erp python3 manage.py quickstart --calls",
        ),
    ],
)
def test_what_is_printed_is_served(monkeypatch, settings, root, host, port, calls):
    """The address that is printed, the one that is listened on, and the one in the calls of a second terminal."""
    settings.INSTANCE_URL, settings.HTTPS_ONLY = root, False
    served = []
    monkeypatch.setattr(command.quickstart, "prepare", lambda: None)
    monkeypatch.setattr(command.ports, "ensure_free", lambda host, port: port)
    monkeypatch.setattr(command.server, "run", lambda *arguments: served.append(arguments[:2]))
    call_command("quickstart", stdout=(output := StringIO()))
    assert served == [(host, port)]
    assert f"\n  {calls}\n" in output.getvalue()
    assert f"\nServing on {root}. " in output.getvalue()


@pytest.mark.contract("OPS-04")
def test_the_secrets_of_a_demo_are_made_once_and_for_the_owner_only(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VAR_DIR", tmp_path / "var")
    monkeypatch.setattr(bootstrap, "QUICKSTART_ENV", tmp_path / "var" / "quickstart.env")
    monkeypatch.setattr(bootstrap.os, "environ", {})
    bootstrap.ensure_quickstart_secrets()
    file = bootstrap.QUICKSTART_ENV
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(bootstrap.read_env_file(file)) == {"SECRET_KEY", "KEY_ENCRYPTION_KEYS"}
    bootstrap.ensure_quickstart_secrets()
    assert file.read_text() == text

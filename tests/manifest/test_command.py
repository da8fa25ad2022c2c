"""``manage.py instance``: output, exit status, standard input and output."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.operations.management.commands.instance import Command
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.server import manage
from trusted_apps.models import TrustedApplication

pytestmark = pytest.mark.django_db
TEXT = "users:\n- login: a\n"


def run(*arguments):
    """The command as the shell runs it: its exit status."""
    try:
        Command().run_from_argv(["manage.py", "instance", *map(str, arguments)])
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.fixture(autouse=True)
def _keep_the_connection(monkeypatch):
    """A command closes its connection at the end, and with it the transaction of the test."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "manifest.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.contract("MF-01", "MF-04")
def test_status_says_what_a_script_needs(file, capsys):
    assert run("plan", file) == 2
    assert capsys.readouterr().out == "user a: created\n"
    assert run("apply", file) == 0
    assert capsys.readouterr().out == "user a: created\n"
    assert run("plan", file) == 0
    assert capsys.readouterr().out == "user a: unchanged\n"
    file.write_text("users:\n- login: a b\n")
    for action in ("plan", "apply"):
        assert run(action, file) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert "Nothing was changed.\nusers[0].login (line 2): A login has" in output.err


@pytest.mark.contract("MF-04")
@pytest.mark.parametrize("arguments", [["plan"], [], ["plan", "a", "b"], ["plan", "a", "--bogus"], ["plam", "a"]])
def test_wrong_command_line_is_an_error_and_not_a_difference(arguments, capsys):
    assert run(*arguments) == 1
    assert "usage:" in capsys.readouterr().err


@pytest.mark.contract("MF-04")
def test_file_that_cannot_be_read_is_an_error(tmp_path, capsys):
    assert run("plan", tmp_path / "absent.yaml") == 1
    assert run("apply", tmp_path) == 1
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.contract("MF-01")
def test_hyphen_is_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert run("apply", "-") == 0
    assert User.objects.get().login == "a"


@pytest.mark.contract("MF-03")
def test_prune_on_the_command_line(file, capsys):
    TrustedApplicationFactory(client_id="old")
    file.write_text("applications: []")
    assert run("plan", file) == 0
    assert run("plan", file, "--prune") == 2
    assert run("apply", file, "--prune") == 0
    assert capsys.readouterr().out.endswith("application old: updated is_enabled (not in the manifest)\n")
    assert not TrustedApplication.objects.get().is_enabled


@pytest.mark.contract("MF-05")
def test_export_goes_to_standard_output(file, capsys):
    run("apply", file)
    capsys.readouterr()
    assert run("export") == 0
    output = capsys.readouterr()
    assert output.out.startswith("version: 1\ninstance:\n  name: ERP\n  concurrent_licenses: null\n")
    assert output.err == ""
    file.write_text(output.out)
    assert run("plan", file) == 0


@pytest.mark.contract("MF-05")
@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "utf-16"])
def test_export_is_utf_8_whatever_the_console_is(monkeypatch, file, encoding):
    """A console of Windows has another encoding and writes CR LF."""
    file.write_text("users:\n- {login: ю, name: Σ 🙂}\n", encoding="utf-8")
    run("apply", file)
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\r\n")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", console)
        assert run("export") == 0
    written = console.buffer.getvalue()
    assert "  - login: ю\n".encode() in written
    assert "Σ 🙂".encode() in written
    assert b"\r" not in written
    file.write_bytes(written)
    assert run("plan", file) == 0


@pytest.mark.contract("MF-05")
def test_export_to_a_file(file, tmp_path, capsysbinary):
    file.write_text("users:\n- {login: ю}\n", encoding="utf-8")
    run("apply", file)
    run("export")
    expected = capsysbinary.readouterr().out.split(b"created\n")[-1]
    target = tmp_path / "export.yaml"
    assert run("export", "--output", target) == 0
    assert target.read_bytes() == expected
    assert target.stat().st_mode & 0o777 == 0o600, "it holds hashes"
    assert run("plan", target) == 0
    target.write_bytes(expected * 2)
    assert run("export", "--output", target) == 0
    assert target.read_bytes() == expected
    capsysbinary.readouterr()
    assert run("export", "--output", "-") == 0
    assert capsysbinary.readouterr().out == expected
    for wrong in (tmp_path, tmp_path / "absent" / "export.yaml"):
        assert run("export", "--output", wrong) == 1
        assert f"{wrong} cannot be written: ".encode() in capsysbinary.readouterr().err


@pytest.mark.contract("MF-05")
def test_export_warns_of_what_apply_would_refuse(capsys):
    application = TrustedApplicationFactory(client_id="app", service=True)
    application.system_user.is_active = False
    application.system_user.save()
    assert run("export") == 0
    assert "application app: apply would refuse this: The system user must be" in capsys.readouterr().err


@pytest.mark.contract("MF-01")
def test_call_from_python(file):
    output = io.StringIO()
    call_command("instance", "apply", str(file), stdout=output)
    assert output.getvalue() == "user a: created\n"
    with pytest.raises(CommandError, match="No such file"):
        call_command("instance", "apply", "absent.yaml")


def test_a_console_without_the_letters_shows_escapes(tmp_path):
    """What a command did is told also where it cannot be written as it is, and its status is that of its work."""
    file = tmp_path / "manifest.yaml"
    file.write_text("users:\n- login: ю\n", encoding="utf-8")
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert manage("migrate", "-v0", **database).returncode == 0
    result = manage("instance", "apply", file, **database)
    assert (result.returncode, result.stdout, result.stderr) == (0, "user \\u044e: created\n", "")
    exported = tmp_path / "export.yaml"
    assert manage("instance", "export", "--output", exported, **database).returncode == 0
    assert "- login: ю\n" in exported.read_text(encoding="utf-8")

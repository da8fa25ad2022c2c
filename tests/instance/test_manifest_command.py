"""``manage.py instance``: output, exit status, standard input and output."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.instance.management.commands.instance import Command
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
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

"""The environment: read once, typed, explained, and refused with a sentence that names the variable."""

import base64
import os
import re
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command, get_commands

from erpnet_identity import bootstrap
from erpnet_identity.settings import kinds
from erpnet_identity.settings.env import VARIABLES, Settings
from tests.support.server import ROOT, environment, manage

# By its name: an attribute of the package has the same one.
module = sys.modules[Settings.__module__]
GOOD = {"SECRET_KEY": "s" * 50, "KEY_ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode()}


@pytest.fixture
def read(monkeypatch, tmp_path):
    """``read(NAME="value")``: the settings of a process with these variables and no others."""
    monkeypatch.setattr(module, "BASE_DIR", tmp_path)
    monkeypatch.setattr(module, "QUICKSTART_ENV", tmp_path / "quickstart.env")

    def settings(*, describe_only=False, **variables):
        monkeypatch.setattr(os, "environ", variables)
        return Settings(describe_only=describe_only)

    return settings


class TestReading:
    def test_the_defaults(self, read):
        settings = read(**GOOD)
        assert settings.INSTANCE_URL == "http://127.0.0.1:8000"
        assert settings.DEBUG is False
        assert settings.ALLOWED_HOSTS == []
        assert settings.TRUSTED_PROXIES == []
        assert settings.ALLOW_INSECURE_REDIRECTS is False
        assert settings.LOG_FORMAT == "console"

    @pytest.mark.contract("ID-66", "ID-70", "ID-85", "ID-193", "TK-51")
    def test_the_defaults_of_sign_in_and_consent(self, read):
        settings = read(**GOOD)
        assert settings.REQUIRE_CONSENT is True
        assert settings.ERPNET_IDENTITY_SESSION_SECONDS == 10 * 3600
        assert settings.ERPNET_REMEMBERED_SESSION_SECONDS == 30 * 86_400
        assert settings.ERPNET_REFRESH_TOKEN_CONFIDENTIAL_SECONDS == 30 * 86_400
        assert settings.ERPNET_REFRESH_TOKEN_PUBLIC_SECONDS == 86_400
        assert settings.ERPNET_USERNAME_AUTOCOMPLETE is False
        assert settings.ERPNET_STRONG_PASSWORDS is False

    def test_what_they_become(self):
        """The names under which the code reads them."""
        assert django_settings.REFRESH_TOKEN_SECONDS == {"confidential": 30 * 86_400, "public": 86_400}
        assert (django_settings.IDENTITY_SESSION_SECONDS, django_settings.REMEMBERED_SESSION_SECONDS) == (
            10 * 3600,
            30 * 86_400,
        )
        assert (
            django_settings.REQUIRE_CONSENT,
            django_settings.USERNAME_AUTOCOMPLETE,
            django_settings.STRONG_PASSWORDS,
        ) == (True, False, False)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("DEBUG", "perhaps"),
            ("INSTANCE_URL", "erp.example.com"),
            ("INSTANCE_URL", "https://erp.example.com/"),
            ("TRUSTED_PROXIES", "10.0.0.0/99"),
            ("LOG_FORMAT", "xml"),
            ("DATABASE_URL", "nonsense"),
            ("EMAIL_FROM", "nobody"),
            ("EMAIL_FROM", "a@example.com, b@example.com"),
            ("EMAIL_FROM", "A <a@example.com> B"),
            ("EMAIL_FROM", "A\nBcc: <b@example.com>"),
            ("ERPNET_ACCESS_TOKEN_SECONDS", "1 hour"),
            ("ERPNET_ACCESS_TOKEN_SECONDS", "3601"),
            pytest.param("ERPNET_REFRESH_TOKEN_CONFIDENTIAL_SECONDS", "2592001", marks=pytest.mark.contract("TK-51")),
            pytest.param("ERPNET_REFRESH_TOKEN_PUBLIC_SECONDS", "86401", marks=pytest.mark.contract("TK-51")),
            ("ERPNET_IDENTITY_SESSION_SECONDS", "0"),
            ("ERPNET_REMEMBERED_SESSION_SECONDS", "30 days"),
            ("REQUIRE_CONSENT", "perhaps"),
            ("ERPNET_DOMAIN_API", "600"),
            ("ERPNET_DOMAIN_API", "{"),
            ("ERPNET_DOMAIN_API", '{"RateLimit": {}}'),
            ("ERPNET_DOMAIN_API", '{"RateLimits": {"SessionRpm": -1}}'),
            ("ERPNET_DOMAIN_API", '{"RateLimits": {"SessionRpm": true}}'),
            ("ERPNET_DOMAIN_API", '{"RateLimits": {"GlobalConcurrentRequests": 2}}'),
            ("ERPNET_WORKERS", "1_0"),
        ],
    )
    def test_a_value_of_the_wrong_type_is_named(self, read, name, text):
        with pytest.raises(ImproperlyConfigured, match=rf"^{name}: .*is not valid: \S+"):
            read(**GOOD, **{name: text})

    @pytest.mark.contract("CO-01")
    @pytest.mark.parametrize(
        "text",
        [
            "https://erp.example.com",
            "https://erp.example.com:8443",
            "https://erp.example.com/demo",
            "https://erp.example.com/a/b-c_d.e~f/2",
            "https://erp.example.com/identity",
            "https://xn--e1afmkfd.example",
            "http://127.0.0.1",
            "http://localhost:8000/demo",
            "http://[::1]:8000",
        ],
    )
    def test_an_instance_root(self, read, text):
        assert text == read(**GOOD, INSTANCE_URL=text).INSTANCE_URL

    @pytest.mark.contract("CO-01")
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "an absolute http or https address"),
            ("erp.example.com", "an absolute http or https address"),
            ("ftp://erp.example.com", "an absolute http or https address"),
            ("//erp.example.com", "an absolute http or https address"),
            ("HTTPS://erp.example.com", "an absolute http or https address"),
            (" https://erp.example.com", "an absolute http or https address"),
            ("https://erp.example.com/", "without trailing slash"),
            ("https://erp.example.com/demo/", "without trailing slash"),
            ("https://erp.example.com?", "query"),
            ("https://erp.example.com/demo?a=b", "query"),
            ("https://erp.example.com#", "fragment"),
            ("https://erp.example.com/demo#top", "fragment"),
            ("https://maria@erp.example.com", "user name"),
            ("https://maria:secret@erp.example.com", "user name"),
            ("https://:secret@erp.example.com", "user name"),
            ("https://", "without trailing slash"),
            ("https:///demo", "a DNS name"),
            ("https://ERP.example.com", "lower case"),
            ("https://пример.example", "xn--"),
            ("https://erp_1.example.com", "a DNS name"),
            ("https://erp..example.com", "a DNS name"),
            ("https://erp.example.com.", "a DNS name"),
            ("https://erp.example.com\n", "a DNS name"),
            ("https://erp.example.com demo", "a DNS name"),
            ("https://erp.example.com\\demo", "a DNS name"),
            ("https://127.1", "an IP address"),
            ("https://0x7f.0.0.1", "a DNS name|an IP address"),
            ("https://127.0.0.0x1", "an IP address"),
            ("https://999.0.0.1", "an IP address"),
            ("https://[::1", "a DNS name"),
            ("https://[::0:1]", "an IP address"),
            ("https://[fe80::1%eth0]", "a DNS name"),
            ("https://erp.example.com:", "a port from 1 to 65535"),
            ("https://erp.example.com:https", "a DNS name"),
            ("https://erp.example.com:0", "a port from 1 to 65535"),
            ("https://erp.example.com:08000", "a port from 1 to 65535"),
            ("https://erp.example.com:65536", "a port from 1 to 65535"),
            ("https://erp.example.com:99999999999999999999", "a port from 1 to 65535"),
            ("https://erp.example.com:443", "no port"),
            ("http://erp.example.com:80/demo", "no port"),
            ("https://erp.example.com//demo", "single slashes"),
            ("https://erp.example.com/a/../b", "single slashes"),
            ("https://erp.example.com/./b", "single slashes"),
            ("https://erp.example.com/.well-known", "beginning with a dot"),
            ("https://erp.example.com/de%6do", "letters, digits"),
            ("https://erp.example.com/дема", "letters, digits"),
            ("https://erp.example.com/demo;a", "letters, digits"),
            ("https://erp.example.com/demo\n", "letters, digits"),
            ("https://erp.example.com/id", "/id is an address of the instance itself"),
            ("https://erp.example.com/health/demo", "/health is an address of the instance itself"),
        ],
    )
    def test_what_is_no_instance_root(self, read, text, words):
        with pytest.raises(ImproperlyConfigured, match=rf"^INSTANCE_URL: .*is not valid: expected .*(?:{words})"):
            read(**GOOD, INSTANCE_URL=text)

    @pytest.mark.contract("SE-81", "SE-82", "SE-85")
    @pytest.mark.parametrize(
        ("text", "rpm", "concurrent"),
        [
            (None, 600, 10),
            ("{}", 600, 10),
            ('{"RateLimits": {"SessionRpm": 1200}}', 1200, 10),
            ('{"RateLimits": {"SessionRpm": 0, "SessionConcurrentRequests": 4}}', 0, 4),
        ],
    )
    def test_the_limits_of_the_domain_api(self, read, text, rpm, concurrent):
        given = {"ERPNET_DOMAIN_API": text} if text is not None else {}
        limits = {"SessionRpm": rpm, "SessionConcurrentRequests": concurrent}
        assert limits == read(**GOOD, **given).ERPNET_DOMAIN_API

    @pytest.mark.parametrize(
        "text", ["", "a@example.com", "A & B Ltd. <a@example.com>", '"A, B" <a@example.com>', "Юг <a@example.com>"]
    )
    def test_a_sender(self, read, text):
        assert text == read(**GOOD, EMAIL_FROM=text).EMAIL_FROM

    def test_an_unknown_variable_of_ours_is_named(self, read):
        with pytest.raises(ImproperlyConfigured, match=r"^ERPNET_DOMAN_API is not a variable .*manage.py settings"):
            read(**GOOD, ERPNET_DOMAN_API="1")

    def test_variables_of_others_are_not_ours_to_judge(self, read):
        assert read(**GOOD, PATH="/bin", EDITOR="vi").DEBUG is False

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("ERPNET_SERVICE_HOST", "10.0.0.11"),
            ("ERPNET_SERVICE_PORT", "8000"),
            ("ERPNET_SERVICE_PORT_HTTP", "8000"),
            ("ERPNET_PORT", "tcp://10.0.0.11:8000"),
            ("ERPNET_PORT_8000_TCP", "tcp://10.0.0.11:8000"),
            ("ERPNET_PORT_8000_TCP_ADDR", "10.0.0.11"),
            ("ERPNET_IDENTITY_PORT", "tcp://10.0.0.12:8000"),
        ],
    )
    def test_what_kubernetes_says_of_a_service_of_our_name_is_left_alone(self, read, name, text):
        assert read(**GOOD, **{name: text}).problems == {}

    @pytest.mark.parametrize("name", ["ERPNET_PORTS", "ERPNET_SUPPORT", "ERPNET_SERVICE", "ERPNET_HOST"])
    def test_what_only_looks_like_it_is_not(self, read, name):
        with pytest.raises(ImproperlyConfigured, match=rf"^{name} is not a variable of this product"):
            read(**GOOD, **{name: "1"})

    @pytest.mark.contract("OPS-04")
    @pytest.mark.parametrize("name", GOOD)
    @pytest.mark.parametrize("value", [None, ""])
    def test_a_missing_secret_says_how_to_make_one(self, read, name, value):
        variables = {**GOOD, name: value}
        with pytest.raises(
            ImproperlyConfigured, match=rf"^{name} is not set\..*Make one with: python -c '(.+)'"
        ) as error:
            read(**{key: text for key, text in variables.items() if text is not None})
        recipe = re.search(r"python -c '(.+)'", str(error.value)).group(1)
        made = StringIO()
        exec(recipe, {"print": lambda text: made.write(text)})
        assert read(**{**GOOD, name: made.getvalue()}).is_set(name)

    @pytest.mark.contract("OPS-04")
    @pytest.mark.parametrize("value", ["hidden-value", "aGlkZGVu", "hidden-value,"])
    def test_a_wrong_secret_is_not_shown(self, read, value):
        with pytest.raises(ImproperlyConfigured, match=r"^KEY_ENCRYPTION_KEYS: the value is not valid: each") as error:
            read(**{**GOOD, "KEY_ENCRYPTION_KEYS": value})
        assert "hidden" not in str(error.value)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("DATABASE_URL", "postgres://erp:hidden/1@db/erp"),
            ("DATABASE_URL", "mysql://erp:hidden@db/erp"),
            ("CACHE_URL", "memcached://hidden@cache"),
            ("EMAIL_URL", "pop3://joe:hidden@mail"),
        ],
    )
    def test_a_wrong_address_of_a_service_shows_no_password(self, read, capfd, name, text):
        with pytest.raises(ImproperlyConfigured, match=rf"^{name}: the value is not valid: expected ") as error:
            read(**GOOD, **{name: text})
        assert "hidden" not in str(error.value) + "".join(capfd.readouterr())

    def test_the_environment_wins_over_the_file(self, read, tmp_path):
        (tmp_path / ".env").write_text("# note\nexport LOG_LEVEL='DEBUG'\nLOG_FORMAT=json\nSECRET_KEY=\n")
        settings = read(**GOOD, LOG_FORMAT="console")
        assert (settings.LOG_LEVEL, settings.origin("LOG_LEVEL")) == ("DEBUG", ".env")
        assert (settings.LOG_FORMAT, settings.origin("LOG_FORMAT")) == ("console", "the environment")
        assert settings.origin("DEBUG") == "default"

    def test_a_line_that_is_no_assignment_is_named(self, read, tmp_path):
        (tmp_path / ".env").write_text("LOG_LEVEL=INFO\nnonsense\n")
        with pytest.raises(ImproperlyConfigured, match=r"\.env, line 2: expected NAME=value"):
            read(**GOOD)

    def test_every_mistake_at_once(self, read):
        settings = read(describe_only=True, DEBUG="perhaps", ERPNET_X="1")
        assert set(settings.problems) == {"DEBUG", "ERPNET_X", "SECRET_KEY", "KEY_ENCRYPTION_KEYS"}
        assert settings.DEBUG is False


class TestCommand:
    def printed(self, *arguments):
        output = StringIO()
        call_command("settings", *arguments, stdout=output, no_color=True)
        return output.getvalue()

    def test_every_variable_with_type_default_origin_and_meaning(self):
        output = self.printed()
        for variable in VARIABLES:
            entry = output.split(f"\n{variable.name}\n" if variable is not VARIABLES[0] else f"{variable.name}\n", 1)[1]
            entry = entry.split("\n\n", 1)[0]
            assert f"    type     {variable.kind}, " in entry
            assert "required" in entry if variable.default is None else f"default {variable.default}" in entry
            assert "    now      " in entry
            assert "".join(variable.meaning.split()) in "".join(entry.split("meaning", 1)[1].split())

    def test_secrets_are_not_printed(self, settings, read):
        settings.ENVIRONMENT = read(**GOOD, EMAIL_URL="smtp://joe:hunter2@mail.example.com:25")
        output = self.printed()
        assert "(not shown), from the environment" in output
        for text in ("hunter2", *GOOD.values()):
            assert text not in output

    def test_explains_what_keeps_the_instance_from_starting(self, settings, read):
        settings.ENVIRONMENT = read(describe_only=True, DEBUG="perhaps")
        with pytest.raises(CommandError, match=r"cannot start.*SECRET_KEY is not set"):
            self.printed()

    def test_the_example_file_is_current(self):
        assert self.printed("--example") == Settings.example()
        assert (ROOT / ".env.example").read_text() == Settings.example(), (
            "uv run manage.py settings --example > .env.example"
        )

    def test_the_example_file_is_a_file_that_can_be_used(self, read, tmp_path):
        (tmp_path / ".env").write_text(Settings.example())
        settings = read(**GOOD)
        assert all(settings.origin(variable.name) in ("default", "the environment") for variable in VARIABLES)


@pytest.mark.contract("OPS-04")
def test_a_mistake_stops_the_start_with_a_sentence(tmp_path):
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}", "ERPNET_DOMAN_API": "1"}
    result = manage("serve", **variables)
    assert result.returncode == 1
    assert result.stderr.startswith("Configuration error: ERPNET_DOMAN_API is not a variable of this product.")
    assert "Traceback" not in result.stderr
    explained = manage("settings", **variables)
    assert explained.returncode == 1
    assert "ERPNET_DOMAIN_API" in explained.stdout
    assert "ERPNET_DOMAN_API is not a variable" in explained.stderr


def test_help_needs_no_settings(tmp_path):
    """Every command explains itself in a fresh copy, where nothing is set and nothing may be written."""
    commands = sorted(name for name, app in get_commands().items() if not app.startswith("django."))
    assert {"keys", "serve", "instance", "quickstart"} <= set(commands)
    commands += ["check", "migrate", "shell"]
    # Each start is a process of its own: settings that one of them has read would help the next.
    script = f"""
import os, sys, manage
import django.contrib.auth, django.core.management, django.db, rest_framework
starts = [["help"], [], *(start for name in {commands} for start in ([name, "--help"], ["help", name]))]
for start in starts:
    if not (child := os.fork()):
        sys.argv = ["manage.py", *start]
        manage.main()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, start
"""
    variables = environment(SECRET_KEY="", KEY_ENCRYPTION_KEYS="", DEBUG="perhaps", ERPNET_NONSENSE="1")
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for name in commands:
        assert result.stdout.count(f"usage: manage.py {name} ") == 2, name
    assert "Configuration error" not in result.stderr


@pytest.mark.parametrize("arguments", ["test --help", "help test"])
def test_help_of_the_tests_is_that_of_pytest(arguments):
    result = manage(*arguments.split())
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("usage: python -m pytest ")


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    """A file where the folder would be: root, who may write everywhere, cannot make that either."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(bootstrap, "VAR_DIR", tmp_path / "file" / "var")
    monkeypatch.setattr(bootstrap, "QUICKSTART_ENV", tmp_path / "file" / "var" / "quickstart.env")
    monkeypatch.setattr(bootstrap.os, "environ", {})
    for step in (bootstrap.make_var_folder, bootstrap.ensure_quickstart_secrets):
        with pytest.raises(ImproperlyConfigured, match=r"file/var cannot be made: Not a directory"):
            step()


@pytest.mark.parametrize("command", ["migrate", "keys list", "cleanup", "load_demo_data"])
def test_a_database_that_cannot_be_opened_is_a_sentence(tmp_path, command):
    result = manage(*command.split(), DATABASE_URL=f"sqlite:///{tmp_path / 'absent' / 'x.sqlite3'}")
    assert result.returncode == 1
    assert result.stderr.startswith("The database answers: unable to open database file\nDATABASE_URL says which one")


@pytest.mark.parametrize("command", ["settings", "settings --example", "version"])
def test_output_that_nobody_reads_or_holds(command):
    """`settings | head`, and a full disk: no traceback, and no success either."""
    arguments = [sys.executable, "manage.py", *command.split()]
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(arguments, cwd=ROOT, env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (gone.returncode, gone.stderr) == (1, "")
    if os.path.exists("/dev/full"):
        with open("/dev/full", "w") as full:
            failed = subprocess.run(
                arguments, cwd=ROOT, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert (failed.returncode, failed.stderr) == (1, "Writing failed: No space left on device.\n")


@pytest.mark.parametrize("command", ["migrate", "keys list", "instance export", "create_administrator ada"])
def test_a_file_that_is_no_database_is_a_sentence(tmp_path, command):
    file = tmp_path / "x.sqlite3"
    file.write_bytes(b"This is a letter and no database.\n" * 200)
    result = manage(*command.split(), DATABASE_URL=f"sqlite:///{file}")
    assert result.returncode == 1
    assert "file is not a database" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("text", ["http://127.0.0.1:00", "http://127.0.0.1:08000", "http://[::1]:99999", "http://h:"])
def test_an_address_with_a_port_that_is_none(text):
    with pytest.raises(ValueError, match=r"port|Port"):
        kinds.instance_url(text)


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (kinds.database_url, "sqlite:////srv/C#/x.sqlite3"),
        (kinds.cache_url, "redis://:pa#ss@cache:6379/0"),
        (kinds.email_url, "smtp://joe:pa#ss@mail:25"),
    ],
)
def test_an_address_whose_end_would_be_left_out(reader, text):
    with pytest.raises(ValueError, match="percent-encoded"):
        reader(text)
    reader(text.replace("#", "%23"))


@pytest.mark.contract("OPS-02")
def test_a_copy_may_lie_in_any_folder(tmp_path):
    """Its default database is in it, whatever the names of its folders mean in an address."""
    var = tmp_path / "C# + 100%41? ü" / "var"
    script = f"""
from pathlib import Path
from erpnet_identity import bootstrap
bootstrap.VAR_DIR = Path({str(var)!r})
bootstrap.VAR_DIR.parent.mkdir()
from erpnet_identity.settings import DATABASES
print(DATABASES["default"]["NAME"])
"""
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert result.stdout == f"{var / 'instance.sqlite3'}\n", result.stderr


@pytest.mark.parametrize("text", ["http://127.0.0.1:8000", "https://[2001:db8::1]", "http://[::1]:1", "http://h/erp"])
def test_an_address_of_an_instance(text):
    assert kinds.instance_url(text) == text


def test_a_database_without_tables_is_a_sentence(tmp_path):
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    result = manage("keys", "list", DATABASE_URL=database)
    assert result.returncode == 1
    assert re.match(r"The database answers: no such table: \w+\n.*`manage.py migrate`", result.stderr)
    assert "Traceback" in manage("keys", "--traceback", "list", DATABASE_URL=database).stderr

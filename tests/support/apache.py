"""Apache with mod_auth_openidc before a page: a process of its own on a free port, with a configuration of its own."""

import getpass
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing_service
from tests.support import programs
from tests.support.server import get

# Debian's folder; nothing of /etc/apache2 is read.
MODULES = Path(os.environ.get("APACHE_MODULES", "/usr/lib/apache2/modules"))
NAMES = ("mpm_event", "authn_core", "authz_core", "authz_user", "mime", "include", "dir", "auth_openidc")
PATIENCE = 20.0

CONFIGURATION = """\
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
LogLevel warn
{modules}
{user}
# One small process: this is a test.
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
ThreadLimit 8
MinSpareThreads 1
MaxSpareThreads 8
TypesConfig /dev/null
DocumentRoot {folder}/site
<Directory {folder}/site>
    Options +Includes
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
    Require all granted
</Directory>
OIDCCryptoPassphrase not-a-secret-but-long-enough
OIDCRedirectURI http://127.0.0.1:{port}/protected/callback
{directives}
<Location /protected>
    AuthType openid-connect
    Require valid-user
</Location>
"""

# What the page says of the person, filled in by Apache from what the module tells it.
HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
PAGE = f"""\
{HEAD}<title>Protected</title>
<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="name"><!--#echo encoding="entity" var="OIDC_CLAIM_name" --></p>
<p id="sid"><!--#echo var="OIDC_CLAIM_sid" --></p>
<p id="access-token"><!--#echo var="OIDC_access_token" --></p>
<p id="refresh-token"><!--#echo var="OIDC_refresh_token" --></p>
"""


@dataclass(frozen=True)
class Apache:
    """A running one. ``protected`` is the page that needs a sign-in, ``callback`` the address that the module keeps for
    itself, ``goodbye`` a page for everybody."""

    port: int
    log: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def protected(self):
        return f"{self.url}/protected/page.shtml"

    @property
    def callback(self):
        return f"{self.url}/protected/callback"

    @property
    def goodbye(self):
        return f"{self.url}/goodbye.html"


def program():
    """Where Apache is; skips the test where it or its module is missing."""
    found = programs.found("apache2", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None or not (MODULES / "mod_auth_openidc.so").exists():
        missing_service("Apache with mod_auth_openidc is not installed: apt-get install libapache2-mod-auth-openidc")
    return found


@contextmanager
def serving(port, *directives):
    """Apache on ``port`` until the end of the block; ``directives`` are lines for its configuration."""
    apache = program()
    # Not pytest's folder: root's Apache reads its pages as somebody else, who may not enter there.
    with tempfile.TemporaryDirectory(prefix="erpnet-apache-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write_site(folder, port, directives)
        process = subprocess.Popen(
            [apache, "-f", str(folder / "apache.conf"), "-DFOREGROUND"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        running = Apache(port, folder / "error.log")
        try:
            _wait_until_it_answers(process, running)
            yield running
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def _write_site(folder, port, directives):
    pages = folder / "site"
    (pages / "protected").mkdir(parents=True)
    (pages / "protected" / "page.shtml").write_text(PAGE, encoding="utf-8")
    (pages / "goodbye.html").write_text(f"{HEAD}<title>Goodbye</title>", encoding="utf-8")
    text = CONFIGURATION.format(
        folder=folder,
        port=port,
        modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NAMES),
        user="User www-data\nGroup www-data" if getpass.getuser() == "root" else "",
        directives="\n".join(directives),
    )
    (folder / "apache.conf").write_text(text, encoding="utf-8")


def _wait_until_it_answers(process, running):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0].decode()
        try:
            if get(running.port, "/goodbye.html", timeout=5)[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(running.log.read_text())

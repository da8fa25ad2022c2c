"""What a server takes: modules at its start, memory after load (OPS-15)."""

import http.client
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.server import ROOT, environment, free_port, get, manage, serving

pytestmark = pytest.mark.contract("OPS-15")
MOST_MIB = 170
NEVER = ("redis", "psycopg", "requests", "urllib3", "rich", "pygments", "yaml", "pytest")


def test_nothing_is_loaded_that_is_not_used():
    """On SQLite, with the cache in memory: the start would be twice as long."""
    program = (
        "import gc, sys, django; gc.disable(); django.setup()\n"
        "from erpnet_identity.operations import server, startup; startup.application()\n"
        f"found = [name for name in {NEVER} if type(sys.modules.get(name)).__name__ == 'module']\n"
        "print(found, gc.isenabled())"
    )
    variables = environment(DJANGO_SETTINGS_MODULE="erpnet_identity.settings", DATABASE_URL="sqlite://:memory:")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.stdout.strip() == "[] True", done.stderr


def test_what_is_hidden_from_one_library_is_there_for_others():
    program = (
        "import django; django.setup()\n"
        "import rest_framework.compat, requests, yaml\n"
        "print(rest_framework.compat.yaml, requests.codes.ok, yaml.safe_load('1'))"
    )
    variables = environment(DJANGO_SETTINGS_MODULE="erpnet_identity.settings", DATABASE_URL="sqlite://:memory:")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.stdout.strip() == "None 200 1", done.stderr


def processes(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def mebibytes(pid):
    """The process and its workers, what they share counted once."""
    text = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in processes(pid)]
    return sum(int(re.search(r"^Pss: +(\d+) kB", each, re.MULTILINE)[1]) for each in text) / 1024


def sign_in(port, login):
    """A sign-in that fails, after as much work as one that succeeds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/id/signin")
    page = connection.getresponse()
    cookies = "; ".join(value.partition(";")[0] for value in page.headers.get_all("Set-Cookie"))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())[1]
    form = urlencode({"login": login, "password": "not the one", "csrfmiddlewaretoken": token})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}
    connection.request("POST", "/id/signin", form, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_memory_is_given_back_after_load(tmp_path):
    variables = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'instance.sqlite3'}",
        "ERPNET_SIGN_IN_FAILURES_PER_MINUTE": "999",
    }
    assert manage("migrate", "--verbosity=0", **variables).returncode == 0
    port = free_port()
    with serving(port, "serve", f"--port={port}", "--workers=2", log=tmp_path / "log", **variables) as process:
        answers = []
        callers = [
            threading.Thread(target=lambda number=number: answers.append(sign_in(port, f"nobody-{number}")))
            for number in range(24)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert set(answers) == {200}
        for path in ("/", "/admin/", "/id/.well-known/openid-configuration"):
            for _ in range(8):
                assert get(port, path)[0] in (200, 302)
        deadline = time.monotonic() + 30
        while mebibytes(process.pid) > MOST_MIB and time.monotonic() < deadline:
            time.sleep(0.5)
        assert mebibytes(process.pid) <= MOST_MIB

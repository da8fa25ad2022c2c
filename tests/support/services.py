"""PostgreSQL and Redis of a test's own, which it may stop and start."""

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from tests.conftest import missing_service
from tests.support import programs
from tests.support.server import free_port

PATIENCE = 30.0


def _programs():
    """The folder of initdb and postgres: Debian keeps them out of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = programs.found("initdb", path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    return Path(found).parent if found else None


def _wait(answers):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.02)
    raise AssertionError("the service does not come up")


class PostgreSQL:
    """A server with a data folder of its own. As root it runs as the user ``postgres``: it refuses to be root."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.port = free_port()
        self.settings = settings
        self._programs = _programs()
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def data(self):
        return str(self.folder / "postgresql")

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def _run(self, program, *arguments, check=True):
        identity = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self.folder,
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            **identity,
        )

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        options = " ".join(f"-c {name}={value!r}" for name, value in {**settings, **self.settings}.items())
        self._run("pg_ctl", "-D", self.data, "-w", "-s", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, *, mode="fast", check=True):
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-s", "-w", "stop", check=check)

    def connect(self):
        return psycopg.connect(self.url, autocommit=True)


class Redis:
    """A server that keeps nothing."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self._process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        program = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*program, "--dir", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait(self._answers)

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def client(self):
        return redis.Redis.from_url(self.url, socket_timeout=3)

    def _answers(self):
        try:
            with self.client() as client:
                return client.ping()
        except redis.RedisError:
            return False


@contextmanager
def private_services(**settings):
    """Both of them, running; ended afterwards. Skips the test where the programs are missing."""
    if _programs() is None or programs.found("redis-server") is None:
        missing_service("this needs the programs of PostgreSQL and Redis")
    # Not below pytest's folder: the user `postgres` may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="erpnet-services-"))
    database, cache = PostgreSQL(folder, **settings), Redis(folder)
    try:
        database.start()
        cache.start()
        yield database, cache
    finally:
        cache.stop()
        database.stop(mode="immediate", check=False)
        shutil.rmtree(folder, ignore_errors=True)

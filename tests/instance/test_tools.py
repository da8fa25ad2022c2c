"""The public tools of the instance root: shapes, headers, prefixes, and what they never do."""

import base64
import hashlib
import json
import logging
import math
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError

from erpnet_identity import __version__
from erpnet_identity.instance import sites
from erpnet_identity.instance.urls import PREFIXES, TOOLS
from erpnet_identity.operations import machine
from erpnet_identity.operations.version import VERSION, four_numbers
from erpnet_identity.tenancy.models import Instance

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
TYPE_OF = {
    "auto-discovery": JSON,
    "server-info": JSON,
    "resource-monitor": JSON,
    "ver": TEXT,
    "sha256": JSON,
}
ADDRESSES = [
    pytest.param(f"/{prefix}/{name}{slash}", name, id=f"{prefix}/{name}{slash}")
    for prefix in PREFIXES
    for name in TOOLS
    for slash in ("", "/")
]


@pytest.fixture
def no_database(monkeypatch):
    """The database went away."""

    def fail():
        raise OperationalError("connection refused: host=db.internal user=erp")

    monkeypatch.setattr(sites, "database_name", fail)


def query_for(name):
    return {"secret": "DEMO"} if name == "sha256" else {}


class TestEveryTool:
    @pytest.mark.contract("IS-01", "IS-02", "IS-03", "IS-04")
    @pytest.mark.django_db
    @pytest.mark.parametrize(("address", "name"), ADDRESSES)
    def test_answers_at_each_address_without_a_redirect(self, client, address, name):
        response = client.get(address, query_for(name))
        assert response.status_code == 200
        assert response.headers["Content-Type"] == TYPE_OF[name]
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in response.headers
        if name != "resource-monitor":
            assert response.content == client.get(f"/tools/{name}", query_for(name)).content

    @pytest.mark.contract("IS-04")
    @pytest.mark.django_db
    @pytest.mark.parametrize("name", TOOLS)
    def test_head_is_get_without_a_body(self, client, name):
        response = client.head(f"/tools/{name}", query_for(name))
        assert response.status_code == 200
        assert response.headers["Content-Type"] == TYPE_OF[name]
        assert response.content == b""

    @pytest.mark.contract("IS-04")
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    @pytest.mark.parametrize("name", TOOLS)
    def test_other_methods_are_refused(self, client, name, method):
        response = client.generic(method, f"/sys/{name}")
        assert response.status_code == 405
        assert response.headers["Allow"] == "GET, HEAD"
        assert response.headers["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.contract("IS-01")
    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("name", "queries"),
        [("ver", 0), ("sha256", 0), ("server-info", 0), ("resource-monitor", 0), ("auto-discovery", 1)],
    )
    def test_how_often_it_asks_the_database(self, client, name, queries, django_assert_num_queries):
        with django_assert_num_queries(queries):
            client.get(f"/tools/{name}", query_for(name))
        with django_assert_num_queries(0):
            client.get(f"/tools/{name}", query_for(name))

    def test_an_unknown_tool_is_plain_text(self, client):
        response = client.get("/tools/nothing")
        assert response.status_code == 404
        assert response.headers["Content-Type"] == TEXT
        assert response.headers["X-Correlation-Id"] in response.content.decode()


@pytest.mark.django_db
class TestAutoDiscovery:
    def get(self, client):
        # As strict as the vendor's client: no comments, no trailing commas, no NaN.
        return json.loads(client.get("/sys/auto-discovery").content, parse_constant=pytest.fail)

    @pytest.mark.contract("IS-10", "IS-11", "IS-12", "IS-17", "IS-18", "API-03", "CL-70")
    def test_the_whole_document(self, client):
        Instance.objects.create(name="ACME")
        root = "http://127.0.0.1:8000"
        assert self.get(client) == {
            "Host": "127.0.0.1",
            "DbName": "ACME",
            "WebSites": [
                {
                    "Type": "ID",
                    "Status": "Working",
                    "StatusDescription": None,
                    "Url": f"{root}/id",
                    "System": True,
                    "AdditionalProperties": None,
                },
                {
                    "Type": "InstanceManager",
                    "Status": "Working",
                    "StatusDescription": None,
                    "Url": f"{root}/manage",
                    "System": True,
                    "AdditionalProperties": None,
                },
                {
                    "Type": "DomainAPI",
                    "Status": "Working",
                    "StatusDescription": None,
                    "Url": f"{root}/api",
                    "System": False,
                    "AdditionalProperties": {"ODataServiceRoot": f"{root}/api/domain/odata/"},
                },
            ],
        }

    @pytest.mark.contract("IS-16", "CL-71", "CL-72", "OPS-01")
    def test_the_identity_server_is_the_issuer(self, client, settings):
        settings.INSTANCE_URL = "https://acme.example.net"
        settings.ISSUER = "https://acme.example.net/id"
        content = json.loads(client.get("/tools/auto-discovery", headers={"Host": "evil.example"}).content)
        assert content["Host"] == "acme.example.net"
        (site,) = [site for site in content["WebSites"] if site["Type"] == "ID"]
        assert site["Url"] == settings.ISSUER
        metadata = client.get("/id/.well-known/openid-configuration").json()
        assert metadata["issuer"] == site["Url"]

    @pytest.mark.contract("IS-13", "IS-14", "IS-15", "CL-76")
    def test_every_value_is_one_that_the_vendors_client_reads(self, client):
        for site in self.get(client)["WebSites"]:
            assert site["Type"] in ("ID", "InstanceManager", "DomainAPI")
            assert site["Status"] in ("Unknown", "Working", "NotWorking")
            assert type(site["System"]) is bool
            assert urlsplit(site["Url"]).scheme
            assert not site["Url"].endswith("/")
            properties = site["AdditionalProperties"]
            assert (properties is not None) == (site["Type"] == "DomainAPI")
            if properties is not None:
                assert properties["ODataServiceRoot"] == site["Url"] + "/domain/odata/"
                assert all(type(value) is str for value in properties.values())

    @pytest.mark.contract("IS-20")
    def test_may_be_kept_for_ten_seconds(self, client):
        response = client.get("/tools/auto-discovery")
        assert response.headers["Cache-Control"] == "public, max-age=10"

    @pytest.mark.contract("IS-05", "IS-14")
    def test_answers_when_the_database_is_away(self, client, no_database):
        response = client.get("/tools/auto-discovery")
        assert response.status_code == 200
        content = response.json()
        assert content["DbName"] is None
        assert [site["Status"] for site in content["WebSites"]] == ["NotWorking"] * 3
        assert b"db.internal" not in response.content


class TestServerInfo:
    @pytest.mark.contract("IS-25", "IS-26", "IS-33")
    def test_the_whole_document(self, client):
        response = client.get("/tools/server-info")
        assert response.json() == {
            "version": VERSION,
            "downloads": {
                "whatsNew": "http://127.0.0.1:8000/sys/downloads/whatsnew.txt",
                "winClient": None,
                "posClient": None,
                "winClient64": None,
                "posClient64": None,
            },
            "internalApi": {"useHttpCompression": False},
        }

    @pytest.mark.contract("IS-26")
    def test_what_is_new_exists(self, client):
        address = client.get("/tools/server-info").json()["downloads"]["whatsNew"]
        response = client.get(urlsplit(address).path)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == TEXT
        assert __version__ in response.content.decode()


class TestVersion:
    @pytest.mark.contract("IS-29", "IS-33")
    def test_four_numbers_and_nothing_else(self, client):
        response = client.get("/tools/ver")
        assert response.content == VERSION.encode()
        numbers = response.content.decode().split(".")
        assert len(numbers) == 4
        assert all(number.isdecimal() for number in numbers)
        assert VERSION.startswith(__version__)

    @pytest.mark.contract("IS-29")
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("0.1.0", "0.1.0.0"), ("26.2.0.76", "26.2.0.76"), ("1.2rc1", "1.2.0.0"), ("3", "3.0.0.0"), ("", "0.0.0.0")],
    )
    def test_made_from_any_version(self, text, expected):
        assert four_numbers(text) == expected


class TestSha256:
    def hash(self, client, query):
        return client.get(f"/tools/sha256?{query}")

    @pytest.mark.contract("IS-31", "TA-51")
    def test_the_documented_value(self, client):
        response = self.hash(client, "secret=DEMO")
        assert response.json() == {"sha256": "T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4="}

    @pytest.mark.contract("IS-30")
    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ("secret=%D0%BA%D0%BB%D1%8E%D1%87", "ключ"),
            ("secret=a%00b", "a\x00b"),
            ("secret=a+b%2Bc", "a b+c"),
            ("secret=%26%3D", "&="),
            ("secret=", ""),
            ("secret", ""),
            ("other=1&secret=x", "x"),
            ("secret=" + "x" * 7900, "x" * 7900),
        ],
    )
    def test_hashes_the_bytes_of_the_text(self, client, query, text):
        response = self.hash(client, query)
        expected = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert response.json() == {"sha256": expected}
        assert len(expected) == 44

    @pytest.mark.contract("IS-32")
    @pytest.mark.parametrize(
        "query",
        ["", "Secret=x", "secret=a&secret=b", "secret=%FF%FE", "&".join(f"f{n}=1" for n in range(30)) + "&secret=x"],
    )
    def test_anything_else_is_refused(self, client, query):
        response = self.hash(client, query)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == JSON
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["error"] == "invalid_request"

    @pytest.mark.contract("IS-32")
    @pytest.mark.parametrize("query", ["secret=HIDE-ME-42", "secret=HIDE-ME-42&secret=b", "HIDE-ME-42=1"])
    def test_the_value_is_written_nowhere(self, client, caplog, capfd, query):
        with caplog.at_level(logging.DEBUG):
            response = self.hash(client, query)
        assert response.headers["Cache-Control"] == "no-store"
        written = caplog.text + repr([record.__dict__ for record in caplog.records]) + "".join(capfd.readouterr())
        assert "HIDE-ME-42" not in written
        assert "HIDE-ME-42" not in response.content.decode()


class TestResourceMonitor:
    @pytest.mark.contract("IS-27", "IS-28")
    def test_numbers_that_add_up(self, client):
        response = client.get("/tools/resource-monitor")
        assert response.headers["Cache-Control"] == "no-store"
        content = response.json()
        assert list(content) == [
            "cpuUsage",
            "processorCount",
            "availableMemoryMiB",
            "usedMemoryMiB",
            "committedMemoryMiB",
            "totalMemoryMiB",
        ]
        assert all(type(value) in (int, float) and value >= 0 and math.isfinite(value) for value in content.values())
        assert content["availableMemoryMiB"] + content["usedMemoryMiB"] == content["totalMemoryMiB"] > 0
        assert type(content["processorCount"]) is int
        assert content["processorCount"] >= 1
        assert 0 <= content["cpuUsage"] <= 100
        assert content["cpuUsage"] == round(content["cpuUsage"], 2)


@pytest.fixture
def linux(tmp_path, monkeypatch):
    """A made-up ``/proc`` and ``/sys/fs/cgroup``; ``linux("path", "text")`` writes a file."""
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_last", None)
    monkeypatch.setattr(machine, "_last_usage", 0.0)

    def write(path, text):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    return write


MEMINFO = "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\nCommitted_AS: 3145728 kB\n"


@pytest.mark.contract("IS-28")
class TestMachine:
    def test_the_memory_of_a_machine(self, linux):
        linux("proc/meminfo", MEMINFO)
        reading = machine.read()
        assert (reading.total_mib, reading.used_mib, reading.available_mib, reading.committed_mib) == (
            8192,
            2048,
            6144,
            3072,
        )

    def test_the_limit_of_a_container(self, linux):
        linux("proc/meminfo", MEMINFO)
        linux("proc/self/cgroup", "0::/\n")
        linux("cgroup/cgroup.controllers", "cpu memory\n")
        linux("cgroup/memory.max", f"{1 << 30}\n")
        linux("cgroup/memory.current", f"{600 << 20}\n")
        linux("cgroup/memory.stat", f"anon 1\ninactive_file {100 << 20}\n")
        linux("cgroup/cpu.max", "50000 100000\n")
        linux("cgroup/cpu.stat", "usage_usec 1000\n")
        reading = machine.read()
        assert (reading.total_mib, reading.used_mib, reading.committed_mib) == (1024, 500, 600)
        assert reading.processors == 1

    def test_the_limit_of_a_container_of_the_older_kind(self, linux):
        linux("proc/meminfo", MEMINFO)
        linux("proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n")
        linux("cgroup/memory/memory.limit_in_bytes", f"{2 << 30}\n")
        linux("cgroup/memory/memory.usage_in_bytes", f"{600 << 20}\n")
        linux("cgroup/memory/memory.stat", "total_inactive_file 0\n")
        reading = machine.read()
        assert (reading.total_mib, reading.used_mib) == (2048, 600)

    def test_no_limit_is_the_machine(self, linux):
        linux("proc/meminfo", MEMINFO)
        linux("proc/self/cgroup", "0::/\n")
        linux("cgroup/cgroup.controllers", "cpu memory\n")
        linux("cgroup/memory.max", "max\n")
        linux("cgroup/cpu.max", "max 100000\n")
        assert machine.read().total_mib == 8192

    def test_processor_use_is_what_was_done_between_two_readings(self, linux, monkeypatch):
        linux("proc/meminfo", MEMINFO)
        monkeypatch.setattr(machine, "_FIRST", 0)
        monkeypatch.setattr(machine, "_SHORTEST", 0)
        linux("proc/stat", "cpu 100 0 100 800 0 0 0 0 0 0\n")
        machine.read()
        linux("proc/stat", "cpu 150 0 125 1025 0 0 0 0 0 0\n")
        assert machine.read().cpu_usage == 25.0

    @pytest.mark.parametrize("text", ["", "nonsense", "MemTotal: x kB", "\x00\x01"])
    def test_nothing_that_it_reads_makes_it_fail(self, linux, text):
        for path in ("proc/meminfo", "proc/stat", "proc/self/cgroup", "cgroup/cgroup.controllers", "cgroup/memory.max"):
            linux(path, text)
        reading = machine.read()
        assert reading.available_mib + reading.used_mib == reading.total_mib
        assert reading.processors >= 1

    def test_another_operating_system(self, linux):
        reading = machine.read()
        assert reading.available_mib + reading.used_mib == reading.total_mib
        assert 0 <= reading.cpu_usage <= 100

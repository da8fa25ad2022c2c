"""Forwarded headers count only as far as their writers are trusted."""

import re
from contextlib import closing
from ipaddress import ip_network
from uuid import uuid4

import pytest

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.edge.proxies import (
    Hop,
    claims_https,
    client_address,
    is_https,
    is_in,
    read_forwarded,
    standard_header,
)
from erpnet_identity.instance.views import errors

LOCAL = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.contract("OP-231")
@pytest.mark.parametrize(
    ("remote", "header", "trusted", "address"),
    [
        ("203.0.113.5", "", LOCAL, "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", LOCAL, "203.0.113.5"),
        ("127.0.0.1", "198.51.100.1", [], "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", LOCAL, "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", LOCAL, "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1, 10.1.2.3", LOCAL, "198.51.100.1"),
        ("127.0.0.1", "10.1.1.1, 10.1.2.3", LOCAL, "10.1.1.1"),
        ("127.0.0.1", "<script>, 10.1.2.3", LOCAL, "10.1.2.3"),
        ("127.0.0.1", "nonsense", LOCAL, "127.0.0.1"),
        ("::1", "2001:db8::7", LOCAL, "2001:db8::7"),
        ("", "198.51.100.1", LOCAL, ""),
        # With a port, as some load balancers write it.
        ("127.0.0.1", "203.0.113.66:40001", LOCAL, "203.0.113.66"),
        ("127.0.0.1", "6.6.6.6:1, 203.0.113.66:40001, 10.1.2.3:8080", LOCAL, "203.0.113.66"),
        ("127.0.0.1", "[2001:db8::1]:443", LOCAL, "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]", LOCAL, "2001:db8::1"),
        ("127.0.0.1", "2001:db8::1", LOCAL, "2001:db8::1"),
        ("127.0.0.1", "203.0.113.66:port", LOCAL, "127.0.0.1"),
        # An IPv4 address that is written as IPv6, by a proxy or by a system that listens on both.
        ("127.0.0.1", "[::ffff:203.0.113.66]:443", LOCAL, "203.0.113.66"),
        ("127.0.0.1", "6.6.6.6, 203.0.113.66, ::ffff:10.1.2.3", LOCAL, "203.0.113.66"),
        ("::ffff:127.0.0.1", "203.0.113.66", LOCAL, "203.0.113.66"),
        ("::ffff:203.0.113.5", "6.6.6.6", LOCAL, "::ffff:203.0.113.5"),
        ("127.0.0.1", "[203.0.113.66]x", LOCAL, "127.0.0.1"),
        ("127.0.0.1", "[2001:db8::1]:", LOCAL, "127.0.0.1"),
    ],
)
def test_client_address(remote, header, trusted, address):
    assert client_address(remote, header, trusted) == address


@pytest.mark.contract("ID-03", "OP-231")
@pytest.mark.parametrize(
    ("scheme", "header", "remote", "expected"),
    [
        ("https", "", "203.0.113.5", True),
        ("http", "", "127.0.0.1", False),
        ("http", "https", "127.0.0.1", True),
        ("http", "https", "203.0.113.5", False),
        ("http", "https, http", "127.0.0.1", False),
        ("https", "http", "127.0.0.1", False),
        ("http", "HTTPS", "127.0.0.1", True),
    ],
)
def test_is_https(scheme, header, remote, expected):
    assert is_https(scheme, header, remote, LOCAL) is expected


def test_what_is_no_address_lies_nowhere():
    assert not is_in("unix:", LOCAL)
    assert not is_in("2001:db8::1", LOCAL)


@pytest.mark.contract("ID-03", "OP-231")
@pytest.mark.parametrize(
    ("remote", "header", "address", "scheme"),
    [
        ("203.0.113.5", "for=198.51.100.1;proto=https", "203.0.113.5", ""),
        ("127.0.0.1", "for=198.51.100.1;proto=https", "198.51.100.1", "https"),
        ("127.0.0.1", "For=198.51.100.1 ; Proto=HTTPS;by=10.0.0.1;host=erp.example.com", "198.51.100.1", "https"),
        ("127.0.0.1", 'for="[2001:db8::1]:4711";proto=https', "2001:db8::1", "https"),
        ("127.0.0.1", 'for="198.51.100.1:4711"', "198.51.100.1", ""),
        # Read from the right, as far as the hops are trusted; the scheme is that of the farthest one.
        ("127.0.0.1", "for=6.6.6.6;proto=https, for=198.51.100.1;proto=http", "198.51.100.1", "http"),
        ("127.0.0.1", "for=198.51.100.1;proto=https, for=10.0.0.9;proto=http", "198.51.100.1", "https"),
        # A caller who writes what nobody can read harms nobody else.
        ("127.0.0.1", 'for="6.6.6.6;x, for=198.51.100.1;proto=https', "198.51.100.1", "https"),
        ("127.0.0.1", 'for="198.51.100.1:_p0rt"', "198.51.100.1", ""),
        ("127.0.0.1", 'for="[2001:db8::1]:_p0rt";by=_me', "2001:db8::1", ""),
        ("127.0.0.1", "for=unknown;proto=https", "127.0.0.1", "https"),
        ("127.0.0.1", "for=_hidden, for=10.0.0.9", "10.0.0.9", ""),
        ("127.0.0.1", "for=198.51.100.1;for=6.6.6.6", "127.0.0.1", ""),
        ("127.0.0.1", "nonsense", "127.0.0.1", ""),
        ("127.0.0.1", ";;==,,", "127.0.0.1", ""),
    ],
)
def test_forwarded(remote, header, address, scheme):
    assert read_forwarded(remote, header, LOCAL) == Hop(address, scheme)


@pytest.mark.contract("OP-231")
def test_the_two_kinds_of_header_are_never_mixed():
    standard = {"HTTP_FORWARDED": "for=198.51.100.1;proto=https"}
    assert standard_header(standard) == "for=198.51.100.1;proto=https"
    assert standard_header({**standard, "HTTP_X_FORWARDED_FOR": "10.0.0.1"}) == ""
    assert standard_header({**standard, "HTTP_X_FORWARDED_PROTO": "http"}) == ""
    assert claims_https(standard) == "Forwarded"
    assert claims_https({**standard, "HTTP_X_FORWARDED_FOR": "10.0.0.1"}) == ""
    assert claims_https({"HTTP_X_FORWARDED_PROTO": "http, https"}) == "X-Forwarded-Proto"
    assert claims_https({"HTTP_X_FORWARDED_PROTO": "https, http"}) == ""
    assert claims_https({}) == ""


@pytest.mark.django_db
@pytest.mark.contract("OP-231", "OP-234")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.{}:40001"},
        {"X-Forwarded-For": "[2001:db8:{}::1]:443"},
        {"Forwarded": 'for="203.0.113.{}:40001"'},
        {"Forwarded": 'for="[2001:db8:{}::1]"'},
    ],
)
def test_one_guesser_does_not_slow_down_the_others(client, settings, headers):
    settings.TRUSTED_PROXIES = LOCAL
    settings.TOKEN_FAILURES_PER_MINUTE = 3

    def guess(number):
        body = f"grant_type=client_credentials&client_id={uuid4()}&client_secret=wrong"
        sent = {name: value.format(number) for name, value in headers.items()}
        answer = client.post("/id/connect/token", body, content_type="application/x-www-form-urlencoded", headers=sent)
        return answer.status_code

    assert [guess(66) for _ in range(5)] == [400] * 3 + [429] * 2
    assert guess(67) == 400


@pytest.mark.django_db
@pytest.mark.contract("OP-231")
@pytest.mark.parametrize("peer", ["::ffff:127.0.0.1", "::FFFF:7f00:1", "127.0.0.1"])
def test_a_server_that_listens_on_both_kinds_of_address(client, settings, peer):
    """`serve --host ::` is told IPv4 addresses as IPv6; they are the same ones in the settings and in the trail."""
    settings.TRUSTED_PROXIES = LOCAL
    client.get("/nothing", headers={"X-Forwarded-For": "203.0.113.66"}, REMOTE_ADDR=peer)
    client.get("/nothing", REMOTE_ADDR=peer)
    assert list(AuditEvent.objects.order_by("id").values_list("address", flat=True)) == ["203.0.113.66", "127.0.0.1"]


@pytest.mark.django_db
@pytest.mark.contract("ID-03")
class TestForgottenProxy:
    """INSTANCE_URL is https and nobody has said whose headers count."""

    @pytest.fixture(autouse=True)
    def _https(self, settings, monkeypatch):
        settings.HTTPS_ONLY = True
        settings.INSTANCE_URL = "https://erp.example.com"
        settings.ALLOWED_HOSTS = ["erp.example.com"]
        monkeypatch.setattr(errors._warn, "last", float("-inf"))

    @pytest.fixture
    def get(self, client):
        def ask(path, **headers):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.get(path, headers={"Host": "erp.example.com", **headers}, REMOTE_ADDR="172.18.0.5")

        return ask

    @pytest.mark.parametrize(
        ("name", "header"),
        [
            ("X-Forwarded-Proto", {"X_Forwarded_Proto": "https"}),
            ("Forwarded", {"Forwarded": "for=1.2.3.4;proto=https"}),
        ],
    )
    def test_the_page_and_the_warning_say_it(self, get, name, header, caplog):
        answer = get("/id/signin", **header)
        page = answer.content.decode()
        assert answer.status_code == 403
        assert "172.18.0.5" in page
        assert name in page
        assert "TRUSTED_PROXIES" in page
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        for _ in range(3):
            assert get("/", **header).status_code == 403
        (warning,) = [record.getMessage() for record in caplog.records if record.name == "erpnet.edge"]
        assert f"'header': '{name}'" in warning
        assert "'address': '172.18.0.5'" in warning
        event = AuditEvent.objects.order_by("id").first()
        assert (event.cause, event.detail["header"], event.address) == (
            "proxy_not_trusted", name, "172.18.0.5",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "path", ["/id/connect/token", "/id/connect/userinfo", "/api/domain/odata/Crm_Sales_Customers"]
    )
    def test_programs_get_json(self, get, path):
        answer = get(path, X_Forwarded_Proto="https")
        assert answer.status_code == 403
        assert answer["Content-Type"].startswith("application/json")
        text = answer.content.decode()
        for word in ("X-Forwarded-Proto", "172.18.0.5", "TRUSTED_PROXIES", answer["X-Correlation-Id"]):
            assert word in text

    @pytest.mark.parametrize("trusted", [[], [ip_network("172.18.0.0/16")]])
    @pytest.mark.parametrize("header", [{}, {"X_Forwarded_For": "203.0.113.66"}, {"X_Forwarded_Proto": "http"}])
    def test_a_browser_that_speaks_https_is_not_sent_in_circles(
        self, get, settings, monkeypatch, caplog, trusted, header
    ):
        """The proxy says nothing of HTTPS; the browser, which tells how its requests came about, speaks it."""
        monkeypatch.setattr(errors._warn_of_silence, "last", float("-inf"))
        settings.TRUSTED_PROXIES = trusted
        answer = get("/id/signin", Sec_Fetch_Site="none", **header)
        page = answer.content.decode()
        assert answer.status_code == 403
        for word in ("172.18.0.5", "X-Forwarded-Proto", "TRUSTED_PROXIES"):
            assert word in page
        (warning,) = [record.getMessage() for record in caplog.records if record.name == "erpnet.edge"]
        assert "'header': 'X-Forwarded-Proto'" in warning
        assert AuditEvent.objects.get().cause == "proxy_silent"

    @pytest.mark.parametrize("header", [{"X_Forwarded_Proto": "https"}, {"Sec_Fetch_Site": "same-origin"}])
    def test_the_page_that_says_it_has_its_style_sheets(self, get, header):
        sheets = re.findall(r'href="(/static/[^"]+)"', get("/id/signin", **header).content.decode())
        assert len(sheets) >= 3
        for path in sheets:
            with closing(get(path, **header)) as answer:
                assert answer.status_code == 200
        # Plain HTTP it is all the same: without the header they are sent on like anything else.
        assert get(sheets[0])["Location"] == f"https://erp.example.com{sheets[0]}"

    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]", "a.localhost"])
    def test_on_the_own_machine_a_browser_says_nothing_of_https(self, get, host):
        answer = get("/id/signin", Host=host, Sec_Fetch_Site="none")
        assert answer["Location"] == "https://erp.example.com/id/signin"

    def test_plain_http_is_sent_on_as_before(self, get):
        assert get("/id/signin")["Location"] == "https://erp.example.com/id/signin"
        assert get("/id/signin", X_Forwarded_Proto="http")["Location"] == "https://erp.example.com/id/signin"

    @pytest.mark.parametrize("header", [{"X_Forwarded_Proto": "https"}, {"Forwarded": "for=1.2.3.4;proto=https"}])
    def test_a_trusted_one_serves(self, get, settings, header):
        settings.TRUSTED_PROXIES = [ip_network("172.18.0.0/16")]
        assert get("/id/signin", **header).status_code == 200

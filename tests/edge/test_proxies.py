"""Forwarded headers count only as far as their writers are trusted."""

from ipaddress import ip_network

import pytest

from erpnet_identity.edge.proxies import client_address, is_https, is_in

LOCAL = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.contract("OP-231", "OPS-05")
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

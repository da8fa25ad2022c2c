"""Redirect addresses, without a database: what matches, what may be registered, what they are called."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trusted_apps import redirects

REGISTERED = ["https://app.example.com/callback", "https://app.example.com/cb?tenant=a", "http://127.0.0.1:5000/cb"]


@pytest.mark.contract("TA-60", "TA-61", "TA-62")
@pytest.mark.parametrize("uri", REGISTERED)
def test_an_address_matches_itself(uri):
    assert redirects.matches(uri, REGISTERED)


@pytest.mark.contract("TA-60", "TA-61")
@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.com/callback",
        "https://APP.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com/callback/",
        "https://app.example.com/Callback",
        "https://app.example.com/callback?x=1",
        "https://app.example.com/callback#x",
        "https://app.example.com/callback/more",
        "https://app.example.com/cb",
        "https://app.example.com/cb?tenant=b",
        "https://app.example.com/cb?tenant=a&x=1",
        "https://app.example.com.evil.example/callback",
        "https://app.example.com@evil.example/callback",
        " https://app.example.com/callback",
        "",
    ],
)
def test_nothing_else_matches(uri):
    assert not redirects.matches(uri, REGISTERED)


@pytest.mark.contract("TA-63")
@pytest.mark.parametrize(
    ("registered", "uri", "expected"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", True),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:49152/cb", True),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1/cb", True),
        ("http://[::1]/cb?x=1", "http://[::1]:7/cb?x=1", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb?x=1", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://[::1]:5/cb", False),
        ("http://localhost/cb", "http://localhost:49152/cb", False),
        ("https://app.example.com/cb", "https://app.example.com:8443/cb", False),
    ],
)
def test_the_port_of_a_loopback_address(registered, uri, expected):
    assert redirects.matches(uri, [registered]) is expected


@pytest.mark.contract("TA-64")
@pytest.mark.django_db
def test_each_list_serves_its_own_purpose():
    from tests.factories.trusted_apps import TrustedApplicationFactory

    application = TrustedApplicationFactory(
        redirect_uris="https://a.example.com/in", post_logout_redirect_uris="https://a.example.com/out"
    )
    assert application.redirect_uri_allowed("https://a.example.com/in")
    assert not application.redirect_uri_allowed("https://a.example.com/out")
    assert application.post_logout_redirect_uri_allowed("https://a.example.com/out")
    assert not application.post_logout_redirect_uri_allowed("https://a.example.com/in")


@pytest.mark.contract("TA-40")
@given(st.lists(st.text(alphabet="abc/:.,\n\r \t", max_size=20), max_size=6))
def test_a_list_is_the_same_after_storing_it(entries):
    found = redirects.split(",".join(entries))
    assert redirects.split(redirects.join(found)) == found
    assert all(entry == entry.strip() and entry for entry in found)
    assert len(set(found)) == len(found)


@pytest.mark.contract("TA-60")
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_comparison(one, other):
    assert redirects.matches(one, [one])
    if one != other and "127.0.0.1" not in one and "::1" not in one:
        assert not redirects.matches(one, [other])
    redirects.problem(one, allow_custom_scheme=True, allow_insecure=True)
    redirects.origin(one)


@pytest.mark.parametrize("beginning", ["http://127.0.0.1", "https://a", "http://[::1]/", "a"])
def test_what_anybody_may_send_as_an_address_takes_no_time(beginning):
    """Python normalises a host outside ASCII, and letters with thousands of accents take it seconds."""
    hostile = beginning + "\u0315\u0300" * 10_000
    began = time.thread_time()
    assert not redirects.matches(hostile, ["http://127.0.0.1/cb", "https://app.example.com/cb"])
    assert redirects.origin(hostile) is None
    assert time.thread_time() - began < 0.5


def test_hosts():
    uris = ["https://a.example.com/x", "https://a.example.com:8443/y", "myapp://auth", "http://[::1]/z"]
    assert redirects.hosts(uris) == ["a.example.com", "myapp:", "::1"]


@pytest.mark.parametrize(
    ("uri", "on_the_device"),
    [
        ("https://app.example.com/cb", False),
        ("https://127.0.0.1.example.com/cb", False),
        ("https://10.0.0.1/cb", False),
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.2:80/cb", True),
        ("https://[::1]/cb", True),
        ("http://[::ffff:127.0.0.1]:7777/cb", True),
        ("https://[::ffff:10.0.0.1]/cb", False),
        ("http://0.0.0.0:7777/cb", True),
        ("https://[::]/cb", True),
        ("https://[::ffff:0.0.0.0]/cb", True),
        ("HTTPS://LOCALHOST./cb", True),
        ("https://app.localhost/cb", True),
        ("com.example.app:/cb", True),
        ("http://[::1", True),
    ],
)
def test_what_a_program_on_the_device_can_listen_at(uri, on_the_device):
    assert redirects.leads_to_device(uri) is on_the_device

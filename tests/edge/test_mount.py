"""The path of the instance is taken off once, in the way that the setting says, or the request is refused."""

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import RequestFactory

from erpnet_identity.edge import mount
from erpnet_identity.settings.kinds import OWN_ADDRESSES
from tests.architecture.test_routes import routes

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def below(settings):
    """``below(strips)``: from now on the instance lies at ``/demo``."""

    def place(strips):
        settings.INSTANCE_URL = "https://erp.example.com/demo"
        settings.FORCE_SCRIPT_NAME = "/demo"
        settings.PROXY_STRIPS_PATH = strips

    return place


@pytest.mark.contract("OPS-13")
@pytest.mark.parametrize(
    ("strips", "sent", "inside", "asked"),
    [
        (False, "/demo", "/", "/demo"),
        (False, "/demo/", "/", "/demo/"),
        (False, "/demo/id/signin", "/id/signin", "/demo/id/signin"),
        (False, "/demo/demo/manage", "/demo/manage", "/demo/demo/manage"),
        (False, "/demo//evil.example", "//evil.example", "/demo//evil.example"),
        (False, "/.well-known/change-password", "/.well-known/change-password", "/.well-known/change-password"),
        (False, "/health/live", "/health/live", "/health/live"),
        (False, "/demo/health/live", "/health/live", "/demo/health/live"),
        (False, "/", None, "/"),
        (False, "/demon/id/signin", None, "/demon/id/signin"),
        (False, "/DEMO/id/signin", None, "/DEMO/id/signin"),
        (False, "/id/signin", None, "/id/signin"),
        (False, "//demo/id/signin", None, "//demo/id/signin"),
        (True, "/", "/", "/demo/"),
        (True, "/id/signin", "/id/signin", "/demo/id/signin"),
        (True, "/health/live", "/health/live", "/demo/health/live"),
        (True, "/demo", None, "/demo"),
        (True, "/demo/manage", None, "/demo/manage"),
    ],
)
def test_what_is_inside(below, strips, sent, inside, asked):
    below(strips)
    request = RequestFactory().generic("GET", "/")
    request = type(request)({**request.environ, "PATH_INFO": sent})
    assert mount.is_outside(request) is (inside is None)
    if inside is not None:
        assert request.path_info == inside
    assert request.path == asked


def test_without_a_path_nothing_changes():
    request = RequestFactory().get("/demo/id/signin")
    assert mount.is_outside(request) is False
    assert request.path_info == request.path == "/demo/id/signin"


@pytest.mark.contract("OPS-13")
@pytest.mark.parametrize("strips", [False, True])
@pytest.mark.django_db
def test_plain_http_is_sent_on_below_the_path(below, strips, settings, client):
    below(strips)
    settings.HTTPS_ONLY = True
    sent = "/id/signin?next=%2Fdemo%2Fmanage"
    answer = client.get(sent if strips else f"/demo{sent}")
    assert (answer.status_code, answer["Location"]) == (302, f"https://erp.example.com/demo{sent}")


@pytest.mark.contract("OPS-13")
def test_no_page_and_no_script_writes_an_address_from_the_root():
    """It would leave the path. Django's `url` and `static` know it."""
    written = re.compile(
        r"""(?:href|src|action|formaction|poster|data-[a-z-]+)\s*=\s*["']?/|url\(\s*["']?/|fetch\(["'`]/"""
    )
    found = []
    for file in (ROOT / "templates").rglob("*"):
        if file.suffix in (".html", ".css", ".js"):
            found += [f"{file.name}: {match[0]}" for match in written.finditer(file.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.contract("OPS-13")
def test_the_first_parts_of_all_addresses_are_known():
    """A path that begins with one of them is refused at the start."""
    first = {re.match(r"/([\w.-]*)", path)[1] for path, _ in routes()} | {django_settings.STATIC_URL.strip("/")}
    assert first - {"", ".well-known"} <= OWN_ADDRESSES

"""Where forms may lead: as far as the application needs, and not further."""

import pytest

from erpnet_identity.edge.policy import leading_to, posting_to


def form_action(policy):
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))["form-action"]


@pytest.mark.contract("OP-76", "OP-80")
@pytest.mark.parametrize(
    ("address", "leading", "posting"),
    [
        ("https://app.example.com/cb?x=1", "'self' https:", "https://app.example.com"),
        ("https://app.example.com:8443/cb", "'self' https:", "https://app.example.com:8443"),
        ("http://127.0.0.1:5000/cb", "'self' http:", "http://127.0.0.1:5000"),
        ("http://[::1]:5000/cb", "'self' http:", "http:"),
        ("com.example.app:/cb", "'self' com.example.app:", "com.example.app:"),
        ("https://a.example;script-src/x", "'self' https:", "https:"),
        ("no address", "'self'", "'none'"),
    ],
)
def test_form_action(address, leading, posting):
    assert form_action(leading_to(address)) == leading
    assert form_action(posting_to(address)) == posting


@pytest.mark.parametrize("policy", [leading_to("https://a.example"), posting_to("https://a.example")])
def test_nothing_else_is_loosened(policy):
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy

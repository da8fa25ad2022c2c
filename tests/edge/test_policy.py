"""Where forms may lead: to us, and from a page that leads to an application wherever that goes on to."""

import pytest

from erpnet_identity.edge.paths import opener_policy
from erpnet_identity.edge.policy import CONTENT_SECURITY_POLICY, LEADING_AWAY


def rules(policy):
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


@pytest.mark.contract("OP-80")
def test_nothing_but_the_forms_is_loosened():
    ours = rules(CONTENT_SECURITY_POLICY)
    assert ours.pop("form-action") == "'self'"
    assert rules(LEADING_AWAY) == ours
    assert ours["default-src"] == ours["frame-ancestors"] == ours["base-uri"] == "'none'"
    assert "unsafe" not in LEADING_AWAY


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/id/signin", "unsafe-none"),
        ("/id/password/reset", "unsafe-none"),
        ("/id/connect/endsession/done", "unsafe-none"),
        ("/", "unsafe-none"),
        ("/nowhere", "unsafe-none"),
        ("/admin/users/user/", "same-origin"),
        ("/manage", "same-origin"),
    ],
)
def test_which_pages_keep_the_tie_to_the_window_that_opened_them(path, policy):
    assert opener_policy(path) == policy

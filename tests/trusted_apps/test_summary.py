"""What an application may do, in words. Rows are built and never stored."""

import pytest

from erpnet_identity.users.models import User, UserType
from trusted_apps.models import TrustedApplication
from trusted_apps.summary import summarise

SYSTEM = User(login="svc.sync", name="Sync", user_type=UserType.SYSTEM)


def said(**values):
    return summarise(TrustedApplication(name="Shop", client_id="shop", **values))


@pytest.mark.contract("TA-74", "SE-64")
@pytest.mark.parametrize(
    ("limit", "sentences"),
    [
        (None, []),
        (1, ["It may hold the licenses of at most 1 session at a time."]),
        (5, ["It may hold the licenses of at most 5 sessions at a time."]),
    ],
)
def test_its_limit(limit, sentences):
    assert [sentence for sentence in said(slot_limit=limit) if "licenses" in sentence] == sentences


@pytest.mark.contract("TA-74")
@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        (
            {"allows_service": True, "system_user": SYSTEM, "scope": "read update"},
            [
                "It can run as svc.sync without a person.",
                "It proves itself with a client secret.",
                "It may read and change data.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {
                "client_type": "public",
                "allows_internal_users": True,
                "redirect_uris": "https://a.example.com/1\nhttps://a.example.com/2\nmyapp://x",
                "scope": "openid read",
            },
            [
                "Internal users may sign in through it and return to a.example.com and myapp:.",
                "It keeps no secret and proves itself with PKCE at every sign-in.",
                "It may read data and not change it.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {"allows_internal_users": True, "allows_community_users": True, "scope": "openid"},
            [
                "Internal and community users may sign in through it.",
                "It proves itself with a client secret.",
                "It has no access to data.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {"allows_internal_users": True, "owner": "Acme Ltd.", "is_verified": True, "is_first_party": True},
            [
                "Internal users may sign in through it.",
                "People are not asked for consent, because it belongs to this organisation.",
                "Its owner is Acme Ltd.; an administrator has verified that.",
                "It proves itself with a client secret.",
                "It has no access to data.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {
                "allows_internal_users": True, "client_type": "public", "is_first_party": True,
                "redirect_uris": "http://127.0.0.1/cb",
            },
            [
                "Internal users may sign in through it and return to 127.0.0.1.",
                "It belongs to this organisation; people are still asked for consent where it runs on their device.",
                "It keeps no secret and proves itself with PKCE at every sign-in.",
                "It has no access to data.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {"is_first_party": True},
            [
                "Nobody may sign in through it and it may not act as a service.",
                "It proves itself with a client secret.",
                "It has no access to data.",
                "Nobody may issue reference tokens for it.",
            ],
        ),
        (
            {"client_type": "none", "allows_service": True},
            ["It is a placeholder: it records that the app was installed and can never authenticate."],
        ),
    ],
)  # fmt: skip
def test_whole_summaries(values, sentences):
    assert said(**values) == sentences


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Nobody may sign in through it and it may not act as a service."),
        ({"is_enabled": False}, "It is disabled: nothing below works, and tokens that it already has are refused."),
        ({"is_enabled": False}, "Nobody may sign in through it and it may not act as a service."),
        ({"allows_community_users": True}, "Community users, but not internal users, may sign in through it."),
        ({"allows_service": True}, "It may act as a service, but has no system user to run as."),
        (
            {"allows_service": True, "system_user": User(login="gone", is_active=False)},
            "It may act as a service, but gone is inactive or of a type that cannot run services.",
        ),
        ({"owner": "Acme Ltd."}, "Its owner is Acme Ltd.; nobody has verified that."),
        ({"scope": "update"}, "It may create, change and delete data, but not read it."),
        ({"scope": "read sec"}, "It may read data and not change it. It may manage users and security."),
        (
            {"scope": "read", "identity_scopes_imply_access": True, "allows_internal_users": True},
            "It may read data and not change it. It gets this access even when it asks only who the person is.",
        ),
        (
            {"reference_tokens": "authenticated_users"},
            "Every signed-in user may issue personal reference tokens for it.",
        ),
        (
            {"reference_tokens": "authenticated_users", "allows_service": True},
            "Every signed-in user may issue personal reference tokens for it; "  # noqa: ISC004
            "administrators may issue service tokens too.",
        ),
        (
            {"reference_tokens": "administrators_only", "allows_service": True},
            "Only administrators may issue personal and service reference tokens for it.",
        ),
        (
            {"allows_basic_authentication": True},
            "Old clients that sign in with a login and a password may name it.",
        ),
        (
            {
                "allows_internal_users": True,
                "redirect_uris": "\n".join(f"https://{name}.example.com/" for name in "abcd"),
            },
            "Internal users may sign in through it and return to a.example.com, b.example.com and 2 more.",
        ),
    ],
)
def test_single_sentences(values, sentence):
    assert sentence in said(**values)

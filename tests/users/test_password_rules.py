"""What new passwords must be like when the instance requires strong ones."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from erpnet_identity import manifest
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory

pytestmark = pytest.mark.contract("ID-193")
USER = User(login="Maria", name="Somebody Else")


def codes(password, user=USER):
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {found.code for found in error.error_list}
    return set()


@pytest.mark.parametrize("password", ["a long sentence", "quiet rivers", "tulip-field", "UPPER & LOWER"])
def test_mixing_is_not_asked_for_by_default(password):
    assert codes(password) == set()


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("Tulip-field", set()),
        ("tulip-field 7", set()),
        ("TULIPS 77 times", set()),
        ("Пролет-поле", set()),
        ("Tulip7", {"password_too_short"}),
        ("Tulip-7", {"password_too_short"}),
        ("tulip-field", {"password_too_simple"}),
        ("TULIPFIELD7", {"password_too_simple"}),
        ("tulipfield7", {"password_too_simple"}),
        ("我的花园我的花园-7", {"password_too_simple"}),
        ("Tulip-field 123", {"password_contains_123"}),
        ("Tulip-12345", {"password_contains_123"}),
        ("Tulip-132 1 2 3", set()),
        ("Field of maria 7", {"password_contains_login"}),
        ("Tulips4MARIA!", {"password_contains_login"}),
        ("maria123field", {"password_contains_login", "password_contains_123", "password_too_simple"}),
    ],
)
def test_strong_passwords(settings, password, expected):
    settings.STRONG_PASSWORDS = True
    assert codes(password) == expected


def test_without_an_account_the_login_is_not_looked_at(settings):
    settings.STRONG_PASSWORDS = True
    assert codes("Tulip-field of maria", None) == set()


def test_the_form_says_it_and_the_manifest_obeys(admin_client, settings):
    user = UserFactory(login="maria")
    address = f"/admin/users/user/{user.pk}/password/"
    assert b"At least three of" not in admin_client.get(address).content
    settings.STRONG_PASSWORDS = True
    for page in (address, "/admin/users/user/add/"):
        assert b"At least three of" in admin_client.get(page).content
    weak = "tulip-field"
    response = admin_client.post(address, {"password1": weak, "password2": weak})
    assert "must mix at least three" in str(response.context["form"].errors["password1"])
    with pytest.raises(manifest.ManifestError, match=r"users\[0\]\.password \(line 1\): The password must mix"):
        manifest.apply(f"users: [{{login: maria, password: {weak}}}]".encode(), environment={})

"""Comparing passwords in every form in which they may be stored (ID-194)."""

from django.contrib.auth.hashers import verify_password

from erpnet_identity.platform.spelling import password_forms


def normal(password: str) -> str:
    """The form of a password that is hashed (NFKC): how a keyboard composes its letters does not count."""
    return password_forms(password)[0]


def verify(password: str | None, encoded: str) -> tuple[bool, bool]:
    """Whether the password belongs to the hash, and whether the hash is the one that would be made now: of today's
    kind and of the normal form. A hash of the form that was typed counts too: it was made before there was one form.

    Every form is tried, so that the time tells nothing about which one was right.
    """
    if password is None:
        return False, True
    results = [verify_password(form, encoded) for form in password_forms(password)]
    is_right, must_update = results[0]
    return any(right for right, _ in results), is_right and not must_update

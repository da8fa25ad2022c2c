"""A link to set a new password, for who can reach this machine: no mail is needed (the first administrator)."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str

from erpnet_identity.users.models import User

from .adapter import AccountAdapter


def reset_link(user: User) -> str:
    """The address of the page where this person sets a password. It works once, for as long as a mailed one, and not
    after any other change of the password."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return AccountAdapter().get_reset_password_from_key_url(key)

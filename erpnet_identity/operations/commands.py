"""Commands of libraries that this product does not offer: they write past its services, and so past its trail."""

from django.core import management

NOT_OFFERED = {
    # Applications are registered in the administration or by `instance apply`, tokens removed by `cleanup`.
    "createapplication",
    "cleartokens",
    "clearcimdapplications",
    # Accounts are made in the administration, by `instance apply`, and the first one by `create_administrator`.
    "createsuperuser",
    # Passwords are set in the administration, by a link or by `instance apply`, which also end what the old one opened.
    "changepassword",
    "account_unsetmultipleprimaryemails",
}


def withdraw() -> None:
    """Take them out of what `manage.py` knows."""
    known = management.get_commands()
    for name in NOT_OFFERED:
        known.pop(name, None)

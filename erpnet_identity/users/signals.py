"""What happens to accounts, for the rooms above that this one may not know."""

from django.dispatch import Signal

# An account may not call the APIs any more. Sent in the transaction of the change, with ``user`` and ``actor``.
api_access_ended = Signal()

# An account may not sign in any more. Sent in the transaction of the change and before ``access_ended``, with ``user``,
# ``actor`` and ``cause``, a word for the trail.
sign_in_ended = Signal()

# Whatever a person's sign-ins have given to applications is over, access tokens too, and what services got that may not
# run as the account any more. Sent in the transaction of the change, with ``user``, ``actor`` and ``cause``, a word for
# the trail.
access_ended = Signal()

# An account is to be called so. Sent with ``user``; a receiver that uses its login as a name for something else raises
# ``ValidationError``.
login_wanted = Signal()

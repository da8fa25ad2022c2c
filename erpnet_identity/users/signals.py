"""What happens to accounts, for the rooms above that this one may not know."""

from django.dispatch import Signal

# An account may not call the APIs any more. Sent in the transaction of the change, with ``user`` and ``actor``.
api_access_ended = Signal()

# Whatever a person's sign-ins have given to applications is over, access tokens too. Sent in the transaction of the
# change, with ``user``, ``actor`` and ``cause``, a word for the trail.
access_ended = Signal()

"""What happens to applications, for the rooms above that this one may not know."""

from django.dispatch import Signal

# An application is being deleted. Sent in the transaction of the deletion, with ``application_id`` and ``actor``.
application_deleted = Signal()

"""Sessions end with the account or the application that they belong to (SE-46).

What is open is closed in the transaction of the change. A call that was let in before it may just be opening another
one: so we look once more when everybody can see the change and every transaction that was opening then has finished.
What opens after that finds the account or the application gone.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from erpnet_identity.audit.context import Actor
from erpnet_identity.users.models import User

from . import services
from .pool import lock_pool


def on_api_access_ended(sender: Any, user: User, actor: Actor, **kwargs: Any) -> None:
    """The signal of ``users``."""
    _end(partial(services.close_of_user, user.pk), actor)


def on_application_deleted(sender: Any, application_id: UUID, actor: Actor, **kwargs: Any) -> None:
    """The signal of ``trusted_apps``."""
    _end(partial(services.close_of_application, application_id), actor)


def _end(close: Callable[..., int], actor: Actor) -> None:
    close(now=timezone.now(), actor=actor)

    def once_more() -> None:
        with transaction.atomic():
            # Only to wait for those who hold it. Closing waits for rows, and another transaction may hold those and
            # want the pool.
            lock_pool()
        close(now=timezone.now(), actor=actor)

    transaction.on_commit(once_more, robust=True)

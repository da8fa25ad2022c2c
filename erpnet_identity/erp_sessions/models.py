"""The licence pool and who has a seat kept. Live sessions are counted against them."""

from django.conf import settings
from django.db import models


class License(models.Model):
    """The pool of concurrent licences (SE-55). At most one row; ``slots`` empty means unlimited."""

    SINGLETON = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    slots = models.PositiveIntegerField("concurrent licences", null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="license_is_one_row")]

    def __str__(self) -> str:
        return "unlimited" if self.slots is None else str(self.slots)


class ReservedSeat(models.Model):
    """A licence slot kept free for one account (SE-65)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reserved_seat")

    def __str__(self) -> str:
        return str(self.user)

"""Crm.Sales: customers."""

from django.db import models

from .base import Aggregate, Stamped
from .contacts import Party
from .general import Currency, EnterpriseCompany


class Customer(Stamped, Aggregate):
    """A party that buys, with the terms it buys on."""

    number = models.CharField(max_length=16, null=True, blank=True, unique=True)
    active = models.BooleanField(default=True)
    allow_use_as_primary_customer = models.BooleanField(default=False)
    allow_use_as_ship_to_customer = models.BooleanField(default=False)
    credit_limit = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    from_date = models.DateTimeField(null=True, blank=True)
    thru_date = models.DateTimeField(null=True, blank=True)
    grace_period_days = models.IntegerField(default=0)
    default_payment_term_days = models.IntegerField(default=0)
    default_payment_start_days = models.IntegerField(default=0)
    default_delivery_term_days = models.IntegerField(default=0)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="customers")
    enterprise_company = models.ForeignKey(
        EnterpriseCompany, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    default_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.number or str(self.pk)

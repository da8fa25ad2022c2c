"""Putting the demo's rows into an instance, once (API-115)."""

from collections.abc import Callable, Sequence

from django.db import models, transaction

from erp_api.models import (
    Currency,
    Customer,
    EnterpriseCompany,
    MeasurementCategory,
    MeasurementUnit,
    Party,
    Product,
    ProductGroup,
    ProductType,
)

from . import basics, contacts, customers, products

# Each kind after those it refers to.
_KINDS: list[tuple[type[models.Model], Callable[[], Sequence[models.Model]]]] = [
    (Currency, basics.currencies),
    (MeasurementCategory, basics.categories),
    (MeasurementUnit, basics.units),
    (ProductType, basics.product_types),
    (Party, contacts.parties),
    (EnterpriseCompany, contacts.enterprise_companies),
    (ProductGroup, products.product_groups),
    (Product, products.products),
    (Customer, customers.customers),
]


class NotDemoData(Exception):
    """The instance holds ERP data that is not the demo's."""


def _is_demo() -> bool:
    """Whether the data here began as the demo: its enterprise companies, which no other instance has, are present."""
    return EnterpriseCompany.objects.filter(pk__in=contacts.OWN_KEYS).count() == len(contacts.OWN_KEYS)


@transaction.atomic
def load() -> dict[str, int]:
    """Add the rows of the demo that are missing; returns how many of each kind were added.

    Rows that are there stay as they are, and so do rows that people added to a demo. Raises ``NotDemoData`` when there
    is data and it did not begin as the demo.
    """
    if not _is_demo() and any(model._default_manager.exists() for model, _ in _KINDS):
        raise NotDemoData
    added = {}
    for model, make in _KINDS:
        present = set(model._default_manager.values_list("pk", flat=True))
        missing = [row for row in make() if row.pk not in present]
        model._default_manager.bulk_create(missing)
        added[str(model._meta.verbose_name_plural)] = len(missing)
    return added

"""General.Products: products, their groups and types, and how they are measured."""
# An absent text is null in the API and null in the table.
# ruff: noqa: DJ001

from decimal import Decimal

from django.db import models

from .base import Aggregate, Record, Stamped
from .fields import MultiLanguageField
from .general import Currency, EnterpriseCompany


class ABCClass(models.TextChoices):
    """How important a product is for the turnover."""

    A = "A", "A"
    B = "B", "B"
    C = "C", "C"


class MeasurementCategory(Aggregate):
    """Units that convert into each other."""

    name = MultiLanguageField(max_length=64, default=dict)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "measurement categories"

    def __str__(self) -> str:
        return str(self.name.get("EN", self.pk))


class MeasurementUnit(Record):
    """A unit. The default unit of a category is its base unit: quantities are kept in it."""

    measurement_category = models.ForeignKey(MeasurementCategory, on_delete=models.CASCADE, related_name="units")
    code = models.CharField(max_length=16, null=True, blank=True, unique=True)
    name = MultiLanguageField(max_length=64, default=dict)
    multiplier = models.DecimalField(max_digits=9, decimal_places=3, default=Decimal(1))
    divisor = models.DecimalField(max_digits=9, decimal_places=3, default=Decimal(1))
    is_default_unit = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # A second base unit would list every product of the category twice.
            models.UniqueConstraint(
                fields=["measurement_category"],
                condition=models.Q(is_default_unit=True),
                name="one_base_unit_per_category",
            )
        ]

    def __str__(self) -> str:
        return self.code or str(self.pk)


class ProductType(Aggregate):
    """What can be done with a product: stocked, shipped, serviced."""

    code = models.CharField(max_length=16, unique=True)
    name = MultiLanguageField(max_length=254, default=dict)
    is_default = models.BooleanField(default=False)
    is_fixed_asset = models.BooleanField(default=False)
    is_service_activity_service = models.BooleanField(default=False)
    is_serviced = models.BooleanField(default=False)
    is_shipped = models.BooleanField(default=False)
    is_stocked = models.BooleanField(default=True)
    lot_auto_creation = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.code


class ProductGroup(Aggregate):
    """A node of the product tree. ``full_path`` is the codes from the top, ``/2/201/``; ``parent`` that of the
    group above, ``/`` at the top."""

    code = models.CharField(max_length=16, unique=True)
    name = MultiLanguageField(max_length=180, default=dict)
    full_path = models.CharField(max_length=254, unique=True)
    parent = models.CharField(max_length=254, default="/")
    active = models.BooleanField(default=True)
    next_part_number = models.CharField(max_length=16, null=True, blank=True)
    notes = models.CharField(max_length=254, null=True, blank=True)
    parent_group = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    default_measurement_unit = models.ForeignKey(
        MeasurementUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    default_product_type = models.ForeignKey(
        ProductType, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    enterprise_company = models.ForeignKey(
        EnterpriseCompany, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.full_path


class Product(Stamped, Aggregate):
    """Something that is bought or sold, goods or service."""

    part_number = models.CharField(max_length=32, unique=True)
    name = MultiLanguageField(max_length=254, default=dict)
    description = MultiLanguageField(null=True, blank=True)
    catalog_description_html = models.TextField(null=True, blank=True)
    abc_class = models.CharField(max_length=1, choices=ABCClass.choices, default=ABCClass.B)
    active = models.BooleanField(default=True)
    allow_variable_measurement_ratios = models.BooleanField(default=False)
    show_in_catalog = models.BooleanField(default=False)
    standard_lot_size_base = models.DecimalField(max_digits=18, decimal_places=3, default=Decimal(1))
    standard_cost_per_lot = models.DecimalField(max_digits=18, decimal_places=4, default=Decimal(0))
    standard_price_per_lot = models.DecimalField(max_digits=18, decimal_places=4, default=Decimal(0))
    product_group = models.ForeignKey(ProductGroup, on_delete=models.PROTECT, related_name="products")
    product_type = models.ForeignKey(ProductType, on_delete=models.PROTECT, related_name="+")
    measurement_unit = models.ForeignKey(MeasurementUnit, on_delete=models.PROTECT, related_name="+")
    base_measurement_category = models.ForeignKey(MeasurementCategory, on_delete=models.PROTECT, related_name="+")
    costing_currency = models.ForeignKey(Currency, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    enterprise_company = models.ForeignKey(
        EnterpriseCompany, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.part_number

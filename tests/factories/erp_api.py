"""ERP data: a customer or a product with everything it refers to."""

import factory

from erp_api.models import (
    Currency,
    Customer,
    EnterpriseCompany,
    MeasurementCategory,
    MeasurementUnit,
    Party,
    PartyType,
    Product,
    ProductGroup,
    ProductType,
)


class CurrencyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Currency
        django_get_or_create = ("currency_sign",)

    currency_sign = "EUR"
    name = factory.SelfAttribute("currency_sign")


class PartyFactory(factory.django.DjangoModelFactory):
    """A company."""

    class Meta:
        model = Party

    party_code = factory.Sequence(lambda number: f"P{number:05}")
    party_name = factory.Sequence(lambda number: {"EN": f"Company {number}", "BG": f"Фирма {number}"})
    party_type = PartyType.COMPANY


class EnterpriseCompanyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EnterpriseCompany

    company = factory.SubFactory(PartyFactory)
    base_currency = factory.SubFactory(CurrencyFactory)


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    number = factory.Sequence(lambda number: f"{number:06}")
    party = factory.SubFactory(PartyFactory)


class MeasurementCategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MeasurementCategory

    name = {"EN": "Pieces"}


class MeasurementUnitFactory(factory.django.DjangoModelFactory):
    """The base unit of a category of its own."""

    class Meta:
        model = MeasurementUnit

    code = factory.Sequence(lambda number: f"u{number}")
    measurement_category = factory.SubFactory(MeasurementCategoryFactory)
    is_default_unit = True


class ProductTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProductType

    code = factory.Sequence(lambda number: f"T{number}")
    name = {"EN": "Goods"}


class ProductGroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProductGroup

    code = factory.Sequence(str)
    name = {"EN": "Group"}
    full_path = factory.LazyAttribute(lambda group: f"/{group.code}/")


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    part_number = factory.Sequence(lambda number: f"{number:05}")
    name = factory.Sequence(lambda number: {"EN": f"Product {number}", "BG": f"Стока {number}"})
    product_group = factory.SubFactory(ProductGroupFactory)
    product_type = factory.SubFactory(ProductTypeFactory)
    measurement_unit = factory.SubFactory(MeasurementUnitFactory)
    base_measurement_category = factory.SelfAttribute("measurement_unit.measurement_category")

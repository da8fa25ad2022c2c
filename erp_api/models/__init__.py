"""The tables of the ERP, one file per namespace."""

from .contacts import Party, PartyType
from .crm import Customer
from .general import Currency, DefaultLanguage, EnterpriseCompany
from .products import ABCClass, MeasurementCategory, MeasurementUnit, Product, ProductGroup, ProductType

__all__ = [
    "ABCClass",
    "Currency",
    "Customer",
    "DefaultLanguage",
    "EnterpriseCompany",
    "MeasurementCategory",
    "MeasurementUnit",
    "Party",
    "PartyType",
    "Product",
    "ProductGroup",
    "ProductType",
]

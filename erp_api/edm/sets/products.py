"""General.Products."""

from typing import Any

from django.db.models import F, FilteredRelation, Q, Subquery
from django.db.models.functions import Coalesce

from erp_api.models import ABCClass, EnterpriseCompany, Product

from ..entity_set import EntitySet, attribute, reference
from ..types import Amount, Bool, DateTime, Enum, MultiLanguage, Quantity, Str


def _base_unit() -> FilteredRelation:
    return FilteredRelation(
        "base_measurement_category__units", condition=Q(base_measurement_category__units__is_default_unit=True)
    )


def _currency() -> Any:
    """The sign of a product's currency: its own, else its company's, else that of the first company (API-62)."""
    first = EnterpriseCompany.objects.order_by("pk").values("base_currency__currency_sign")[:1]
    return Coalesce(
        F("costing_currency__currency_sign"),
        F("enterprise_company__base_currency__currency_sign"),
        Subquery(first),
    )


PRODUCTS = EntitySet(
    name="General_Products_Products",
    type_name="General_Products_Product",
    table="Gen_Products",
    model=Product,
    display=attribute("DisplayText", MultiLanguage(None), "name", read_only=True, is_default=False),
    search=("part_number", "name"),
    code_member="PartNumber",
    annotations={"base_unit": _base_unit, "product_currency": _currency},
    own_properties=(
        attribute("PartNumber", Str(32), "part_number", flags="EILO"),
        attribute("Name", MultiLanguage(254), "name", flags="LO"),
        attribute("Description", MultiLanguage(None), "description", nullable=True),
        attribute("CatalogDescriptionHtml", Str(None), "catalog_description_html", nullable=True),
        attribute("ABCClass", Enum("ABCClass", dict(ABCClass.choices)), "abc_class", flags="E"),
        attribute("Active", Bool(), "active", flags="E"),
        attribute("AllowVariableMeasurementRatios", Bool(), "allow_variable_measurement_ratios", flags="E"),
        attribute("ShowInCatalog", Bool(), "show_in_catalog", flags="EI"),
        attribute("StandardLotSizeBase", Quantity(18, 3), "standard_lot_size_base", "base_unit__code"),
        attribute("StandardCostPerLot", Amount(18, 4), "standard_cost_per_lot", "product_currency"),
        attribute("StandardPricePerLot", Amount(18, 4), "standard_price_per_lot", "product_currency"),
        attribute("CreationTime", DateTime(), "creation_time", nullable=True, flags="R", read_only=True),
        attribute("CreationUser", Str(64), "creation_user", nullable=True, flags="L", read_only=True),
        attribute("UpdateTime", DateTime(), "update_time", nullable=True, flags="R", read_only=True),
        attribute("UpdateUser", Str(64), "update_user", nullable=True, flags="L", read_only=True),
        reference("ProductGroup", "General_Products_ProductGroups", "product_group_id"),
        reference("ProductType", "General_Products_ProductTypes", "product_type_id"),
        reference("MeasurementUnit", "General_Products_MeasurementUnits", "measurement_unit_id"),
        reference("BaseMeasurementCategory", "General_Products_MeasurementCategories", "base_measurement_category_id"),
        reference("CostingCurrency", "General_Currencies_Currencies", "costing_currency_id", nullable=True),
        reference("EnterpriseCompany", "General_EnterpriseCompanies", "enterprise_company_id", nullable=True),
    ),
)

"""General.Products."""

from typing import Any

from django.db.models import F, FilteredRelation, Q, Subquery
from django.db.models.functions import Coalesce

from erp_api.models import EnterpriseCompany, Product

from ..entity_set import EntitySet
from ..properties import STAMPS, Use, amount, display_text, quantity, reference, value


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
    model=Product,
    display=display_text("name"),
    annotations={"base_unit": _base_unit, "product_currency": _currency},
    own_properties=(
        value("PartNumber", "part_number", Use.EQUAL | Use.IN | Use.TEXT | Use.ORDER),
        value("Name", "name", Use.TEXT | Use.ORDER),
        value("Description", "description"),
        value("CatalogDescriptionHtml", "catalog_description_html"),
        value("ABCClass", "abc_class", Use.EQUAL),
        value("Active", "active", Use.EQUAL),
        value("AllowVariableMeasurementRatios", "allow_variable_measurement_ratios", Use.EQUAL),
        value("ShowInCatalog", "show_in_catalog", Use.EQUAL | Use.IN),
        quantity("StandardLotSizeBase", "standard_lot_size_base", unit="base_unit__code"),
        amount("StandardCostPerLot", "standard_cost_per_lot", currency="product_currency"),
        amount("StandardPricePerLot", "standard_price_per_lot", currency="product_currency"),
        *STAMPS,
        reference("ProductGroup", "General_Products_ProductGroups", "product_group"),
        reference("ProductType", "General_Products_ProductTypes", "product_type"),
        reference("MeasurementUnit", "General_Products_MeasurementUnits", "measurement_unit"),
        reference("BaseMeasurementCategory", "General_Products_MeasurementCategories", "base_measurement_category"),
        reference("CostingCurrency", "General_Currencies_Currencies", "costing_currency"),
        reference("EnterpriseCompany", "General_EnterpriseCompanies", "enterprise_company"),
    ),
)

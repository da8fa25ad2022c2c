"""The table of published sets, and of the names that sets once had (API-12)."""

from .entity_set import EntitySet
from .sets.crm import CUSTOMERS
from .sets.products import PRODUCTS

ENTITY_SETS: dict[str, EntitySet] = {entity_set.name: entity_set for entity_set in (CUSTOMERS, PRODUCTS)}

# Former name → name now. The names of sets that are not published here are listed too: an app that asks for one
# learns the same as from an ERP.net instance.
RENAMED: dict[str, str] = {
    "Crm_ProductPrices": "Crm_Pricing_ProductPrices",
    "Crm_SalesPersons": "Crm_SalesForce_SalesPersons",
    "General_Currencies": "General_Currencies_Currencies",
    "General_CustomProperties": "Systems_Bpm_CustomProperties",
    "General_Documents": "General_Documents_Documents",
    "General_DocumentTypeProperties": "Systems_Documents_DocumentTypeProperties",
    "General_DocumentTypes": "Systems_Documents_DocumentTypes",
    "General_DocumentTypeUserStatuses": "Systems_Documents_DocumentTypeUserStatuses",
    "General_MeasurementCategories": "General_Products_MeasurementCategories",
    "General_MeasurementUnits": "General_Products_MeasurementUnits",
    **{former: entity_set.name for entity_set in ENTITY_SETS.values() for former in entity_set.former_names},
}

# Sets of users, roles, rights and trusted applications: they need the scope `sec` (API-96).
SECURITY_PREFIX = "Systems_Security_"

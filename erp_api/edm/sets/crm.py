"""Crm.Sales."""

from erp_api.models import Customer

from ..entity_set import EntitySet, attribute, reference
from ..types import Amount, Bool, DateTime, Int32, MultiLanguage, Str

CUSTOMERS = EntitySet(
    name="Crm_Sales_Customers",
    type_name="Crm_Sales_Customer",
    table="Crm_Customers",
    model=Customer,
    display=attribute("DisplayText", MultiLanguage(None), "party__party_name", read_only=True, is_default=False),
    search=("number", "party__party_name"),
    code_member="Number",
    former_names=("Crm_Customers",),
    own_properties=(
        attribute("Number", Str(16), "number", nullable=True, flags="ELO"),
        attribute("Active", Bool(), "active", flags="E"),
        attribute("AllowUseAsPrimaryCustomer", Bool(), "allow_use_as_primary_customer", flags="E"),
        attribute("AllowUseAsShipToCustomer", Bool(), "allow_use_as_ship_to_customer", flags="E"),
        attribute(
            "CreditLimit",
            Amount(18, 2),
            "credit_limit",
            "enterprise_company__base_currency__currency_sign",
            nullable=True,
        ),
        attribute("FromDate", DateTime(), "from_date", nullable=True, flags="R"),
        attribute("ThruDate", DateTime(), "thru_date", nullable=True, flags="R"),
        attribute("GracePeriodDays", Int32(), "grace_period_days"),
        attribute("DefaultPaymentTermDays", Int32(), "default_payment_term_days"),
        attribute("DefaultPaymentStartDays", Int32(), "default_payment_start_days"),
        attribute("DefaultDeliveryTermDays", Int32(), "default_delivery_term_days"),
        attribute("CreationTime", DateTime(), "creation_time", nullable=True, flags="R", read_only=True),
        attribute("CreationUser", Str(64), "creation_user", nullable=True, flags="L", read_only=True),
        attribute("UpdateTime", DateTime(), "update_time", nullable=True, flags="R", read_only=True),
        attribute("UpdateUser", Str(64), "update_user", nullable=True, flags="L", read_only=True),
        reference("Party", "General_Contacts_Parties", "party_id", filterable_through=True),
        reference("EnterpriseCompany", "General_EnterpriseCompanies", "enterprise_company_id", nullable=True),
        reference("DefaultCurrency", "General_Currencies_Currencies", "default_currency_id", nullable=True),
    ),
)

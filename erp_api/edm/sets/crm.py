"""Crm.Sales."""

from erp_api.models import Customer

from ..entity_set import EntitySet
from ..properties import STAMPS, Use, amount, display_text, reference, value

CUSTOMERS = EntitySet(
    name="Crm_Sales_Customers",
    model=Customer,
    display=display_text("party__party_name"),
    former_names=("Crm_Customers",),
    own_properties=(
        value("Number", "number", Use.EQUAL | Use.TEXT | Use.ORDER),
        value("Active", "active", Use.EQUAL),
        value("AllowUseAsPrimaryCustomer", "allow_use_as_primary_customer", Use.EQUAL),
        value("AllowUseAsShipToCustomer", "allow_use_as_ship_to_customer", Use.EQUAL),
        amount("CreditLimit", "credit_limit", currency="enterprise_company__base_currency__currency_sign"),
        value("FromDate", "from_date", Use.RANGE),
        value("ThruDate", "thru_date", Use.RANGE),
        value("GracePeriodDays", "grace_period_days"),
        value("DefaultPaymentTermDays", "default_payment_term_days"),
        value("DefaultPaymentStartDays", "default_payment_start_days"),
        value("DefaultDeliveryTermDays", "default_delivery_term_days"),
        *STAMPS,
        reference("Party", "General_Contacts_Parties", "party", Use.THROUGH),
        reference("EnterpriseCompany", "General_EnterpriseCompanies", "enterprise_company"),
        reference("DefaultCurrency", "General_Currencies_Currencies", "default_currency"),
    ),
)

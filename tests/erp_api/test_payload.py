"""How values are written."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from erp_api.json_encoding import in_language, number, plain_escapes
from tests.factories.erp_api import (
    CurrencyFactory,
    CustomerFactory,
    EnterpriseCompanyFactory,
    MeasurementUnitFactory,
    PartyFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


def row_of(api, entity_set, query=""):
    response = api.get(entity_set + query)
    assert response.status_code == 200, response.content
    (row,) = response.json(parse_float=Decimal)["value"]
    return row


@pytest.mark.contract("API-07", "API-60", "API-62", "API-64", "API-67", "API-68")
def test_a_customer(api):
    company = EnterpriseCompanyFactory(base_currency=CurrencyFactory(currency_sign="BGN"))
    customer = CustomerFactory(
        number="ab30151",
        credit_limit=Decimal("1000.50"),
        enterprise_company=company,
        default_currency=CurrencyFactory(currency_sign="EUR"),
        from_date=datetime(2020, 5, 8, tzinfo=UTC),
        creation_time=datetime(2020, 5, 8, 10, 11, 12, 345000, tzinfo=UTC),
        creation_user="demo",
        default_payment_term_days=30,
    )
    row = row_of(api, "Crm_Sales_Customers")
    assert list(row.items()) == [
        ("@odata.id", f"Crm_Sales_Customers({customer.pk})"),
        ("Number", "ab30151"),
        ("Active", True),
        ("AllowUseAsPrimaryCustomer", False),
        ("AllowUseAsShipToCustomer", False),
        ("CreditLimit", {"Value": Decimal("1000.5"), "Currency": "BGN"}),
        ("FromDate", "2020-05-08T00:00:00Z"),
        ("ThruDate", None),
        ("GracePeriodDays", 0),
        ("DefaultPaymentTermDays", 30),
        ("DefaultPaymentStartDays", 0),
        ("DefaultDeliveryTermDays", 0),
        ("CreationTime", "2020-05-08T10:11:12.345000Z"),
        ("CreationUser", "demo"),
        ("UpdateTime", None),
        ("UpdateUser", None),
        ("Party", {"@odata.id": f"General_Contacts_Parties({customer.party_id})"}),
        ("EnterpriseCompany", {"@odata.id": f"General_EnterpriseCompanies({company.pk})"}),
        ("DefaultCurrency", {"@odata.id": f"General_Currencies_Currencies({customer.default_currency_id})"}),
    ]


@pytest.mark.contract("API-61", "API-62", "API-63", "API-66", "API-67")
def test_a_product(api):
    EnterpriseCompanyFactory(base_currency=CurrencyFactory(currency_sign="GBP"))
    unit = MeasurementUnitFactory(code="pcs")
    box = MeasurementUnitFactory(code="box", measurement_category=unit.measurement_category, is_default_unit=False)
    product = ProductFactory(
        part_number="90002",
        name={"EN": "Apple", "BG": "Ябълка"},
        abc_class="A",
        measurement_unit=box,
        standard_lot_size_base=Decimal("5.555"),
        standard_price_per_lot=Decimal("12.3456"),
    )
    row = row_of(api, "General_Products_Products")
    assert list(row.items()) == [
        ("@odata.id", f"General_Products_Products({product.pk})"),
        ("PartNumber", "90002"),
        ("Name", {"EN": "Apple", "BG": "Ябълка"}),
        ("Description", None),
        ("CatalogDescriptionHtml", None),
        ("ABCClass", "A"),
        ("Active", True),
        ("AllowVariableMeasurementRatios", False),
        ("ShowInCatalog", False),
        ("StandardLotSizeBase", {"Value": Decimal("5.555"), "Unit": "pcs"}),
        ("StandardCostPerLot", {"Value": 0, "Currency": "GBP"}),
        ("StandardPricePerLot", {"Value": Decimal("12.3456"), "Currency": "GBP"}),
        ("CreationTime", None),
        ("CreationUser", None),
        ("UpdateTime", None),
        ("UpdateUser", None),
        ("ProductGroup", {"@odata.id": f"General_Products_ProductGroups({product.product_group_id})"}),
        ("ProductType", {"@odata.id": f"General_Products_ProductTypes({product.product_type_id})"}),
        ("MeasurementUnit", {"@odata.id": f"General_Products_MeasurementUnits({box.pk})"}),
        (
            "BaseMeasurementCategory",
            {"@odata.id": f"General_Products_MeasurementCategories({unit.measurement_category_id})"},
        ),
        ("CostingCurrency", None),
        ("EnterpriseCompany", None),
    ]


@pytest.mark.contract("API-62")
def test_the_currency_of_a_product(api):
    first = EnterpriseCompanyFactory(
        id="00000000-0000-4000-8000-000000000001", base_currency=CurrencyFactory(currency_sign="BGN")
    )
    second = EnterpriseCompanyFactory(
        id="00000000-0000-4000-8000-000000000002", base_currency=CurrencyFactory(currency_sign="GBP")
    )
    assert first.pk < second.pk
    product = ProductFactory()

    def currency():
        return row_of(api, "General_Products_Products", "?$select=StandardPricePerLot")["StandardPricePerLot"][
            "Currency"
        ]

    assert currency() == "BGN"
    product.enterprise_company = second
    product.save()
    assert currency() == "GBP"
    product.costing_currency = CurrencyFactory(currency_sign="USD")
    product.save()
    assert currency() == "USD"


@pytest.mark.contract("API-62", "API-63")
def test_an_amount_without_currency_and_a_unit_without_code(api):
    CustomerFactory(credit_limit=Decimal(10))
    assert row_of(api, "Crm_Sales_Customers")["CreditLimit"] == {"Value": 10, "Currency": None}
    ProductFactory(measurement_unit=MeasurementUnitFactory(code=None))
    row = row_of(api, "General_Products_Products")
    assert row["StandardLotSizeBase"] == {"Value": 1, "Unit": None}
    assert row["StandardPricePerLot"] == {"Value": 0, "Currency": None}


@pytest.mark.contract("API-112")
def test_the_display_text(api):
    CustomerFactory(party=PartyFactory(party_name={"BG": "Фирма", "EN": "Company"}))
    ProductFactory(name={"BG": "Ябълка"})
    assert row_of(api, "Crm_Sales_Customers", "?$select=DisplayText")["DisplayText"] == "Company"
    assert row_of(api, "General_Products_Products", "?$select=DisplayText")["DisplayText"] == "Ябълка"
    assert in_language({"EN": "", "BG": "x"}) in ("", "x")
    assert in_language(None) == in_language({}) == in_language({}, ["DE"]) == ""


NAMES = {"EN": "Apple", "BG": "Ябълка", "DE": "Apfel"}


@pytest.mark.contract("API-112", "API-123")
@pytest.mark.parametrize(
    ("culture", "cookie", "accepted", "expected"),
    [
        (None, None, None, "EN"),
        ("bg", None, None, "BG"),
        ("bg-BG", "c=de-DE|uic=de-DE", "de", "BG"),
        (None, "c=de-DE|uic=bg-BG", "en", "BG"),
        (None, "c=de-DE", "en", "DE"),
        # As ASP.NET sets it.
        (None, "c%3Dde-DE%7Cuic%3Dbg-BG", "en", "BG"),
        (None, None, "de;q=0", "EN"),
        (None, None, "bg;q=0, de;q=0.1", "DE"),
        (None, None, "de-AT, bg;q=0.5", "DE"),
        (None, None, "bg;q=0.5, de;q=0.9", "DE"),
        (None, None, "fr, bg;q=0.9", "BG"),
        (None, None, "fr, it", "EN"),
        ("fr", None, "de", "EN"),
        # What is no language is ignored.
        ("", "", "*", "EN"),
        ("b", "c", "de", "DE"),
        ("bulgarian", "uic=12|c=??", "bg", "BG"),
        ("b%00g", None, "x" * 5000, "EN"),
        (None, "=|=||", ",;q=,,", "EN"),
    ],
)
@pytest.mark.parametrize("form", ["list", "record"])
def test_the_display_text_in_the_language_that_is_asked_for(api, form, culture, cookie, accepted, expected):
    key = ProductFactory(name=NAMES).pk
    headers = {"Accept-Language": accepted} if accepted is not None else {}
    if cookie is not None:
        api.client.cookies[".AspNetCore.Culture"] = cookie
    query = "?$select=DisplayText,Name" + (f"&culture={culture}" if culture is not None else "")
    address = f"General_Products_Products({key})" if form == "record" else "General_Products_Products"
    response = api.get(address + query, headers=headers)
    assert response.status_code == 200, response.content
    row = response.json() if form == "record" else response.json()["value"][0]
    assert row["DisplayText"] == NAMES[expected]
    assert row["Name"] == NAMES


@pytest.mark.contract("API-112", "API-15")
def test_the_next_page_is_in_the_same_language(api):
    for _ in range(2):
        ProductFactory(name=NAMES)
    first = api.get("General_Products_Products?$top=1&$select=DisplayText&culture=bg").json()
    second = api.request("GET", url=first["@odata.nextLink"].removeprefix("http://127.0.0.1:8000")).json()
    assert [page["value"][0]["DisplayText"] for page in (first, second)] == ["Ябълка", "Ябълка"]


@pytest.mark.contract("API-68")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"), ("0.00", "0"), ("12.50", "12.5"), ("100", "100"), ("100.00", "100"), ("-0.10", "-0.1"),
        ("0E-10", "0"), ("1E+3", "1000"), ("0.0001", "0.0001"), ("99999999999999.9999", "99999999999999.9999"),
    ],
)  # fmt: skip
def test_numbers_are_exact_and_plain(value, text):
    assert number(Decimal(value)) == text


AWKWARD = 'a"b\\c\n\r\t\b\f\x01\x1f/\x7f\u2028é„Ж“😀\\u0041\\"\\\\'


@pytest.mark.contract("API-15")
def test_only_unicode_escapes(api):
    CustomerFactory(number='"\\"', creation_user=AWKWARD, party=PartyFactory(party_name={"EN": AWKWARD}))
    ProductFactory(name={"EN": AWKWARD, "BG": "\\\\n"}, catalog_description_html=AWKWARD)
    for entity_set, query in (("Crm_Sales_Customers", "?$select=*,DisplayText"), ("General_Products_Products", "")):
        raw = api.get(entity_set + query).content.decode("utf-8")
        row = json.loads(raw)["value"][0]
        assert AWKWARD in (row.get("CreationUser"), row.get("CatalogDescriptionHtml"))
        rest = raw
        while "\\" in rest:
            rest = rest.partition("\\")[2]
            assert rest[0] == "u"
            assert int(rest[1:5], 16) in (0x22, 0x5C, *range(0x20))
        assert "Ж" in raw


def test_escapes_are_read_whole():
    for value in ("\\", '"', '\\"', "\\\\", "\\n", "\n", "\\\n", "\\u000a", "\x00\x1f"):
        text = plain_escapes(json.dumps(value, ensure_ascii=False))
        assert json.loads(text) == value
        assert text.count("\\") == text.count("\\u")

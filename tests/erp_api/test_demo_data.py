"""The demo data: what documents and samples ask for."""

from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from erp_api import models
from erp_api.demo.loader import load
from tests.factories.erp_api import CurrencyFactory

pytestmark = pytest.mark.django_db

KINDS = (
    models.Currency, models.MeasurementCategory, models.MeasurementUnit, models.ProductType, models.Party,
    models.EnterpriseCompany, models.ProductGroup, models.Product, models.Customer,
)  # fmt: skip


@pytest.fixture
def demo(db):
    call_command("load_demo_data", verbosity=0)


def everything():
    return {model: list(model.objects.order_by("pk").values()) for model in KINDS}


@pytest.mark.contract("API-115")
def test_a_second_run_changes_nothing(demo, capsys):
    before = everything()
    call_command("load_demo_data")
    assert everything() == before
    assert "nothing was changed" in capsys.readouterr().out


@pytest.mark.contract("API-115")
def test_the_rows_are_always_the_same(demo):
    before = everything()
    for model in reversed(KINDS):
        model.objects.all()._raw_delete("default")
    load()
    assert everything() == before


@pytest.mark.contract("API-115")
def test_other_data_is_left_alone(db):
    CurrencyFactory(currency_sign="CHF")
    with pytest.raises(CommandError, match="data of its own"):
        call_command("load_demo_data")
    assert models.Currency.objects.count() == 1
    assert not models.Customer.objects.exists()


@pytest.mark.contract("API-115")
def test_what_people_changed_in_a_demo_stays(demo):
    CurrencyFactory(currency_sign="CHF")
    customer = models.Customer.objects.get(number="aa00015")
    customer.grace_period_days = 99
    customer.save()
    call_command("load_demo_data")
    customer.refresh_from_db()
    assert customer.grace_period_days == 99
    assert models.Currency.objects.filter(currency_sign="CHF").exists()


@pytest.mark.contract("API-115")
def test_it_is_off_in_production(db, settings):
    settings.HTTPS_ONLY = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo_data")
    call_command("load_demo_data", "--public-demo", verbosity=0)
    assert models.Customer.objects.exists()


@pytest.mark.contract("API-115")
def test_there_is_enough_of_everything(demo):
    assert models.Customer.objects.count() >= 200
    assert models.Product.objects.count() >= 500
    assert models.EnterpriseCompany.objects.count() == 3
    assert {"EUR", "BGN", "USD", "GBP"} <= set(models.Currency.objects.values_list("currency_sign", flat=True))
    assert {"pcs", "PCE", "kg", "l", "box", "бр"} <= set(models.MeasurementUnit.objects.values_list("code", flat=True))
    depths = {path.count("/") - 1 for path in models.ProductGroup.objects.values_list("full_path", flat=True)}
    assert depths == {1, 2, 3}
    assert models.ProductGroup.objects.count() >= 6
    for company in models.EnterpriseCompany.objects.all():
        assert models.Party.objects.filter(party_type="L", company=company.company).count() >= 2
    for model in (models.Party, models.Product):
        field = "party_name" if model is models.Party else "name"
        for name in model.objects.values_list(field, flat=True):
            assert set(name) == {"EN", "BG"}
            assert all(name.values())


KEYS = [
    (models.ProductGroup, "dc92f2e4-19f9-40eb-b257-565182f09f08 0bf6b45c-7ec1-484d-9f84-00072b77fabb"),
    (
        models.Product,
        (
            "59098bcf-f331-478f-91c2-f5520590f534 81d38b50-fd06-e611-8292-b31071e2ee7f "
            "4eeb8054-f7d9-479f-a239-ed07d8145075 bc5a90ed-eca3-4e70-9987-395da25f6487 "
            "08fc0b95-01d8-4876-9074-67898c0bd98b 396f958d-1952-4c6f-ac66-9211962720d4 "
            "cf728601-1fd5-4853-ab23-01deeee7d038 35d5bcb9-0881-4bc8-bfe4-84fb874d4626 "
            "4452392f-9ec6-4724-92e4-00004f6ef7ec"
        ),
    ),
    (models.ProductType, "c696c660-9aa4-4fe5-a396-126af4101792 880b0c31-a9ef-4a3c-a0e7-13d39aa57464"),
    (
        models.EnterpriseCompany,
        (
            "2115c294-33e9-41bd-bc0d-0cd0b7ee1735 b0e80577-fbbe-4c9b-811e-20b6c6dd465f "
            "b11b2f31-71b5-4443-a4b7-b5e9cd664a64"
        ),
    ),
    (
        models.Party,
        (
            "8e1829a8-8769-4422-8155-9cee69002f9f 39148781-d316-4d4d-a392-0002f73710f2 "
            "bc60d0bc-2804-4e3c-b355-04184aef5505 adb66f3f-e173-4a37-878c-000920f44ff0 "
            "2e97f255-f410-4925-8c51-211c8eaa18b8"
        ),
    ),
    (
        models.Customer,
        (
            "c8a65f60-26d0-4c3a-81c9-f367dd811908 10f76803-4130-40f8-bf73-a4e2b004417b "
            "15f2640f-f374-4017-ae2d-d2a41535f054 79f3f74e-098a-4d91-9714-c4f845c2dc62 "
            "e99186bc-d3bc-4a93-b169-5baec1d45540"
        ),
    ),
]
VALUES = [
    (models.ProductGroup, "d189cd37-1301-e011-9c1f-0030488d5648", {"code": "2"}),
    (models.ProductGroup, "7174e93a-a85e-43b8-9f77-042e2ac89b5a", {"code": "20102"}),
    (models.Product, "edf2bd2a-7e4d-e111-a06c-00155d00050a", {"part_number": "90002"}),
    (models.Product, "7d05ca48-e51a-4672-b187-002a1beef969", {"part_number": "5100000003"}),
    (models.MeasurementUnit, "7dbe6d6a-22ef-4c2f-a798-054bc2d13c8b", {"code": "pcs"}),
    (models.MeasurementUnit, "5c5e77ce-60bb-4338-abd0-3a2acb27ff93", {"code": "box"}),
    (models.Currency, "3187833a-d3c1-4804-bfc0-e17e6aee3069", {"currency_sign": "BGN"}),
    (models.Customer, "79480957-f0b6-49c4-9874-2cd150de982a", {"number": "aa00015"}),
    (models.Customer, "806637f2-abd1-4e7b-8ac0-71222a0b1afd", {"number": "ab30151"}),
    (models.Customer, "f812a533-0e56-4e57-8d1f-52d05b98c8b6", {"number": "ab30156"}),
]


@pytest.mark.contract("API-117")
def test_documented_keys(demo):
    for model, keys in KEYS:
        wanted = {UUID(key) for key in keys.split()}
        assert set(model.objects.filter(pk__in=wanted).values_list("pk", flat=True)) == wanted
    for model, key, values in VALUES:
        assert model.objects.filter(pk=key, **values).count() == 1, (key, values)


@pytest.mark.contract("API-117", "API-118")
def test_documented_content(demo):
    numbers = list(models.Product.objects.values_list("part_number", flat=True))
    assert sum("001" in number for number in numbers) >= 6
    assert any(number.endswith("001") for number in numbers)
    assert sum("00" in number for number in numbers) >= 5
    assert "1000044591" in numbers
    names = [name["EN"] for name in models.Product.objects.values_list("name", flat=True)]
    for text in ("ap", "ppl", "001"):
        assert any(text in name for name in names)
    customers = models.Customer.objects.select_related("party", "enterprise_company__base_currency")
    assert any("001" in customer.number for customer in customers)
    assert any("015" in customer.number for customer in customers)
    assert any("Peter" in customer.party.party_name["EN"] for customer in customers)
    assert customers.get(pk="eebf02a5-052e-4a8d-9a24-270546d73942").party.party_name["EN"] == "UNI Sofia Ltd"
    buyer = customers.get(party__registration_number="123456")
    assert buyer.enterprise_company.base_currency.currency_sign == "EUR"
    assert (
        models.EnterpriseCompany.objects.get(pk="b0e80577-fbbe-4c9b-811e-20b6c6dd465f").company.registration_number
        == "714895"
    )
    assert models.ProductGroup.objects.filter(code="450").exists()
    assert models.Party.objects.filter(party_code__contains="30").exists()
    category = models.MeasurementCategory.objects.get(pk="045d1e60-2114-4ca7-b636-0666dd0d2ec8")
    assert category.name["EN"] == "Pieces"
    assert {"pcs", "box"} <= set(category.units.values_list("code", flat=True))
    top = models.ProductGroup.objects.get(pk="dc92f2e4-19f9-40eb-b257-565182f09f08")
    assert (
        models.ProductGroup.objects.filter(full_path__startswith=top.full_path, products__isnull=False)
        .distinct()
        .count()
        >= 2
    )


@pytest.mark.contract("API-117", "API-118")
def test_the_data_obeys_the_rules_of_the_erp(demo):
    for product in models.Product.objects.select_related("product_group", "measurement_unit"):
        assert product.measurement_unit.measurement_category_id == product.base_measurement_category_id
        if product.product_group.enterprise_company_id:
            assert product.enterprise_company_id == product.product_group.enterprise_company_id
    for customer in models.Customer.objects.exclude(thru_date=None):
        assert customer.from_date <= customer.thru_date


@pytest.mark.contract("API-R31", "API-R32", "API-117")
def test_the_first_calls_of_the_samples(demo, api):
    for entity_set in ("Crm_Sales_Customers", "General_Products_Products"):
        response = api.get(f"{entity_set}?$top=10", headers={"Accept": "application/json"})
        assert response.status_code == 200
        assert len(response.json()["value"]) == 10
    response = api.get("General_Products_Products(edf2bd2a-7e4d-e111-a06c-00155d00050a)")
    assert response.json()["PartNumber"] == "90002"

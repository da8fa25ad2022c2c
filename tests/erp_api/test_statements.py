"""How many statements a call costs, and that a compiled one answers as the ORM would."""

from uuid import UUID

import pytest
from django.db import connection

from erp_api.edm.registry import ENTITY_SETS
from erp_api.models import Customer
from erp_api.odata.encoder import encoder
from erp_api.odata.rows import plain_pages, rows_of
from erp_api.odata.selection import Selection
from tests.factories.erp_api import CustomerFactory, EnterpriseCompanyFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(db):
    company = EnterpriseCompanyFactory()
    CustomerFactory.create_batch(5, enterprise_company=company, credit_limit=1)
    ProductFactory.create_batch(5, enterprise_company=company)


@pytest.mark.contract("TK-106", "API-91")
@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("", 2),
        ("?$top=2", 2),
        ("?$top=2&$skip=1", 2),
        ("?$select=*,DisplayText,Id,ExternalId", 2),
        ("?$count=true", 3),
        ("?$top=0", 1),
        ("/$count", 2),
        ("({key})", 2),
        ("?$top=nonsense", 1),
    ],
)
@pytest.mark.parametrize("name", list(ENTITY_SETS))
def test_statements_of_a_call(api, rows, django_assert_num_queries, name, query, statements):
    api.get(name)  # the signing keys are read once per process
    key = ENTITY_SETS[name].model.objects.first().pk
    with django_assert_num_queries(statements):
        assert api.get(name + query.format(key=key)).status_code in (200, 400)


@pytest.mark.parametrize("name", list(ENTITY_SETS))
def test_compiled_and_built_anew_are_equal(rows, name):
    entity_set = ENTITY_SETS[name]
    selection = Selection(entity_set, tuple(entity_set.properties))
    everything = list(rows_of(selection))
    pages = plain_pages(selection)
    assert [tuple(row) for row in pages.page(after=None, skip=0, limit=100)] == everything
    assert list(pages.page(after=None, skip=1, limit=2)) == everything[1:3]
    for position, row in enumerate(everything):
        key = row[0]
        assert isinstance(key, UUID)
        assert pages.one(key) == row
        assert list(pages.page(after=key, skip=0, limit=100)) == everything[position + 1 :]
    assert pages.one(UUID(int=1)) is None


def test_what_is_made_for_a_selection_is_made_once(api):
    before = encoder.cache_info().currsize, plain_pages.cache_info().currsize
    for query in ("Number,Active", "Active,Number", " Active , Number,Active"):
        assert api.get(f"Crm_Sales_Customers?$select={query}").status_code == 200
    assert encoder.cache_info().currsize <= before[0] + 1
    assert plain_pages.cache_info().currsize <= before[1] + 1


@pytest.mark.contract("API-23")
def test_a_page_is_found_by_the_index(db, postgresql):
    """Far into a large set a page costs no more than at its beginning."""
    party = CustomerFactory().party
    Customer.objects.bulk_create(Customer(number=f"n{number}", party=party) for number in range(20_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE erp_api_customer")
    key = Customer.objects.order_by("pk")[15_000].pk
    customers = ENTITY_SETS["Crm_Sales_Customers"]
    explained = rows_of(Selection(customers, customers.default_names)).filter(pk__gt=key)[:11].explain()
    assert "erp_api_customer_pkey" in explained
    assert "Seq Scan on erp_api_customer" not in explained

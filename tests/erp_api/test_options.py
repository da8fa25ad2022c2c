"""Query options."""

from urllib.parse import urlsplit

import pytest

from erp_api.edm.registry import ENTITY_SETS
from erp_api.models import Customer
from tests.factories.erp_api import CustomerFactory, ProductFactory

from .test_addresses import error_of

pytestmark = pytest.mark.django_db

SET = "Crm_Sales_Customers"


def ids(body):
    return [row["@odata.id"] for row in body["value"]]


def all_ids():
    return [f"{SET}({key})" for key in Customer.objects.order_by("pk").values_list("pk", flat=True)]


def follow(api, address):
    """The ids of all pages, page by page."""
    pages = []
    response = api.get(address)
    while True:
        assert response.status_code == 200
        body = response.json()
        pages.append(ids(body))
        if "@odata.nextLink" not in body:
            return pages
        assert len(pages) < 100
        parts = urlsplit(body["@odata.nextLink"])
        response = api.get(url=f"{parts.path}?{parts.query}")


@pytest.fixture
def customers(db):
    CustomerFactory.create_batch(7)


@pytest.mark.contract("API-24", "API-07")
def test_without_top_everything_comes_at_once(api, customers):
    body = api.get(SET).json()
    assert ids(body) == all_ids()
    assert "@odata.nextLink" not in body
    assert list(body) == ["@odata.context", "value"]


@pytest.mark.contract("API-23")
@pytest.mark.parametrize("top", range(1, 9))
def test_every_row_exactly_once(api, customers, top):
    pages = follow(api, f"{SET}?$top={top}")
    assert [row for page in pages for row in page] == all_ids()
    assert {len(page) for page in pages[:-1]} <= {top}
    assert pages[-1] or not all_ids()


@pytest.mark.contract("API-23")
def test_rows_that_come_and_go_hide_no_others(api, customers):
    expected = all_ids()
    body = api.get(f"{SET}?$top=3").json()
    seen = ids(body)
    Customer.objects.filter(pk=Customer.objects.order_by("pk").first().pk).delete()
    parts = urlsplit(body["@odata.nextLink"])
    rest = api.get(url=f"{parts.path}?{parts.query.replace('$top=3', '$top=100')}").json()
    assert seen + ids(rest) == expected


@pytest.mark.contract("API-23")
def test_the_link_repeats_the_other_options(api, customers):
    link = api.get(f"{SET}?$top=2&$skip=1&$select=Number, Active&culture=bg&$count=true&a=%D0%B1%26%3D").json()[
        "@odata.nextLink"
    ]
    assert link.startswith(f"http://127.0.0.1:8000/api/domain/odata/{SET}?")
    assert link.isascii()
    names = [pair.partition("=")[0] for pair in urlsplit(link).query.split("&")]
    assert names == ["$top", "$select", "culture", "$count", "a", "$skiptoken"]
    parts = urlsplit(link)
    body = api.get(url=f"{parts.path}?{parts.query}").json()
    assert body["@odata.count"] == 7
    assert ids(body) == all_ids()[3:5]
    assert set(body["value"][0]) == {"@odata.id", "Number", "Active"}


@pytest.mark.contract("API-15", "API-23")
def test_members_are_in_order(api, customers):
    assert list(api.get(f"{SET}?$top=1&$count=true").json()) == [
        "@odata.context", "@odata.count", "@odata.nextLink", "value",
    ]  # fmt: skip
    long = api.get(f"{SET}?$top=1&x={'a' * 9000}").json()
    assert list(long) == ["@odata.context", "value", "@odata.nextLink"]


@pytest.mark.contract("API-22")
def test_skip(api, customers):
    assert ids(api.get(f"{SET}?$skip=2").json()) == all_ids()[2:]
    assert follow(api, f"{SET}?$skip=2&$top=2") == [all_ids()[2:4], all_ids()[4:6], all_ids()[6:]]
    assert ids(api.get(f"{SET}?$skip=2147483647").json()) == []


@pytest.mark.contract("API-22")
def test_top_zero(api, customers):
    body = api.get(f"{SET}?$top=0&$count=true").json()
    assert (body["value"], body["@odata.count"]) == ([], 7)
    assert "@odata.nextLink" not in body


@pytest.mark.contract("API-24")
def test_no_page_is_larger_than_the_cap(api, customers, settings):
    settings.API_PAGE_ROWS = 3
    for query in ("", "?$top=5", "?$top=2147483647"):
        assert [len(page) for page in follow(api, SET + query)] == [3, 3, 1]


@pytest.mark.contract("API-22", "API-23", "API-21", "API-26")
@pytest.mark.parametrize(
    "query",
    [
        "$top=-1", "$top=", "$top=x", "$top=1.0", "$top=1e3", "$top=2147483648", "$top=%2B1", "$top=+1", "$top=1 ",
        "$top=١", "$top=0x10", "$top=1%00", "$top=" + "9" * 5000, "$top",
        "$skip=-1", "$skip=", "$skip=2147483648",
        "$skiptoken=", "$skiptoken=x", "$skiptoken=%00", "$skiptoken=EEBF02A5-052E-4A8D-9A24-270546D73942",
        "$skiptoken='eebf02a5-052e-4a8d-9a24-270546d73942'",
        "$count=TRUE", "$count=1", "$count=",
        "$top=1&$top=1", "$select=Number&%24select=Number", "$skiptoken=a&$skiptoken=b",
        "$TOP=1", "$Select=Number", "$nonsense=1", "$=1", "$$top=1",
        "$select=,", "$select=Nonsense", "$select=number", "$select=Number,", "$select=Number,,Active",
        "$select=Party/PartyName", "$select=%00", "$select=" + ",".join(["Number"] * 50 + ["X"]), "$select=Lines",
        "$select=**", "$select=owner__password", "$select=party_id",
        "x=%ff", "%ff=1", "$top=%ff", "a=%C3%28",
    ],
)  # fmt: skip
def test_what_cannot_be_understood(api, query):
    for address in (SET, f"{SET}/$count"):
        error_of(api.get(f"{address}?{query}"), 400, "InvalidQuery")


@pytest.mark.contract("API-26")
def test_an_unknown_name_is_named(api):
    message = error_of(api.get(f"{SET}?$select=Number,Nonsense"), 400, "InvalidQuery")
    assert "Nonsense" in message
    assert SET in message


@pytest.mark.contract("API-21", "API-17")
@pytest.mark.parametrize(
    "query",
    [
        "$filter=Active eq true", "$orderby=Number", "$expand=Party", "$search=x", "$apply=x", "$compute=x",
        "$deltatoken=x", "$levels=1", "expandgroup=x", "@p=1", "$format=xml",
    ],
)  # fmt: skip
def test_what_odata_defines_and_this_api_leaves_out(api, query):
    assert query.partition("=")[0] in error_of(api.get(f"{SET}?{query}"), 501, "NotSupported")


@pytest.mark.contract("API-21")
@pytest.mark.parametrize(
    "query", ["tr=1&tr=2", "culture=bg", "lang", "top=x", "=", "&&&", "a=b=c", "options=,,x", "%20"]
)
def test_other_names_are_ignored(api, query):
    assert api.get(f"{SET}?{query}").status_code == 200


@pytest.mark.contract("API-21")
def test_options_are_decoded_once(api, customers):
    assert set(api.get(f"{SET}?%24select=Number%2C+Active&%24top=1").json()["value"][0]) == {
        "@odata.id", "Number", "Active",
    }  # fmt: skip
    error_of(api.get(f"{SET}?%2524top=1&$select=%254Eumber"), 400, "InvalidQuery")


def test_count(api, customers):
    assert api.get(f"{SET}?$count=true&$top=2&$skip=1").json()["@odata.count"] == 7
    assert "@odata.count" not in api.get(f"{SET}?$count=false").json()


@pytest.mark.contract("API-26", "API-112")
@pytest.mark.parametrize("name", list(ENTITY_SETS))
def test_default_properties(api, name):
    CustomerFactory()
    ProductFactory()
    plain = api.get(f"{name}?$top=1").json()["value"][0]
    hidden = {"Id", "ObjectVersion", "ExternalId", "ExternalSystem", "AggregateLastUpdateTimeUtc", "DisplayText"}
    assert hidden.isdisjoint(plain)
    assert next(iter(plain)) == "@odata.id"
    for query in ("*", "default", "DEFAULT", "Default, Active", "*,default"):
        assert api.get(f"{name}?$top=1&$select={query}").json()["value"][0] == plain
    more = api.get(f"{name}?$top=1&$select=default,{','.join(hidden)}").json()["value"][0]
    assert set(more) == {*plain, *hidden}


@pytest.mark.contract("API-26", "API-114")
@pytest.mark.parametrize("entity_set", ENTITY_SETS.values(), ids=lambda entity_set: entity_set.name)
def test_every_property_can_be_selected_alone(api, entity_set):
    CustomerFactory()
    ProductFactory()
    for name in entity_set.properties:
        (row,) = api.get(f"{entity_set.name}?$select={name}").json()["value"]
        assert list(row) == ["@odata.id", name]


@pytest.mark.contract("API-26")
def test_select_of_one_record(api):
    customer = CustomerFactory()
    body = api.get(f"{SET}({customer.pk})?$select=Number,Id").json()
    assert list(body) == ["@odata.context", "@odata.id", "Id", "Number"]
    assert body["Id"] == str(customer.pk)
    error_of(api.get(f"{SET}({customer.pk})?$select=Nonsense"), 400, "InvalidQuery")


@pytest.mark.contract("API-39")
def test_flags(api):
    customer = CustomerFactory()
    for address in (f"{SET}?options=skipnulls, includeid,other", f"{SET}({customer.pk})?options=includeid,skipnulls"):
        body = api.get(address).json()
        row = body["value"][0] if "value" in body else body
        assert row["Id"] == str(customer.pk)
        assert "ThruDate" not in row
        assert None not in row.values()

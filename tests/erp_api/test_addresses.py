"""What can be addressed, how answers are represented, and what is refused with which words."""

import pytest

from tests.factories.erp_api import CustomerFactory

KEY = "7d05ca48-e51a-4672-b187-002a1beef969"

pytestmark = pytest.mark.django_db

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
ROOT_URL = "http://127.0.0.1:8000/api/domain/odata/"


def error_of(response, status, type_):
    assert response.status_code == status, response.content
    error = response.json()["error"]
    assert (error["type"], error["code"]) == (type_, status)
    assert set(error) == {"message", "code", "type", "info", "messageFormat", "parameters"}
    assert error["info"] == ""
    return error["message"]


@pytest.mark.contract("API-01", "API-05")
@pytest.mark.parametrize("url", ["/api/domain/odata", "/api/domain/odata/"])
def test_the_service_document(api, url):
    response = api.get(url=url)
    assert response.status_code == 200
    assert response.json() == {
        "@odata.context": f"{ROOT_URL}$metadata",
        "value": [
            {"name": name, "kind": "EntitySet", "url": name}
            for name in ("Crm_Sales_Customers", "General_Products_Products")
        ],
    }


@pytest.mark.contract("API-02")
def test_absolute_addresses_are_the_published_ones(api, settings):
    settings.INSTANCE_URL = "https://erp.example.com"
    CustomerFactory.create_batch(2)
    body = api.get("Crm_Sales_Customers?$top=1", headers={"Host": "127.0.0.1"}).json()
    assert body["@odata.context"] == "https://erp.example.com/api/domain/odata/$metadata#Crm_Sales_Customers"
    assert body["@odata.nextLink"].startswith("https://erp.example.com/api/domain/odata/Crm_Sales_Customers?")


@pytest.mark.contract("API-14", "API-15", "API-112")
@pytest.mark.parametrize("address", ["", "Crm_Sales_Customers", "Nothing", "Crm_Sales_Customers?$top=x"])
def test_headers_of_every_answer(api, address):
    response = api.get(address)
    assert response["OData-Version"] == "4.0"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == JSON_TYPE
    assert response["Content-Length"] == str(len(response.content))
    assert not response.content.startswith(b"\xef\xbb\xbf")
    assert "X-Correlation-Id" in response


@pytest.mark.contract("API-08", "API-09")
def test_one_record_by_key_in_either_case(api):
    customer = CustomerFactory()
    for key in (str(customer.pk), str(customer.pk).upper()):
        response = api.get(f"Crm_Sales_Customers({key})")
        assert response.status_code == 200
        body = response.json()
        assert list(body)[:2] == ["@odata.context", "@odata.id"]
        assert body["@odata.context"] == f"{ROOT_URL}$metadata#Crm_Sales_Customers/$entity"
        assert body["@odata.id"] == f"Crm_Sales_Customers({customer.pk})"
        assert body["Number"] == customer.number


@pytest.mark.contract("API-09")
@pytest.mark.parametrize(
    "key",
    [
        "",
        "1",
        "'eebf02a5-052e-4a8d-9a24-270546d73942'",
        "eebf02a5052e4a8d9a24270546d73942",
        "{eebf02a5-052e-4a8d-9a24-270546d73942}",
        "eebf02a5-052e-4a8d-9a24-270546d73942 ",
        "Id=eebf02a5-052e-4a8d-9a24-270546d73942",
        "eebf02a5-052e-4a8d-9a24-270546d7394%00",
        "١ebf02a5-052e-4a8d-9a24-270546d73942",
        "%00",
        "%ff",
        "a(b)c",
        "x" * 3000,
    ],
)
def test_a_key_that_is_no_guid(api, key):
    error_of(api.get(f"Crm_Sales_Customers({key})"), 400, "InvalidQuery")


@pytest.mark.contract("API-09", "API-101")
def test_a_guid_that_names_nothing(api):
    message = error_of(api.get(f"Crm_Sales_Customers({KEY})"), 404, "NotFound")
    assert "Crm_Sales_Customers" in message


def test_the_number_of_rows(api):
    assert api.get("Crm_Sales_Customers/$count").content == b"0"
    CustomerFactory.create_batch(3)
    response = api.get("Crm_Sales_Customers/$count")
    assert (response.content, response["Content-Type"]) == (b"3", "text/plain;charset=utf-8")
    assert response["OData-Version"] == "4.0"


@pytest.mark.contract("API-11")
@pytest.mark.parametrize(
    "address",
    [
        f"Crm_Sales_Customers({KEY})/Party",
        f"Crm_Sales_Customers({KEY})/Number",
        f"Crm_Sales_Customers({KEY})/Number/$value",
        f"Crm_Sales_Customers({KEY})/$ref",
        f"Crm_Sales_Customers({KEY})/$count",
        "Crm_Sales_Customers/$ref",
        "Crm_Sales_Customers/Erp.Crm_Sales_Customer",
        "$all",
        "$crossjoin(Crm_Sales_Customers,General_Products_Products)",
    ],
)
def test_one_entity_per_address(api, address):
    assert "$expand" in error_of(api.get(address), 404, "NotFound")


@pytest.mark.contract("API-12")
@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("Crm_Customers", "Crm_Sales_Customers"),
        ("General_DocumentTypes", "Systems_Documents_DocumentTypes"),
        ("General_Currencies", "General_Currencies_Currencies"),
        ("General_MeasurementUnits", "General_Products_MeasurementUnits"),
        ("General_MeasurementCategories", "General_Products_MeasurementCategories"),
        ("General_CustomProperties", "Systems_Bpm_CustomProperties"),
        ("General_DocumentTypeUserStatuses", "Systems_Documents_DocumentTypeUserStatuses"),
        ("Crm_SalesPersons", "Crm_SalesForce_SalesPersons"),
        ("Crm_ProductPrices", "Crm_Pricing_ProductPrices"),
        ("General_Documents", "General_Documents_Documents"),
    ],
)
@pytest.mark.parametrize("rest", ["", "?$top=1", "/$count", f"({KEY})"])
def test_former_names(api, former, now, rest):
    message = error_of(api.get(former + rest), 404, "Renamed")
    assert "no longer supported" in message
    assert now in message
    assert f"{ROOT_URL}GetRenamedEntityTypes" in message


@pytest.mark.contract("API-17")
@pytest.mark.parametrize(
    "address",
    [
        "Nothing",
        "crm_sales_customers",
        "Crm_Sales_Customer",
        "%00",
        "%0a",
        "Crm_Sales_Customers%0a",
        "%ff",
        "(",
        "a" * 5000,
    ],
)
def test_names_that_do_not_exist(api, address):
    error_of(api.get(address), 404, "NotFound")


@pytest.mark.contract("API-17", "API-57", "API-85")
@pytest.mark.parametrize("address", ["$metadata", "WaitForChanges", f"General_Products_Products({KEY})/CreateCopy"])
def test_what_is_left_out_says_so(api, address):
    error_of(api.get(address), 501, "NotSupported")


@pytest.mark.contract("API-20")
@pytest.mark.parametrize("address", ["", "Crm_Sales_Customers", "Crm_Sales_Customers/$count", "Nothing"])
def test_head_is_get_without_a_body(api, address):
    CustomerFactory()
    full = api.get(address)
    head = api.request("HEAD", address)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert head["Content-Length"] == str(len(full.content))
    assert head["Content-Type"] == full["Content-Type"]


@pytest.mark.contract("API-20")
@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "BREW"])
def test_methods_that_nothing_supports(api, method):
    response = api.request(method, "Crm_Sales_Customers")
    error_of(response, 405, "MethodNotAllowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.contract("API-13")
@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        "application/json",
        "application/json;odata.metadata=none",
        "application/json; odata.metadata=full; IEEE754Compatible=true",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "APPLICATION/JSON",
        "",
    ],
)
def test_media_types_that_are_served(api, accept):
    response = api.get("Crm_Sales_Customers", headers={"Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"] == JSON_TYPE


@pytest.mark.contract("API-13")
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/*", "application/json;q=0", "nonsense", ";"])
def test_media_types_that_are_not(api, accept):
    error_of(api.get("Crm_Sales_Customers", headers={"Accept": accept}), 406, "NotAcceptable")


@pytest.mark.contract("API-13")
@pytest.mark.parametrize(("accept", "status"), [("text/plain", 200), ("application/json", 200), ("image/png", 406)])
def test_a_count_is_plain_text(api, accept, status):
    assert api.get("Crm_Sales_Customers/$count", headers={"Accept": accept}).status_code == status


@pytest.mark.contract("API-13")
def test_format_overrules_accept(api):
    for format_ in ("json", "application/json;odata.metadata=minimal", "JSON"):
        response = api.get(f"Crm_Sales_Customers?$format={format_}", headers={"Accept": "text/html"})
        assert response.status_code == 200
    error_of(api.get("Crm_Sales_Customers?$format=xml"), 501, "NotSupported")


@pytest.mark.contract("API-18")
def test_long_addresses(api):
    assert api.get("Crm_Sales_Customers?x=" + "a" * 8000).status_code == 200
    error_of(api.get("Crm_Sales_Customers?x=" + "a" * 16_400), 414, "TooLarge")


@pytest.mark.contract("API-18")
def test_long_bodies(api, settings):
    settings.API_BODY_BYTES = 10
    response = api.request("GET", "Crm_Sales_Customers", data=b"x" * 11, content_type="application/json")
    error_of(response, 413, "TooLarge")
    assert api.request("GET", "Crm_Sales_Customers", data=b"x" * 10, content_type="text/plain").status_code == 200


@pytest.mark.contract("API-01", "API-26")
def test_a_slash_too_many_names_nothing(api):
    one, sets = f"Crm_Sales_Customers({CustomerFactory().pk})", "Crm_Sales_Customers"
    for spelt, meant in {
        f"{sets}/": sets,
        f"/{sets}": sets,
        f"//{sets}//": sets,
        f"{sets}/?$top=1&$count=true": f"{sets}?$top=1&$count=true",
        f"/{one}/": one,
        f"{sets}//$count/": f"{sets}/$count",
        f"{sets}?$select=": sets,
        f"{sets}?$select=%20&$top=1": f"{sets}?$top=1",
        "/": "",
        "/Nothing/": "Nothing",
        f"{one}//Party/": f"{one}/Party",
        "$metadata/": "$metadata",
    }.items():
        said, wanted = api.get(spelt), api.get(meant)
        assert (said.status_code, said.content) == (wanted.status_code, wanted.content), spelt


@pytest.mark.contract("API-01", "TK-112")
@pytest.mark.parametrize(
    "url", ["/api/", "/api/domain/odata", "/api/domain/odata//", "/api/domain/odata/Crm_Sales_Customers/"]
)
def test_nothing_redirects(api, stranger, url):
    for caller in (api, stranger):
        response = caller.get(url=url)
        assert "Location" not in response
        assert response.status_code not in range(300, 400)


@pytest.mark.django_db
@pytest.mark.contract("API-01", "API-102")
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/domain", "/api/domain/odata", "/api/nothing"])
def test_a_stranger_gets_401_at_the_root_as_well(path, client):
    response = client.get(path)
    assert response.status_code == 401
    assert type(response.json()["error"]["code"]) is int

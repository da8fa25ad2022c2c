"""Whatever is sent, the answer is one of the documented ones: never a fault of ours."""

import json
from string import printable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erp_api.edm.registry import ENTITY_SETS
from erp_api.odata.address import UNSUPPORTED
from erp_api.odata.options import DEFINED, SERVED

from .conftest import ROOT

pytestmark = pytest.mark.django_db

ALLOWED = {200, 204, 400, 403, 404, 405, 406, 414, 501}
options = st.sampled_from(sorted(SERVED | DEFINED)) | st.text(max_size=8) | st.just("options")
values = (
    st.text(max_size=30)
    | st.integers().map(str)
    | st.sampled_from(
        ["default", "Number,Active", "*", "true", "json", "eebf02a5-052e-4a8d-9a24-270546d73942", "includeid,skipnulls"]
    )
)
raw_queries = st.text(alphabet=printable + "\x00ÿé", max_size=60) | st.binary(max_size=40).map(
    lambda data: "".join(f"%{byte:02x}" for byte in data)
)
built_queries = st.lists(st.tuples(options, values), max_size=5)
addresses = (
    st.sampled_from(["", *ENTITY_SETS, *(f"{name}/$count" for name in ENTITY_SETS), *sorted(UNSUPPORTED)])
    | st.text(max_size=30)
    | st.tuples(st.sampled_from(list(ENTITY_SETS)), st.text(max_size=40)).map(lambda pair: f"{pair[0]}({pair[1]})")
)
accepts = st.none() | st.text(alphabet=printable.strip() + " ", max_size=30)


def check(response):
    assert response.status_code in ALLOWED, (response.status_code, response.content)
    assert response["OData-Version"] == "4.0"
    if response["Content-Type"].startswith("application/json") and response.content:
        body = json.loads(response.content.decode("utf-8"))
        if response.status_code >= 400 and response.status_code != 204:
            assert body["error"]["code"] == response.status_code


@pytest.mark.contract("API-17", "API-21")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=addresses, query=built_queries, accept=accepts)
def test_built_requests(api, address, query, accept):
    headers = {"Accept": accept} if accept is not None else {}
    encoded = urlencode(query, errors="surrogatepass")
    check(api.get(url=f"{ROOT}/{quote(address, safe='()/$', errors='surrogatepass')}?{encoded}", headers=headers))


@pytest.mark.contract("API-17", "API-21")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=raw_queries)
def test_raw_query_strings(api, query):
    check(api.get("Crm_Sales_Customers", QUERY_STRING=query))

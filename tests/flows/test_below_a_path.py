"""The whole product below a path of a host (OPS-13), served as an operator serves it: behind a proxy that passes the
path on, and behind one that takes it away."""

import http.client
import json
import re
from collections import deque
from html import unescape
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oidc.discovery import OpenIDProviderMetadata

from tests.support.authlib_application import CALLBACK, GOODBYE, WebApplication, walk_on
from tests.support.browser import chromium
from tests.support.person import PASSWORD, Person, allow, sign_in
from tests.support.proxy import proxying
from tests.support.relying_party import forms_of
from tests.support.server import free_port, manage, serving
from tests.support.site import serving_site

__all__ = ["chromium"]

PATH = "/erp/demo"
APPLICATION = SimpleNamespace(client_id="ledger", plain_secret="ledger-secret-0123456789", redirect_uri_list=[CALLBACK])
MARIA = SimpleNamespace(login="maria")
ADMIN = SimpleNamespace(login="admin")
ADMIN_PASSWORD = "demo-admin-2026"
MANIFEST = f"""\
version: 1
users:
  - login: maria
    name: Мария Петрова
    email: maria@example.com
    type: InternalUser
    password: {PASSWORD}
applications:
  - application_uri: {APPLICATION.client_id}
    name: Ledger
    client_type: Confidential
    secret: {APPLICATION.plain_secret}
    impersonate_login_url: ["{CALLBACK}", "SITE/callback"]
    impersonate_logout_url: ["{GOODBYE}", "SITE/goodbye"]
    impersonate_as_internal_user_allowed: true
    scope: read
"""


@pytest.fixture(scope="module")
def site():
    """The web site of the application, for a browser that goes back to it."""
    with serving_site() as running:
        running.add("/callback", '<link rel="icon" href="data:,"><title>Back</title>')
        running.add("/goodbye", '<link rel="icon" href="data:,"><title>Goodbye</title>')
        yield running


@pytest.fixture(scope="module")
def database(site, tmp_path_factory):
    """The demo, and our people and application in it."""
    folder = tmp_path_factory.mktemp("below")
    (folder / "instance.yaml").write_text(MANIFEST.replace("SITE", site.url), encoding="utf-8")
    url = f"sqlite:///{folder / 'instance.sqlite3'}"
    for arguments in (("quickstart", "--no-serve"), ("instance", "apply", str(folder / "instance.yaml"))):
        result = manage(*arguments, DATABASE_URL=url)
        assert result.returncode == 0, result.stderr
    return url


@pytest.fixture(scope="module", params=[False, True], ids=["path passed on", "path taken away"])
def instance(request, database, tmp_path_factory):
    """The instance behind its proxy: ``root``, ``issuer``, ``proxy``, and its ``variables``."""
    port = free_port()
    with proxying(PATH, strips=request.param, port=port) as proxy:
        root = f"{proxy.url}{PATH}"
        variables = {
            "DATABASE_URL": database,
            "INSTANCE_URL": root,
            "ERPNET_PROXY_STRIPS_PATH": "on" if request.param else "off",
            "ERPNET_API_PAGE_ROWS": "2",
        }
        log = tmp_path_factory.mktemp("log") / "log"
        with serving(port, "serve", f"--port={port}", log=log, **variables):
            yield SimpleNamespace(root=root, issuer=f"{root}/id", proxy=proxy, port=port, variables=variables, log=log)


@pytest.fixture(autouse=True)
def _nothing_beside_it(instance):
    """No page, redirect or script led anywhere else on the host."""
    instance.proxy.strays.clear()
    yield
    assert instance.proxy.strays == []
    assert "Traceback" not in instance.log.read_text()


@pytest.fixture
def maria():
    made = Person(MARIA)
    yield made
    made.close()


@pytest.fixture
def admin(instance):
    """A session of the administrator, who came by way of the page that was wanted."""
    person = Person(ADMIN, ADMIN_PASSWORD)
    arrival = person.go(f"{instance.root}/manage", to=f"{instance.root}/manage")
    assert (arrival.address, person.met) == (f"{instance.root}/manage", ["signin"])
    yield person.browser
    person.close()


def direct(instance, path, method="GET", **headers):
    """The server's answer without the proxy."""
    client = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=20)
    try:
        client.request(method, path, headers={"Host": urlsplit(instance.root).netloc, **headers})
        response = client.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        client.close()


@pytest.mark.contract("OPS-13")
def test_the_whole_life_of_a_sign_in(instance, maria):
    """Discovery, sign-in, consent, tokens, UserInfo, renewal and sign-out, by a library that checks each answer."""
    web = WebApplication(instance.issuer, APPLICATION, code_challenge_method="S256")
    metadata = OpenIDProviderMetadata(web.authlib.load_server_metadata())
    AuthorizationServerMetadata(metadata).validate_issuer()
    assert metadata["issuer"] == instance.issuer
    for name, value in metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{instance.issuer}/"), name

    arrival = maria.go(web.sign_in()["Location"], to=CALLBACK)
    assert maria.met[0] == "signin"
    assert arrival.parameters["iss"] == instance.issuer
    assert {cookie.path for cookie in maria.browser.cookies} == {"/"}
    claims = web.callback(arrival)
    assert (claims["iss"], claims["sub"]) == (instance.issuer, "maria")
    walk_on(web, maria, APPLICATION, instance.issuer)


@pytest.mark.contract("OPS-13", "ID-16")
def test_discovery_where_rfc_8414_looks_for_it(instance):
    """§3.1 puts the well-known part between the host and the path of the issuer."""
    address = get_well_known_url(instance.issuer, external=True)
    assert address == f"{instance.proxy.url}/.well-known/oauth-authorization-server{PATH}/id"
    found = requests.get(address, timeout=20)
    assert found.status_code == 200
    assert found.json() == requests.get(f"{instance.issuer}/.well-known/openid-configuration", timeout=20).json()


@pytest.mark.contract("OPS-13")
def test_where_a_password_manager_looks(instance):
    """At the root of the host, whatever path the instance has (RFC 8615)."""
    answer = requests.get(f"{instance.proxy.url}/.well-known/change-password", allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PATH}/id/password/change")


@pytest.mark.contract("OPS-13")
def test_a_service_reads_data_page_by_page(instance):
    form = {"grant_type": "client_credentials", "client_id": "ServiceDemoClient", "client_secret": "DEMO"}
    token = requests.post(f"{instance.issuer}/connect/token", form, timeout=20).json()["access_token"]
    caller = {"Authorization": f"Bearer {token}"}
    service_root = f"{instance.root}/api/domain/odata/"
    address = f"{service_root}Crm_Sales_Customers?$select=Id"
    for _ in range(2):
        page = requests.get(address, headers=caller, timeout=20).json()
        assert page["@odata.context"].startswith(f"{service_root}$metadata#Crm_Sales_Customers")
        address = page["@odata.nextLink"]
        assert address.startswith(f"{service_root}Crm_Sales_Customers?")
    refused = requests.get(address, timeout=20)
    assert refused.status_code == 401
    assert f'realm="{instance.root}"' in refused.headers["WWW-Authenticate"]
    missing = requests.get(f"{instance.root}/api/nothing", headers=caller, timeout=20)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, 404)

    assert requests.get(f"{instance.issuer}/connect/nothing", timeout=20).json()["error"] == "not_found"
    sites = requests.get(f"{instance.root}/tools/auto-discovery", timeout=20).json()["WebSites"]
    assert {site["Url"] for site in sites} == {f"{instance.root}/{site}" for site in ("id", "manage", "api")}


LINKS = re.compile(r"""\s(?:href|src|action|data-[a-z-]+)="(/[^"]*|https?://[^"]*|\?[^"]*)\"""")
# Not followed: they end the session, or lead to the same page with other words.
LEAVING = re.compile(r"/endsession|/admin/logout/|[?&](language|o|all|p|page|q|show|e|preset)=|__")


def kind_of(address):
    """Addresses that differ only in which row they are about."""
    path = urlsplit(address).path
    return re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}|/[0-9]+(?=/)", "/ROW", path)


@pytest.mark.contract("OPS-13")
def test_every_link_of_every_page(instance, admin):
    """Walk the product as a visitor cannot: along every link, image, script and form of every kind of page."""
    host = f"{instance.proxy.url}/"
    waiting = deque([f"{instance.root}/", f"{instance.root}/id", f"{instance.root}/manage", f"{instance.root}/admin/"])
    kinds = {kind_of(address) for address in waiting}
    while waiting:
        address = waiting.popleft()
        answer = admin.get(address, timeout=20)
        assert answer.url.startswith(f"{instance.root}"), (address, answer.url)
        # An API wants a token, and the address of a form wants a form; each is there.
        assert answer.status_code in (200, 401, 405), (address, answer.status_code)
        if "text/html" not in answer.headers["Content-Type"]:
            continue
        for link in LINKS.findall(answer.text):
            target = urljoin(answer.url, unescape(link))
            if not target.startswith(host):
                continue
            assert target.startswith(f"{instance.root}/") or target.partition("?")[0] == instance.root, (address, link)
            if not LEAVING.search(target) and kind_of(target) not in kinds:
                kinds.add(kind_of(target))
                waiting.append(target)
    seen = {kind.removeprefix(PATH) for kind in kinds}
    assert {"/whats-new", "/id/password/change", "/manage/sessions", "/admin/users/user/ROW/change/"} <= seen
    assert any(kind.startswith("/static/erp/") for kind in seen)
    assert len(seen) > 60


@pytest.mark.contract("OPS-13")
def test_the_root_with_and_without_its_slash(instance):
    plain, slash = (requests.get(f"{instance.root}{end}", allow_redirects=False, timeout=20) for end in ("", "/"))
    assert (plain.status_code, slash.status_code) == (200, 200)
    assert f"<title>127.0.0.1{PATH} · " in plain.text


@pytest.mark.contract("OPS-13")
def test_sign_in_leads_to_no_other_site_of_the_host(instance):
    for wanted, reached in (("/manage", "/id/"), (f"{PATH}x/", "/id/"), (f"{PATH}/whats-new", "/whats-new")):
        browser = requests.Session()
        page = browser.get(f"{instance.root}/id/signin", params={"next": wanted}, timeout=20)
        ((_, fields),) = [form for form in forms_of(page) if form[0].get("id") == "signin"]
        filled = {**fields, "login": "maria", "password": PASSWORD}
        answer = browser.post(page.url, filled, allow_redirects=False, timeout=20)
        assert answer.headers["Location"] == f"{PATH}{reached}"
        browser.close()


@pytest.mark.contract("OPS-13")
def test_commands_name_the_path(instance):
    made = manage("create_administrator", "maria.admin", **instance.variables)
    assert made.returncode == 0, made.stderr
    (link,) = re.findall(r"https?://\S+", made.stdout)
    assert link.startswith(f"{instance.root}/id/password/reset/")
    assert requests.get(link, timeout=20).status_code == 200
    calls = manage("quickstart", "--calls", **instance.variables).stdout
    assert set(re.findall(rf"{instance.proxy.url}[^\s'\"]*", calls))
    for address in re.findall(rf"{instance.proxy.url}[^\s'\"]*", calls):
        assert address.startswith(f"{instance.root}/"), address


@pytest.mark.contract("OPS-13")
def test_what_comes_the_other_way_is_told(instance):
    """A proxy that does not do with the path what the setting says serves no half of the product."""
    is_stripped = instance.proxy.strips
    wrong = PATH if is_stripped else ""
    words = f"came with {PATH}" if is_stripped else f"came without {PATH}"
    for path in ("/", "/id/signin", "/manage", "/admin/", "/id/password/change/", "/nothing"):
        status, headers, text = direct(instance, f"{wrong}{path}")
        assert status == 404, path
        assert "ERPNET_PROXY_STRIPS_PATH" in text
        assert f'href="{instance.root}/"' in text
        assert "Set-Cookie" not in headers
    status, headers, text = direct(instance, f"{wrong}/id/connect/token", "POST")
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, "application/json")
    assert words in json.loads(text)["error_description"]
    status, _, text = direct(instance, f"{wrong}/api/domain/odata/")
    assert (status, json.loads(text)["error"]["code"]) == (404, 404)
    # The same in the words of the browser, and the page can be seen: its style sheets come the same way.
    page = direct(instance, f"{wrong}/id/signin", **{"Accept-Language": "de"})[2]
    assert 'lang="de"' in page
    sheet = re.search(r'href="([^"?]+/site\.css)', page)[1]
    assert direct(instance, f"{wrong}{sheet.removeprefix(PATH)}")[0] == 200


@pytest.mark.contract("OPS-13")
def test_a_path_twice_is_none(instance):
    """Else what a proxy keeps away from strangers by its path could be reached by another."""
    assert requests.get(f"{instance.root}{PATH}/manage", allow_redirects=False, timeout=20).status_code == 404
    assert requests.get(f"{instance.root}{PATH}/id/signin", allow_redirects=False, timeout=20).status_code == 404


@pytest.mark.contract("OPS-13")
def test_whoever_watches_the_process_needs_no_path(instance):
    assert direct(instance, "/health/live")[0] == 200
    assert direct(instance, "/health/ready")[0] == 200
    assert requests.get(f"{instance.root}/health/live", timeout=20).status_code == 200


@pytest.mark.contract("OPS-13")
def test_in_a_browser(instance, site, chromium):
    """A person signs in to an application, an administrator looks around: no request leaves the path, no script, style
    or policy fails."""
    problems = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)

    def asked(request):
        if not request.url.startswith((f"{instance.root}/", f"{site.url}/", "data:")):
            problems.append(f"asked: {request.url}")

    page.on("request", asked)

    web = WebApplication(instance.issuer, APPLICATION, site=site.url, code_challenge_method="S256")
    page.goto(web.sign_in()["Location"])
    assert f"{urlsplit(instance.root).netloc}{PATH}" in page.inner_text("body")
    sign_in(page, SimpleNamespace(login="alice"), "demo-alice-2026")
    # The second of the two instances finds the consent that the first one was given: it is the same database.
    if not instance.proxy.strips:
        allow(page)
    page.wait_for_url(f"{site.url}/callback*")
    claims = web.callback(SimpleNamespace(method="GET", address=page.url))
    assert claims["name"] == "Alice Adams"

    page.goto(web.sign_out()["Location"])
    page.wait_for_url(f"{site.url}/goodbye*")

    page.goto(f"{instance.root}/admin/users/user/?q=alice")
    page.wait_for_selector("#signin")
    sign_in(page, ADMIN, ADMIN_PASSWORD)
    page.wait_for_url(f"{instance.root}/admin/users/user/?q=alice")
    page.click("text=Alice Adams")
    page.fill("#id_name", "Alice Adams-Brown")
    page.click("[name=_save]")
    page.wait_for_url(f"{instance.root}/admin/users/user/**")
    page.click("text=Alice Adams-Brown")
    page.fill("#id_name", "Alice Adams")
    page.click("[name=_save]")
    page.wait_for_url(f"{instance.root}/admin/users/user/**")

    page.goto(f"{instance.root}/manage/sessions")
    page.click("#manage-signout")
    page.click("#signout button")
    page.wait_for_selector("#signed-out-signin")
    assert page.url.startswith(f"{instance.root}/id/connect/endsession/done")
    context.close()
    assert problems == []

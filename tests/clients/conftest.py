"""A server that real clients can talk to, applications for them, and a person who signs in."""

import subprocess
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from tests.conftest import missing_service
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support import npm
from tests.support.browser import Watched, chromium
from tests.support.person import PASSWORD, Person
from tests.support.site import serving_site

__all__ = ["chromium"]

PATIENCE = 30


@pytest.fixture
def issuer(live_server, settings):
    """The Identity Server of a running instance."""
    settings.INSTANCE_URL = live_server.url
    settings.ISSUER = f"{live_server.url}/id"
    return settings.ISSUER


@pytest.fixture
def instance(issuer):
    """The root address of the instance, with demo data behind its API."""
    call_command("load_demo_data", verbosity=0)
    return issuer.removesuffix("/id")


@pytest.fixture
def demo_client(instance):
    """CL-80: ``ServiceDemoClient`` with the secret ``DEMO``, scope ``read``."""
    return TrustedApplicationFactory(
        client_id="ServiceDemoClient",
        secret="DEMO",
        scope="read",
        allows_service=True,
        system_user=UserFactory(system=True, login="svc.demo"),
    )


@pytest.fixture
def path_client(instance):
    """A client id with a slash and a generated secret."""
    return TrustedApplicationFactory(client_id="my.trusted.app/service", service=True)


@pytest.fixture
def user(issuer):
    """Somebody with a password, whose name is not plain ASCII."""
    return UserFactory(login="maria", name="Мария Петрова", email="maria@example.com", password=PASSWORD)


@pytest.fixture
def person(user):
    """``user`` at a browser that speaks HTTP."""
    made = Person(user)
    yield made
    made.close()


@pytest.fixture
def site(request):
    """The web site of an application, on an origin of its own; another name of this machine as ``request.param``."""
    with serving_site(getattr(request, "param", "127.0.0.1")) as running:
        yield running


class _WatchedAtSites(Watched):
    """A page that may go to a few hosts."""

    def _request(self, url, host):
        if urlsplit(url).netloc not in host:
            super()._request(url, "")


@pytest.fixture
def browser_page(chromium, issuer):
    """``browser_page(*sites, **options)``: a page at a browser of its own that may go to the instance and to ``sites``.

    At the end of the test it fails when the console showed an error, as every refusal of CORS or of a policy does.
    """
    contexts, watches = [], []

    def open_one(*sites, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.watched = _WatchedAtSites(page, {urlsplit(url).netloc for url in (issuer, *sites)})
        watches.append(page.watched)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [problem for watched in watches for problem in watched.problems] == []


@pytest.fixture(scope="session")
def javascript():
    """The folder of the JavaScript libraries."""
    return npm.libraries()


@pytest.fixture
def node(javascript):
    """``node(script)``: a script of ``tests/clients/node`` in a process of its own, with its ends as pipes."""
    program = npm.node()
    if program is None:
        missing_service("Node.js is not installed: apt-get install nodejs npm")
    started = []

    def start(script):
        pipe = subprocess.PIPE
        process = subprocess.Popen([*program, script], cwd=npm.FOLDER, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)

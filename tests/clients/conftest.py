"""A server that real clients can talk to, and an application for them."""

import pytest
from django.core.management import call_command

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory


@pytest.fixture
def instance(live_server, settings):
    """The root address of a running instance with demo data."""
    settings.INSTANCE_URL = live_server.url
    settings.ISSUER = f"{live_server.url}/id"
    call_command("load_demo_data", verbosity=0)
    return live_server.url


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

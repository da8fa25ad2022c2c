"""Calling the API over HTTP."""

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory

ROOT = "/api/domain/odata"


class Api:
    """An HTTP client with a token. Addresses are relative to the service root; ``url`` takes one from anywhere."""

    def __init__(self, client, token=None):
        self.client = client
        self.token = token

    def request(self, method, address="", *, url=None, headers=None, **extra):
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent.update(headers or {})
        return self.client.generic(method, url or f"{ROOT}/{address}", headers=sent, **extra)

    def get(self, address="", **extra):
        return self.request("GET", address, **extra)


@pytest.fixture
def api(client, service_app, service_token):
    """A caller with ``read``."""
    return Api(client, service_token(service_app, "read"))


@pytest.fixture
def stranger(client, db):
    """A caller without a credential."""
    return Api(client)


@pytest.fixture
def api_with(client, service_token, db):
    """``api_with("read sec")`` is a caller with exactly these scopes."""

    def caller(scope):
        application = TrustedApplicationFactory(service=True, scope="read update sec")
        return Api(client, service_token(application, scope))

    return caller

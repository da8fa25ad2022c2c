"""Client authentication without an endpoint around it, as every endpoint for applications calls it; what each cause is
answered over HTTP stands in flows/test_client_credentials.py."""

import base64

import pytest
from django.db import connection

from erpnet_identity.oauth import client_authentication
from erpnet_identity.oauth.client_authentication import authenticate
from erpnet_identity.oauth.form import FormPost
from erpnet_identity.oauth.refusal import OAuthRefusal, TooManyFailures
from tests.factories.trusted_apps import TrustedApplicationFactory

pytestmark = pytest.mark.django_db


def in_form(client_id, secret=None):
    return FormPost("", {"client_id": client_id} | ({} if secret is None else {"client_secret": secret}))


def in_header(client_id, secret):
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return FormPost(f"Basic {pair}", {"client_id": client_id})


def refusal_of(post, **options):
    with pytest.raises(OAuthRefusal) as raised:
        authenticate(post, **options)
    return raised.value


@pytest.mark.parametrize("send", [in_form, in_header])
def test_a_secret(send, service_app):
    assert authenticate(send(service_app.client_id, service_app.plain_secret)) == service_app
    assert authenticate(send(service_app.client_id, service_app.plain_secret), must_be_confidential=True) == service_app


def test_a_public_application_names_itself(public_app):
    assert authenticate(in_form(public_app.client_id)) == public_app
    refusal = refusal_of(in_form(public_app.client_id), must_be_confidential=True)
    assert (refusal.error, refusal.cause) == ("invalid_request", "secret_missing")


def test_a_failure_says_what_the_application_reads_and_what_the_trail_says(service_app):
    refusal = refusal_of(in_form(service_app.client_id, "wrong"))
    assert (refusal.error, refusal.status_code, refusal.headers) == ("invalid_client", 400, {})
    assert (refusal.cause, refusal.client_id, refusal.application) == (
        "secret_wrong",
        service_app.client_id,
        service_app,
    )
    refusal = refusal_of(in_header(service_app.client_id, "wrong"))
    assert refusal.status_code == 401
    assert refusal.headers == {"WWW-Authenticate": 'Basic realm="erpnet", charset="UTF-8"'}


def test_failures_are_counted(service_app, settings):
    settings.TOKEN_FAILURES_PER_MINUTE = 2
    causes = [type(refusal_of(in_form(service_app.client_id, "wrong" * 20))) for _ in range(3)]
    assert causes == [OAuthRefusal, OAuthRefusal, TooManyFailures]
    assert authenticate(in_form(service_app.client_id, service_app.plain_secret)) == service_app


@pytest.mark.parametrize("grant_type", ["authorization_code", "client_credentials", "refresh_token"])
def test_no_wait_is_inside_of_a_transaction(grant_type, token_request, settings, monkeypatch):
    """It would hold what the transaction holds."""
    settings.TOKEN_FAILURES_PER_MINUTE = 1
    weak = TrustedApplicationFactory(service=True, secret="DEMO")
    inside = []
    monkeypatch.setattr(client_authentication.time, "sleep", lambda _: inside.append(list(connection.savepoint_ids)))
    outside = list(connection.savepoint_ids)
    for _ in range(2):
        token_request(grant_type=grant_type, client_id=weak.client_id, client_secret="x", code="x", refresh_token="x")
    assert inside == [outside]

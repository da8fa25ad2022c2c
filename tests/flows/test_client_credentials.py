"""A service gets a token with its own credentials."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.contract("ID-91", "ID-100", "ID-131", "OP-153")
def test_answer_has_the_documented_members(service_app, token_request):
    response = token_request(
        grant_type="client_credentials",
        client_id=service_app.client_id,
        client_secret=service_app.plain_secret,
        scope="read",
    )
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read")

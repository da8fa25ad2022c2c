"""A token in the ``Authorization`` header is the same thing to the data APIs and to UserInfo."""

import pytest

from erpnet_identity.audit.models import AuditEvent

ADDRESSES = ["/api/domain/odata/Crm_Sales_Customers", "/id/connect/userinfo"]


@pytest.mark.django_db
@pytest.mark.contract("API-90", "OP-170", "OP-175")
@pytest.mark.parametrize(
    ("cause", "header"),
    [
        ("credential_missing", None),
        ("credential_missing", ""),
        *(("scheme_unsupported", header) for header in ("Basic YTpi", "Bearer,x", "bearertoken", "x.y.z", "Негоден")),
        *(("token_malformed", header) for header in ("Bearer", "bearer ", "BEARER a b", "Bearer a,b", "Bearer ключ")),
        *(("token_malformed", header) for header in ("Bearer x.y.z", "bEaReR   x.y.z")),
    ],
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_each_form_of_the_header(client, address, cause, header):
    response = client.get(address, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    assert AuditEvent.objects.get().cause == cause
    challenge = response["WWW-Authenticate"]
    # What is no token gets no code at UserInfo; the data APIs tell another scheme that it is not theirs.
    has_code = cause == "token_malformed" or (cause == "scheme_unsupported" and "odata" in address)
    assert ('error="invalid_token"' in challenge) == has_code


@pytest.mark.django_db
@pytest.mark.contract("OP-170")
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR   "])
@pytest.mark.parametrize("address", ADDRESSES)
def test_the_scheme_may_have_any_letter_case(client, relying_party, web_app, internal_user, scheme, address):
    token = relying_party(web_app, user=internal_user, scope="openid read").tokens()["access_token"]
    assert client.get(address, headers={"Authorization": f"{scheme}{token}"}).status_code == 200

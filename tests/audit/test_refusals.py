"""Every refusal is one kind of exception, and leaves its trace in one way."""

import pytest

from erp_api.exceptions import ApiError, InsufficientScope, NotFound
from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.refusals import Refusal, record_refusal
from erpnet_identity.oauth.authorization_request import BadRequest, RefusedRequest
from erpnet_identity.oauth.interaction_policy import Failed
from erpnet_identity.oauth.refusal import OAuthRefusal
from erpnet_identity.oauth.sign_out_request import BadSignOut
from erpnet_identity.tokens.grants import GrantRefused


def of(refusal):
    return refusal.error, refusal.description, refusal.cause


@pytest.mark.parametrize("kind", [OAuthRefusal, BadRequest, RefusedRequest, Failed, BadSignOut, GrantRefused, ApiError])
def test_each_kind_is_a_refusal(kind):
    assert issubclass(kind, Refusal)


def test_an_error_of_the_toolkit_keeps_its_answer():
    refusal = OAuthRefusal("invalid_client", "Wrong", Cause.SECRET_WRONG, status_code=401, client_id="x")
    assert of(refusal) == ("invalid_client", "Wrong", Cause.SECRET_WRONG)
    assert (refusal.status_code, refusal.client_id) == (401, "x")
    assert refusal.json == '{"error": "invalid_client", "error_description": "Wrong"}'


def test_an_error_of_the_api_has_the_type_as_its_error():
    assert of(NotFound("Nothing.")) == ("NotFound", "Nothing.", Cause.INVALID_REQUEST)
    assert of(InsufficientScope(["read"]))[::2] == ("InsufficientScope", Cause.SCOPE_MISSING)


@pytest.mark.django_db
def test_who_is_known_is_always_written(settings):
    settings.STRANGER_EVENTS_PER_MINUTE = 1
    values = {"name": events.TOKEN_REFUSED, "cause": Cause.SECRET_WRONG, "actor": SYSTEM}
    written = [
        record_refusal(**values),
        record_refusal(**values),
        record_refusal(**values, is_known=True),
        record_refusal(**values, unless=lambda: True),
    ]
    assert [event is not None for event in written] == [True, False, True, True]
    stored = AuditEvent.objects.values_list("name", "outcome", "cause").distinct()
    assert set(stored) == {(events.TOKEN_REFUSED, "refused", "secret_wrong")}

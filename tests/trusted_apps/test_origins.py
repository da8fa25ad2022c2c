"""The web origins of an application follow its addresses."""

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory
from trusted_apps.models import WebOrigin
from trusted_apps.origins import is_registered_origin

pytestmark = pytest.mark.django_db


@pytest.mark.contract("ID-08", "API-19")
def test_origins_follow_the_record(django_assert_num_queries):
    application = TrustedApplicationFactory(
        public=True,
        redirect_uris="https://App.example.com:443/cb\nhttp://127.0.0.1:8080/cb\nmyapp://auth\nhttp://[::1]/x",
        post_logout_redirect_uris="https://bye.example.com/\nhttps://bye.example.com/other",
    )
    expected = {"https://app.example.com", "http://127.0.0.1:8080", "http://[::1]", "https://bye.example.com"}
    assert set(WebOrigin.objects.values_list("origin", flat=True)) == expected
    for origin in expected:
        with django_assert_num_queries(1):
            assert is_registered_origin(origin)

    application.redirect_uris = "https://new.example.com/cb"
    application.save()
    assert is_registered_origin("https://new.example.com")
    assert not is_registered_origin("https://app.example.com")

    application.is_enabled = False
    application.save(update_fields=["is_enabled"])
    assert not is_registered_origin("https://new.example.com")
    application.delete()
    assert not WebOrigin.objects.exists()


@pytest.mark.parametrize("origin", ["", "null", "https://", "ftp://x", "https://x\x00", "https://" + "x" * 400])
def test_what_is_no_origin(origin):
    assert not is_registered_origin(origin)

"""Every page of the administration, with rows in every list, long texts among them."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from erpnet_identity.keys import services as keys
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.live import live_session
from tests.support.relying_party import RelyingParty
from trusted_apps.models import ClientSecret, TrustedApplication

HIDDEN = ("tokens.IDToken", "tokens.RefreshToken")  # their lists are shown to nobody
MODELS = [model for model in admin.site._registry if model._meta.label not in HIDDEN]
LONG_ID = "a.very.long/" + "client-id." * 15


def address_of(model, page="changelist", *keys):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=keys)


class Administration:
    """``lists``, the ``rows`` of them, one each, the pages on which something is ``deleted`` or ``added``, and the
    ``others``; addresses."""

    def __init__(self, administrator):
        asking = RequestFactory().get("/")
        asking.user = administrator
        self.lists = [address_of(model) for model in MODELS]
        newest = {model: model._default_manager.order_by("-pk").first() for model in MODELS}
        assert None not in newest.values(), newest
        self.rows = [address_of(model, "change", quote(row.pk)) for model, row in newest.items()]
        self.deleted = [
            address_of(model, "delete", quote(row.pk))
            for model, row in newest.items()
            if admin.site._registry[model].has_delete_permission(asking)
        ]

        self.added = [
            address_of(model, "add") for model in MODELS if admin.site._registry[model].has_add_permission(asking)
        ]
        secret = ClientSecret.objects.select_related("application").order_by("pk").first()
        change = address_of(TrustedApplication, "change", secret.application_id)
        of_application = change.removesuffix("change/")
        self.others = [
            change,
            f"{of_application}history/",
            f"{of_application}secrets/add/",
            f"{of_application}secrets/{secret.pk}/retire/",
            f"{of_application}secrets/{secret.pk}/remove/",
            address_of(User, "change", User.objects.exclude(pk=administrator.pk).get(login__startswith="maria").pk),
        ]
        self.others.append(self.others[-1].replace("change/", "password/"))

    @property
    def pages(self):
        return ["/admin/", *self.lists, *self.rows, *self.deleted, *self.added, *self.others]


@pytest.fixture
def administration(administrator):
    """After people and services have used the instance for a while."""
    keys.ensure_key()
    person = UserFactory(login="maria.dimitrova-petrova@subsidiary.example.com", name="Maria Dimitrova-Petrova")
    web = TrustedApplicationFactory(
        web=True, client_id=LONG_ID, name="An application with a rather long name", owner="Example Software Ltd."
    )
    service = TrustedApplicationFactory(service=True, client_id="shop.example.com/sync")
    browser = Client()
    browser.force_login(person)
    party = RelyingParty(browser, web, scope="openid profile email read update offline_access")
    party.call_api(party.tokens()["access_token"])
    Client().post(
        "/id/connect/token",
        {"grant_type": "client_credentials", "client_id": service.client_id, "client_secret": service.plain_secret},
    )
    live_session(person, web, address="2001:db8:1:2:3:4:5:6", shared_at=timezone.now(), other_address="192.0.2.9")
    return Administration(administrator)

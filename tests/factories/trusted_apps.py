"""Registered applications. The plain secret is returned as ``application.plain_secret``."""

import factory

from trusted_apps import secrets
from trusted_apps.models import ClientSecret, ClientType, TrustedApplication

from .users import UserFactory


class TrustedApplicationFactory(factory.django.DjangoModelFactory):
    """A confidential application; the traits are the presets of TA-90 to TA-92."""

    class Meta:
        model = TrustedApplication
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Application {number}")
    client_id = factory.Sequence(lambda number: f"my.app/{number}")
    client_type = ClientType.CONFIDENTIAL
    scope = "read update"

    class Params:
        service = factory.Trait(allows_service=True, system_user=factory.SubFactory(UserFactory, system=True))
        public = factory.Trait(
            client_type=ClientType.PUBLIC,
            allows_internal_users=True,
            redirect_uris="https://spa.example.com/callback",
        )
        web = factory.Trait(allows_internal_users=True, redirect_uris="https://web.example.com/callback")

    @classmethod
    def _create(cls, model_class, *args, secret="", **kwargs):
        """``secret=None`` registers none; empty generates one for a confidential application."""
        application = model_class(*args, **kwargs)
        application.save()
        application.plain_secret = None
        if secret is not None and application.is_confidential:
            application.plain_secret = secret or secrets.generate()
            ClientSecret.objects.create(application=application, secret_hash=secrets.digest(application.plain_secret))
        return application

from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "erpnet_identity.tokens"
    label = "tokens"
    verbose_name = "Tokens"

    def ready(self) -> None:
        from erpnet_identity.users.signals import access_ended

        from . import services

        access_ended.connect(services.on_access_ended, dispatch_uid="tokens")

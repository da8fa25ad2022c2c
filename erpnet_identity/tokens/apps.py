from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "erpnet_identity.tokens"
    label = "tokens"
    verbose_name = "Tokens"

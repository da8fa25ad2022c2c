from django.apps import AppConfig


class OauthConfig(AppConfig):
    name = "erpnet_identity.oauth"
    label = "oauth"
    verbose_name = "Authorization server"

from django.apps import AppConfig


class KeysConfig(AppConfig):
    name = "erpnet_identity.keys"
    label = "keys"
    verbose_name = "Signing keys"

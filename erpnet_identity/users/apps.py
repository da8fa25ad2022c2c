from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "erpnet_identity.users"
    label = "users"
    verbose_name = "Users"

    def ready(self) -> None:
        from erpnet_identity.audit.spellings import spelt_by

        from .services import logins_of

        spelt_by(logins_of)

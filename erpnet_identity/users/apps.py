from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "erpnet_identity.users"
    label = "users"
    verbose_name = "Users"

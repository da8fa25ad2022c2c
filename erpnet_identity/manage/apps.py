from django.apps import AppConfig


class ManageConfig(AppConfig):
    name = "erpnet_identity.manage"
    label = "manage"
    verbose_name = "Instance Manager"

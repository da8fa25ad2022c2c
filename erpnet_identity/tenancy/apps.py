from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "erpnet_identity.tenancy"
    label = "tenancy"
    verbose_name = "Instance"

from django.apps import AppConfig


class InstanceConfig(AppConfig):
    name = "erpnet_identity.instance"
    label = "instance"
    verbose_name = "Instance sites"

from django.apps import AppConfig


class InstanceConfig(AppConfig):
    name = "erpnet_identity.instance"
    label = "instance"
    verbose_name = "Instance sites"

    def ready(self) -> None:
        from . import checks, commands

        checks.register_all()
        commands.withdraw()

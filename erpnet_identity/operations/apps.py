from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "erpnet_identity.operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from . import checks, commands

        checks.register_all()
        commands.withdraw()

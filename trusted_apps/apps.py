from django.apps import AppConfig


class TrustedAppsConfig(AppConfig):
    name = "trusted_apps"
    verbose_name = "Trusted Applications"

    def ready(self) -> None:
        from erpnet_identity.users.signals import login_wanted

        from . import subjects

        login_wanted.connect(subjects.on_login_wanted, dispatch_uid="trusted_apps")

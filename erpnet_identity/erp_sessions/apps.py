from django.apps import AppConfig


class ErpSessionsConfig(AppConfig):
    name = "erpnet_identity.erp_sessions"
    label = "erp_sessions"
    verbose_name = "Licenses and sessions"

    def ready(self) -> None:
        from erpnet_identity.users.signals import api_access_ended
        from trusted_apps.signals import application_deleted

        from . import receivers

        api_access_ended.connect(receivers.on_api_access_ended, dispatch_uid="erp_sessions")
        application_deleted.connect(receivers.on_application_deleted, dispatch_uid="erp_sessions")

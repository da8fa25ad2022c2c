from django.apps import AppConfig


class ErpSessionsConfig(AppConfig):
    name = "erpnet_identity.erp_sessions"
    label = "erp_sessions"
    verbose_name = "Licences and sessions"

    def ready(self) -> None:
        from erpnet_identity.users.signals import api_access_ended
        from trusted_apps.signals import application_deleted

        from . import endings

        api_access_ended.connect(endings.on_api_access_ended, dispatch_uid="erp_sessions")
        application_deleted.connect(endings.on_application_deleted, dispatch_uid="erp_sessions")

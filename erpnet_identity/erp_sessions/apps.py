from django.apps import AppConfig


class ErpSessionsConfig(AppConfig):
    name = "erpnet_identity.erp_sessions"
    label = "erp_sessions"
    verbose_name = "Licences and sessions"

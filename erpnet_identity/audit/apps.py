from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "erpnet_identity.audit"
    label = "audit"
    verbose_name = "Audit events"

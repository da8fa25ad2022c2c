from django.apps import AppConfig


class TrustedAppsConfig(AppConfig):
    name = "trusted_apps"
    verbose_name = "Trusted applications"

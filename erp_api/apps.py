from django.apps import AppConfig


class ErpApiConfig(AppConfig):
    name = "erp_api"
    verbose_name = "ERP data"

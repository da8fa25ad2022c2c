from django.apps import AppConfig

from erpnet_identity import lean

# The first import of the framework, before any model: it looks for what it could do with libraries that it does not
# need, and so would load psycopg on SQLite, and an HTTP client.
with lean.without(
    "coreapi",
    "django.contrib.postgres.fields",
    "guardian",
    "inflection",
    "markdown",
    "pygments",
    "requests",
    "uritemplate",
    "yaml",
):
    import rest_framework.compat  # noqa: F401


class ErpApiConfig(AppConfig):
    name = "erp_api"
    verbose_name = "ERP data"

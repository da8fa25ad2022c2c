from django.apps import AppConfig

from erpnet_identity import lean

# The toolkit asks other servers about tokens, with these clients, when it is told to. Ours asks nobody.
lean.at_first_use("requests", "urllib3")


class OauthConfig(AppConfig):
    name = "erpnet_identity.oauth"
    label = "oauth"
    verbose_name = "Authorization server"

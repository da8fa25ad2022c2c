from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AdministrationConfig(admin.AdminConfig):
    """Django's admin with our site (see ``administration.py``)."""

    default = False
    default_site = "erpnet_identity.identity.administration.Administration"


class IdentityConfig(AppConfig):
    default = True
    name = "erpnet_identity.identity"
    label = "identity"
    verbose_name = "Sign-in"

    def ready(self) -> None:
        """Hear Django's own sign-in and sign-out, wherever they happen, the admin site included."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from erpnet_identity.users.signals import sign_in_ended

        from . import sessions, signout

        user_logged_in.connect(sessions.on_signed_in, dispatch_uid="identity.sessions")
        user_logged_out.connect(signout.on_signed_out, dispatch_uid="identity.signout")
        sign_in_ended.connect(signout.on_sign_in_ended, dispatch_uid="identity.sign_in_ended")

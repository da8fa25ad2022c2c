"""An application's scopes, for the toolkit."""

from typing import Any

from oauth2_provider.scopes import BaseScopes

from trusted_apps import scopes
from trusted_apps.models import TrustedApplication


class ApplicationScopes(BaseScopes):
    """Scopes per application: its registered resource scopes; the arithmetic is in ``trusted_apps.scopes``."""

    def get_all_scopes(self) -> dict[str, str]:
        return {name: scopes.MEANING[name] for name in scopes.SUPPORTED}

    def get_available_scopes(
        self, application: TrustedApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return scopes.registered(application.scope) if application is not None else []

    def get_default_scopes(
        self, application: TrustedApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return self.get_available_scopes(application, request)

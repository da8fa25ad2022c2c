"""The registry in Django admin. The toolkit registers the class by itself (see ``settings/oauth.py``)."""

from .application import TrustedApplicationAdmin

__all__ = ["TrustedApplicationAdmin"]

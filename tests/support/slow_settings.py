"""The product's settings for a server with ``slow_site``."""

from erpnet_identity.settings import *  # noqa: F403

ROOT_URLCONF = "tests.support.slow_site"

"""The one reading of the environment that all parts of the settings share."""

from erpnet_identity import bootstrap

from .env import Settings

env = Settings(describe_only=bootstrap.describe_only)

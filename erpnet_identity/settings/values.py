"""The one reading of the environment that all parts of the settings share."""

from .env import Settings

env = Settings()

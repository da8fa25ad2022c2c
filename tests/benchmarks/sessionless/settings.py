"""The product's settings, with its API served from ``urls`` beside this file."""

from erpnet_identity.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.sessionless.urls"

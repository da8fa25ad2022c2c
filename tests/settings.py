"""The real settings, with what a test run must fix: secrets, a fast hasher, no limits, no mail."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 40)
os.environ.setdefault("KEY_ENCRYPTION_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("EMAIL_URL", "memorymail://")
# A developer's own settings must not change what the tests see; CI names another database and cache.
os.environ["INSTANCE_URL"] = "http://127.0.0.1:8000"
# A file and not memory: the threads of a live server must have connections of their own.
_file = os.path.join(tempfile.gettempdir(), f"erpnet-test-{os.getpid()}.sqlite3")
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", f"sqlite:///{_file}")
os.environ["CACHE_URL"] = os.environ.get("TEST_CACHE_URL", "locmemcache://")
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"

from erpnet_identity.settings import *  # noqa: F403
from erpnet_identity.settings import CACHES, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_RPM = SESSION_CONCURRENT_REQUESTS = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": _file}
# The threads of a live server end with their request; a connection that they kept would be nobody's.
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Workers of one run and runs beside each other count apart although they share a Redis.
CACHES["default"]["KEY_PREFIX"] = f"erpnet-test-{os.getpid()}"
if CACHES["default"]["BACKEND"].endswith("RedisCache"):
    CACHES["default"]["BACKEND"] = "tests.support.cache.SharedRedisCache"

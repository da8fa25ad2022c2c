"""``check --deploy`` refuses each unsafe production setting, and only those."""

from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from django.core.checks import run_checks

from erpnet_identity.operations import checks, workers

pytestmark = pytest.mark.contract("OPS-10")

STRONG = "q7Jx0mVbT2yKc9LrWz4NhPd8sGfEuA1iXoBt5v6R-_kQ3Ye7Ua0ZpMn2Hw6SjDg"


def database(monkeypatch, vendor):
    for module in (checks, workers):
        monkeypatch.setattr(module, "connection", SimpleNamespace(vendor=vendor))


@pytest.fixture
def production(settings, monkeypatch):
    """Settings that nothing is to be said against."""
    settings.DEBUG = False
    settings.HTTPS_ONLY = True
    settings.INSTANCE_URL = "https://erp.example.com"
    settings.ALLOWED_HOSTS = ["erp.example.com"]
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    settings.SECRET_KEY = STRONG
    settings.KEY_ENCRYPTION_KEYS = [STRONG]
    settings.WORKERS = 4
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    database(monkeypatch, "postgresql")
    return settings


def found():
    return [message.id for check in checks.CHECKS for message in check(None)]


def test_nothing_to_say(production):
    assert found() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"DEBUG": True}, ["erpnet.E001"]),
        ({"HTTPS_ONLY": False}, ["erpnet.E002"]),
        ({"ALLOWED_HOSTS": ["erp.example.com", "*"]}, ["erpnet.E003"]),
        ({"TRUSTED_PROXIES": [ip_network("0.0.0.0/0")]}, ["erpnet.E004"]),
        ({"TRUSTED_PROXIES": []}, ["erpnet.E013"]),
        ({"SECRET_KEY": STRONG[:31]}, ["erpnet.E005"]),
        ({"SECRET_KEY": "changeme" * 8}, ["erpnet.E005"]),
        ({"KEY_ENCRYPTION_KEYS": [STRONG, "A" * 43 + "="]}, ["erpnet.E005"]),
        ({"CACHES": {"default": {"BACKEND": "erpnet_identity.platform.memory_cache.MemoryCache"}}}, ["erpnet.E008"]),
        (
            {"CACHES": {"default": {"BACKEND": "erpnet_identity.platform.memory_cache.MemoryCache"}}, "WORKERS": 1},
            [],
        ),
    ],
)
def test_each_unsafe_setting(production, change, expected):
    for name, value in change.items():
        setattr(production, name, value)
    assert found() == expected


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, []), (2, ["erpnet.E007"])])
def test_one_file_and_several_processes(production, monkeypatch, count, expected):
    database(monkeypatch, "sqlite")
    production.WORKERS = count
    assert found() == expected


@pytest.mark.contract("OPS-04")
def test_secrets_of_a_demo(production):
    production.ENVIRONMENT = SimpleNamespace(origin=lambda name: "var/quickstart.env", variables=())
    assert found() == ["erpnet.E006", "erpnet.E006"]


def test_no_message_shows_a_secret(production):
    production.SECRET_KEY = "hidden-secret"
    messages = [message for check in checks.CHECKS for message in check(None)]
    assert messages
    assert "hidden-secret" not in repr(messages)


@pytest.mark.django_db
def test_django_runs_them_with_deploy_only(production):
    production.DEBUG = True
    assert "erpnet.E001" in [message.id for message in run_checks(include_deployment_checks=True)]
    assert "erpnet.E001" not in [message.id for message in run_checks()]


@pytest.mark.django_db
def test_good_settings_leave_nothing_open(production, monkeypatch):
    """What Django and the OAuth toolkit would add is met, or silenced with its reason."""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # the browser tests need it
    left = [message for message in run_checks(include_deployment_checks=True) if not message.is_silenced()]
    assert [f"{message.id} {message.msg}" for message in left] == []

"""Two instances on one host, at other ports, share a browser without knowing of each other."""

import subprocess
import sys

import pytest

NAMES = (
    "import django; from django.conf import settings as s; django.setup(); "
    "from erpnet_identity.edge.language import COOKIE; "
    "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, COOKIE, s.MESSAGE_STORAGE)"
)


def names_of(instance_url, monkeypatch):
    """The names of the cookies of an instance at this address, as a process of its own has them."""
    monkeypatch.setenv("INSTANCE_URL", instance_url)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
    done = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_no_two_instances_share_a_cookie(monkeypatch):
    first, again, other, secure = (
        names_of(address, monkeypatch)
        for address in ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "http://127.0.0.1:8001", "https://e.example")
    )
    assert first == again
    assert len({*first[:3], *other[:3], *secure[:3]}) == 9
    assert all(name.startswith("erpnet-") for name in (*first[:3], *other[:3]))
    assert all(name.startswith("__Host-erpnet-") for name in secure[:3])
    # Django's other store would keep notices in a cookie whose name every instance has.
    assert first[3].endswith("SessionStorage")


@pytest.mark.django_db
def test_every_cookie_carries_the_name(client, administrator):
    from django.conf import settings

    client.force_login(administrator)
    client.get("/id/signin?other=1&language=de")
    client.post("/manage/reservations", {"login": "nobody"})
    assert len(client.cookies) >= 2
    assert all(name.startswith(settings.COOKIE_PREFIX) for name in client.cookies)

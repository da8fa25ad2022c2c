"""Two instances on one host, at other ports or below other paths, share a browser without knowing of each other."""

import subprocess
import sys

import pytest

NAMES = (
    "import django; from django.conf import settings as s; django.setup(); "
    "from erpnet_identity.edge.language import COOKIE; "
    "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, COOKIE, s.MESSAGE_STORAGE, s.SESSION_COOKIE_PATH, "
    "s.CSRF_COOKIE_PATH)"
)


def names_of(instance_url, monkeypatch):
    """The names of the cookies of an instance at this address, as a process of its own has them."""
    monkeypatch.setenv("INSTANCE_URL", instance_url)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "erpnet_identity.settings")
    done = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_no_two_instances_share_a_cookie(monkeypatch):
    local, secured = "http://127.0.0.1:8000", "https://e.example"
    first, again, other, secure, below, beside = (
        names_of(address, monkeypatch)
        for address in (local, local, "http://127.0.0.1:8001", secured, f"{secured}/demo", f"{secured}/test")
    )
    assert first == again
    assert len({*first[:3], *other[:3], *secure[:3], *below[:3], *beside[:3]}) == 15
    assert all(name.startswith("erpnet-") for name in (*first[:3], *other[:3]))
    # The prefix wants the path of the whole host (RFC 6265bis §4.1.3.2).
    for names in (secure, below, beside):
        assert all(name.startswith("__Host-erpnet-") for name in names[:3])
        assert names[4:] == ["/", "/"]
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

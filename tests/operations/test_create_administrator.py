"""The first administrator of a new instance, from an empty database to the administration."""

import re
import unicodedata
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory
from tests.support.relying_party import form_of
from tests.support.server import ROOT

pytestmark = pytest.mark.django_db
PASSWORD = "three plain words"


def create(*arguments):
    """What the command prints, and the path of the link in it."""
    output = StringIO()
    call_command("create_administrator", *arguments, stdout=output)
    (link,) = re.findall(r"^  (http://127\.0\.0\.1:8000/\S+)$", output.getvalue(), re.M)
    return output.getvalue(), urlsplit(link).path


def choose(client, path, password=PASSWORD):
    page = client.get(path)
    action, fields = form_of(page, id="reset-key")
    return client.post(action or path, {**fields, "password1": password, "password2": password}, follow=True)


def applied(*arguments):
    output = StringIO()
    call_command("instance", "apply", str(ROOT / "docs" / "instance.yaml"), *arguments, stdout=output)
    return output.getvalue().splitlines()


def test_from_nothing_to_the_administration(client):
    assert "application acme/shop: created" in applied()
    output, path = create("admin", "--name", "Ada Minister")
    assert "once, within 60 minutes" in output
    assert choose(client, path).status_code == 200
    assert client.login(username="admin", password=PASSWORD)
    assert client.get("/admin/").status_code == 200
    user = User.objects.get(login="admin")
    assert (user.name, user.is_admin, user.user_type) == ("Ada Minister", True, UserType.INTERNAL)
    assert user.is_staff


@pytest.mark.parametrize("login", ["e\u0301lodie", "\uf900"])
def test_the_login_is_stored_as_every_login_is(login):
    """Each letter as one character, whichever way the account comes: an export is the same after `apply`."""
    create(login)
    assert User.objects.get().login == unicodedata.normalize("NFC", login)


@pytest.mark.contract("MF-04")
def test_the_sample_applies_as_it_is_and_changes_nothing_the_second_time():
    applied()
    assert all(line.endswith(": unchanged") for line in applied()), applied()


def test_the_link_works_once(client):
    _, path = create("admin")
    choose(client, path)
    assert b'id="reset-key"' not in client.get(path).content
    choose_again = client.post(path, {"password1": "another three words", "password2": "another three words"})
    assert choose_again.status_code in (200, 403)
    assert User.objects.get(login="admin").check_password(PASSWORD)


def test_a_way_back_in(client):
    UserFactory(login="admin", admin=True, password="forgotten for ever")
    _, path = create("ADMIN")
    choose(client, path)
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert AuditEvent.objects.filter(name="user.password_reset_requested", actor_kind="system").count() == 1


def test_the_trace():
    _, path = create("admin")
    names = list(AuditEvent.objects.order_by("pk").values_list("name", "actor_kind"))
    assert names == [("user.created", "system"), ("user.password_reset_requested", "system")]
    key = path.rpartition("/")[2]
    assert not any(key in str(event.detail) for event in AuditEvent.objects.all())


@pytest.mark.parametrize(
    ("traits", "sentence"),
    [
        ({}, "maria is an account already, and no administrator"),
        ({"admin": True, "is_active": False}, "maria is an account already, and no administrator"),
    ],
)
def test_an_account_of_somebody_else_is_left_alone(traits, sentence):
    user = UserFactory(login="maria", **traits)
    with pytest.raises(CommandError, match=f"Nothing was changed. {sentence}"):
        call_command("create_administrator", "Maria")
    assert User.objects.get().password == user.password
    assert not AuditEvent.objects.filter(actor_kind="system").exists()


@pytest.mark.parametrize("login", ["two words", "", "x" * 65])
def test_a_login_that_is_none(login):
    with pytest.raises(CommandError, match=r"Nothing was changed\. "):
        call_command("create_administrator", login)
    assert not User.objects.exists()

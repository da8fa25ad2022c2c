"""What a token names as its ``sub`` is a person or an application, never both (TK-26, RFC 9700 §4.15)."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from erpnet_identity import manifest
from erpnet_identity.audit.context import Actor
from erpnet_identity.users import services as users
from erpnet_identity.users.models import User
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.processes import paused
from tests.trusted_apps.pages import page_of, text_of
from trusted_apps import services
from trusted_apps.models import TrustedApplication
from trusted_apps.rules import CLIENT_ID_IS_LOGIN
from trusted_apps.subjects import LOGIN_IS_CLIENT_ID

pytestmark = pytest.mark.contract("TK-26", "OP-232")

LIST = "/admin/users/user/"
FORM = {"name": "Sync", "email": "", "user_type": "0", "locale": "en", "is_active": "on"}
ACTOR = Actor("user", "", "tests")
SAME = ["sync.example.com", "SYNC.example.com"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", SAME)
class TestAnAccount:
    @pytest.fixture(autouse=True)
    def application(self, db):
        return TrustedApplicationFactory(client_id="sync.example.com")

    def test_a_new_one(self, name, admin_client):
        response = admin_client.post(f"{LIST}add/", {**FORM, "login": name})
        assert response.context["adminform"].form.errors == {"login": [LOGIN_IS_CLIENT_ID]}
        assert User.objects.count() == 1

    def test_a_new_name_of_one(self, name, admin_client):
        other = UserFactory(login="other")
        response = admin_client.post(f"{LIST}{other.pk}/change/", {**FORM, "login": name})
        assert response.context["adminform"].form.errors == {"login": [LOGIN_IS_CLIENT_ID]}
        assert User.objects.get(pk=other.pk).login == "other"

    def test_by_a_command(self, name):
        with pytest.raises(CommandError, match=LOGIN_IS_CLIENT_ID):
            call_command("create_administrator", name)

    def test_by_a_manifest(self, name):
        text = f"users:\n  - login: new\n  - login: {name}\n    name: Somebody\n".encode()
        for run in (manifest.preview, manifest.apply):
            with pytest.raises(manifest.ManifestError) as refused:
                run(text, environment={})
            assert [str(each) for each in refused.value.problems] == [f"users[1].login (line 3): {LOGIN_IS_CLIENT_ID}"]
        assert not User.objects.filter(login="new").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("is_former", [False, True])
class TestAnApplication:
    @pytest.fixture(autouse=True)
    def account(self, db, is_former):
        user = UserFactory(login="sync.example.com")
        if is_former:
            user.login = "renamed"
            users.save_user(user, actor=ACTOR)
        return user

    def test_a_new_one(self, name, register):
        assert register(client_id=name) == {"client_id": [CLIENT_ID_IS_LOGIN]}
        assert not TrustedApplication.objects.exists()

    def test_a_new_name_of_one(self, name, change):
        application = TrustedApplicationFactory(client_id="other")
        assert change(application, client_id=name) == {"client_id": [CLIENT_ID_IS_LOGIN]}

    def test_by_a_manifest(self, name):
        text = (
            f"applications:\n  - {{application_uri: new, name: N}}\n  - {{application_uri: {name}, name: S}}\n".encode()
        )
        for run in (manifest.preview, manifest.apply):
            with pytest.raises(manifest.ManifestError) as refused:
                run(text, environment={})
            (problem,) = refused.value.problems
            assert str(problem) == f"applications[1].application_uri (line 3): {CLIENT_ID_IS_LOGIN}"
        assert not TrustedApplication.objects.exists()


@pytest.mark.django_db
def test_both_in_one_manifest():
    text = b"users: [{login: sync}]\napplications: [{application_uri: Sync, name: S}]\n"
    with pytest.raises(manifest.ManifestError) as refused:
        manifest.preview(text, environment={})
    (problem,) = refused.value.problems
    assert str(problem) == f"applications[0].application_uri (line 2): {CLIENT_ID_IS_LOGIN}"


@pytest.mark.django_db
class TestBothWereThereBeforeTheRule:
    @pytest.fixture
    def application(self):
        UserFactory(login="sync")
        return TrustedApplicationFactory(client_id="sync", service=True)

    def test_they_can_still_be_changed(self, application, change, admin_client, service_token):
        assert change(application, name="Other", allows_service=True).name == "Other"
        user = User.objects.get(login="sync")
        assert admin_client.post(f"{LIST}{user.pk}/change/", {**FORM, "login": "sync"}).status_code == 302
        text = b"users: [{login: sync, name: X}]\napplications: [{application_uri: sync, name: Y}]\n"
        manifest.apply(text, environment={})
        assert service_token(application)

    def test_the_registry_says_so(self, application, admin_client):
        assert "The client id is also a login" in text_of(admin_client.get(page_of(application)))
        other = TrustedApplicationFactory(service=True)
        assert "The client id is also a login" not in text_of(admin_client.get(page_of(other)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
@pytest.mark.parametrize("first", ["account", "application"])
@pytest.mark.parametrize("way", ["new", "renamed"])
def test_at_the_same_moment(first, way, monkeypatch):
    """Neither is committed when the other looks: the second one waits, and is refused."""
    is_new = way == "new"
    user = User(login="sync", name="Sync") if is_new else UserFactory(login="other")
    application = TrustedApplication(client_id="sync", name="S") if is_new else TrustedApplicationFactory(name="S")
    user.login = application.client_id = "sync"
    errors = []

    def run(save, row):
        try:
            save(row, actor=ACTOR)
        except ValidationError as error:
            errors.append({name: [each.code for each in found] for name, found in error.error_dict.items()})
        finally:
            connection.close()

    calls = [(users.save_user, user), (services.save_application, application)]
    module = users
    if first == "application":
        calls.reverse()
        module = services
    threads = [threading.Thread(target=run, args=call) for call in calls]
    with paused(monkeypatch, module, "record") as reached:
        threads[0].start()
        assert reached.wait(20)
        threads[1].start()
        threads[1].join(1)
        assert threads[1].is_alive()
    for thread in threads:
        thread.join(20)
    assert errors == [
        {"client_id": ["client_id_is_login"]} if first == "account" else {"login": ["login_is_client_id"]}
    ]
    assert User.objects.filter(login="sync").exists() is (first == "account")
    assert TrustedApplication.objects.filter(client_id="sync").exists() is (first == "application")

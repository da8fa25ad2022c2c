"""A login never names another person later (OP-112): not in the admin, not by a manifest, not by two at once."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from erpnet_identity import manifest
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.logins import LOGIN_FORMER
from erpnet_identity.users.models import FormerLogin, User
from erpnet_identity.users.services import save_user
from tests.factories.users import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.contract("OP-112")]

LIST = "/admin/users/user/"
FORM = {"name": "Maria", "email": "", "user_type": "0", "locale": "en", "is_active": "on"}
ACTOR = Actor("user", "", "tests")


def renamed(user, login):
    user.login = login
    save_user(user, actor=ACTOR)
    return user


@pytest.fixture
def maria():
    """An account that was called petrova before."""
    return renamed(UserFactory(login="Petrova"), "ivanova")


def test_the_login_that_is_given_up_is_kept(maria):
    former = FormerLogin.objects.get()
    assert (former.login, former.user) == ("Petrova", maria)
    assert former.when is not None


@pytest.mark.parametrize("login", ["Petrova", "petrova", "PETROVA"])
def test_a_new_account_cannot_have_it(admin_client, maria, login):
    response = admin_client.post(f"{LIST}add/", {**FORM, "login": login})
    errors = response.context["adminform"].form.errors.as_data()
    assert {name: [error.code for error in found] for name, found in errors.items()} == {"login": ["login_former"]}
    assert User.objects.count() == 2


def test_another_account_cannot_take_it(admin_client, maria):
    other = UserFactory(login="other")
    response = admin_client.post(f"{LIST}{other.pk}/change/", {**FORM, "login": "petrova"})
    assert list(response.context["adminform"].form.errors) == ["login"]
    other.refresh_from_db()
    assert other.login == "other"


def test_its_own_account_may_take_it_back_and_keeps_both(admin_client, maria):
    assert admin_client.post(f"{LIST}{maria.pk}/change/", {**FORM, "login": "petrova"}).status_code == 302
    maria.refresh_from_db()
    assert maria.login == "petrova"
    renamed(maria, "third")
    assert sorted(FormerLogin.objects.values_list("login", flat=True)) == ["Petrova", "ivanova"]
    page = admin_client.get(f"{LIST}{maria.pk}/change/").content.decode()
    assert "ivanova, Petrova" in page
    for login in ("petrova", "Ivanova"):
        assert "login" in admin_client.post(f"{LIST}add/", {**FORM, "login": login}).context["adminform"].form.errors


def test_a_change_of_letter_case_is_no_other_login(maria):
    assert renamed(renamed(maria, "Ivanova"), "ivanova").login == "ivanova"


def test_a_command_cannot_give_it_away(maria):
    with pytest.raises(CommandError, match=LOGIN_FORMER):
        call_command("create_administrator", "PETROVA")


class TestManifest:
    def test_it_is_refused_at_its_line_and_nothing_is_written(self, maria):
        text = b"users:\n  - login: new\n  - login: petrova\n    name: Somebody\n"
        for run in (manifest.preview, manifest.apply):
            with pytest.raises(manifest.ManifestError) as refused:
                run(text, environment={})
            assert [str(problem) for problem in refused.value.problems] == [f"users[1].login (line 3): {LOGIN_FORMER}"]
        assert not User.objects.filter(login="new").exists()

    def test_the_account_itself_is_not_disturbed(self, maria):
        assert manifest.apply(b"users: [{login: IVANOVA, name: Maria}]", environment={}) == [
            "user IVANOVA: updated login, name"
        ]

    @pytest.mark.contract("MF-10")
    def test_many_accounts_take_no_more_questions_than_few(self, django_assert_num_queries):
        def plan(number):
            text = "users:\n" + "".join(f"  - login: user{index}\n" for index in range(number))
            return text.encode()

        with django_assert_num_queries(3):  # the accounts, the former logins, the client ids
            manifest.preview(plan(2), environment={})
        with django_assert_num_queries(3):
            manifest.preview(plan(300), environment={})


@pytest.mark.django_db(transaction=True)
def test_a_login_that_is_given_up_at_the_same_moment(postgresql):
    """The new account's first look sees nothing yet and its write waits for the rename; the second look sees it."""
    user = UserFactory(login="maria")
    results = []

    def register():
        try:
            save_user(User(login="Maria", name="Somebody"), actor=ACTOR)
            results.append("created")
        except ValidationError as error:
            results.append([found.code for found in error.error_dict["login"]])
        finally:
            connection.close()

    thread = threading.Thread(target=register)
    # The constraint's own check would see the old login; it is not what this is about.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(User, "validate_constraints", lambda *args, **kwargs: None)
        with transaction.atomic():
            renamed(user, "petrova")
            thread.start()
            wait_until_somebody_waits()
        thread.join()
    assert results == [["login_former"]]
    assert list(User.objects.values_list("login", flat=True)) == ["petrova"]
    assert AuditEvent.objects.filter(name="user.created").count() == 0


def wait_until_somebody_waits():
    """Until a statement of another connection waits for a lock of ours."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    with connections["default"].cursor() as cursor:
        for _ in range(500):
            cursor.execute(f"SELECT pg_sleep(0.01), ({waiting})")
            if cursor.fetchone()[1]:
                return
    pytest.fail("nobody waited")

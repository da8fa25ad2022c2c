"""One login, e-mail address, name or password however it is spelt, on every database; and no second one that looks the
same."""

import time
import unicodedata

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given
from hypothesis import strategies as st

from erpnet_identity import manifest
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.platform.spelling import LONGEST, fold, look, password_forms
from erpnet_identity.users.forms import MAX_PASSWORD
from erpnet_identity.users.models import FormerLogin, User
from erpnet_identity.users.services import save_user
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/users/user/"
PASSWORD = "Студён и ясен ден, é"
FORM = {"name": "New", "email": "", "user_type": "0", "locale": "en", "is_active": "on"}
ACTOR = Actor("user", "", "tests")
NFC, NFD = "NFC", "NFD"


def spelt(form, text):
    return unicodedata.normalize(form, text)


def codes(response):
    errors = response.context["adminform"].form.errors.as_data()
    return {name: [error.code for error in found] for name, found in errors.items()}


@given(st.text())
def test_folding_twice_changes_nothing_and_no_form_differs(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert bool(folded) == bool(text)
    visible = any(fold(character) != character or character.isalnum() for character in text)
    for form in ("NFC", "NFD"):
        assert fold(spelt(form, text)) == folded or not visible


@pytest.mark.parametrize("hostile", ["\u0315\u0300" * 10_000, "a" + "\u0300\u0315" * 10_000, "\ufdfa" * 100_000])
@pytest.mark.parametrize("read", [fold, look, password_forms])
def test_no_text_takes_long(read, hostile):
    """Whoever types a letter with thousands of accents holds up nobody: to put them in order takes a time that grows by
    the square of their number."""
    began = time.thread_time()
    read(hostile)
    assert time.thread_time() - began < 0.5


def test_a_text_of_the_longest_that_is_read_takes_little():
    for pair in ("\u0315\u0300", "\u0300\u0315", "\ufdfa\ufdfa"):
        began = time.thread_time()
        fold(pair * (LONGEST // 2))
        assert time.thread_time() - began < 0.5
    assert LONGEST >= MAX_PASSWORD


@pytest.mark.contract("ID-63")
@pytest.mark.parametrize(
    ("login", "typed"),
    [
        ("jürgen", "JÜRGEN"), ("jürgen", spelt(NFD, "Jürgen")), (spelt(NFD, "jürgen"), "jürgen"), ("Елена", "еЛЕНА"),
        ("weiß", "WEISS"), ("σοφίας", "ΣΟΦΊΑΣ"), ("alice", "ａｌｉｃｅ"), ("alice", "ali\u200bce"), ("Maria", "mARIA"),
    ],
)  # fmt: skip
def test_any_spelling_of_a_login_signs_in(login, typed, client):
    user = UserFactory(login=login, password=PASSWORD)
    assert authenticate(username=typed, password=PASSWORD) == user
    assert client.post("/id/signin", {"login": typed, "password": PASSWORD}).status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    user.refresh_from_db()
    assert user.login == login, "what tokens name as sub stays (OP-112)"


@pytest.mark.contract("ID-63")
def test_any_spelling_of_an_address_signs_in_and_gets_the_reset_mail(client):
    user = UserFactory(login="j", email="jürgen@müller.example".replace("jü", "ju"), password=PASSWORD)
    for typed in ("JURGEN@MÜLLER.EXAMPLE", spelt(NFD, "jurgen@müller.example")):
        assert authenticate(username=typed, password=PASSWORD) == user
        client.post("/id/password/reset", {"email": typed.lower()})
    asked = AuditEvent.objects.filter(name="user.password_reset_requested", outcome="success")
    assert set(asked.values_list("user_login", flat=True)) == {"j"}


def test_nothing_that_shows_is_nobody(client):
    UserFactory(login="a", email="", password=PASSWORD)
    for typed in ("\u200b", "\u2060\ufe0f", "\u2800"):
        assert authenticate(username=typed, password=PASSWORD) is None
    assert set(AuditEvent.objects.values_list("cause", flat=True)) == {"unknown_user"}


class TestPasswords:
    @pytest.mark.parametrize("stored", [NFC, NFD, "NFKC", "NFKD"])
    @pytest.mark.parametrize("typed", [NFC, NFD, "NFKC", "NFKD"])
    def test_any_composition_is_the_password(self, stored, typed):
        user = UserFactory(login="maria", password=spelt(stored, PASSWORD))
        assert authenticate(username="maria", password=spelt(typed, PASSWORD)) == user
        assert check_password(spelt("NFKC", PASSWORD), user.password)

    def test_letter_case_counts(self):
        UserFactory(login="maria", password=PASSWORD)
        assert authenticate(username="maria", password=PASSWORD.upper()) is None

    @pytest.mark.contract("ID-194")
    def test_a_hash_of_the_form_that_was_typed_is_replaced(self):
        old = make_password(spelt(NFD, PASSWORD))
        UserFactory(login="maria")
        User.objects.update(password=old)
        assert authenticate(username="maria", password=spelt(NFC, PASSWORD) + "x") is None
        assert authenticate(username="maria", password=spelt(NFD, PASSWORD))
        stored = User.objects.get().password
        assert stored != old
        assert check_password(spelt("NFKC", PASSWORD), stored)
        assert authenticate(username="maria", password=spelt(NFC, PASSWORD))
        assert User.objects.get().password == stored

    def test_the_login_in_it_is_found_however_it_is_spelt(self, settings, admin_client):
        settings.STRONG_PASSWORDS = True
        for password in ("xxÉLODIE-9-xx", spelt(NFD, "xxélodie-A9-xx")):
            sent = {**FORM, "login": "élodie", "password1": password, "password2": password}
            response = admin_client.post(f"{LIST}add/", sent)
            assert "password_contains_login" in codes(response)["password1"]


class TestSecondAccount:
    @pytest.mark.contract("ID-63")
    @pytest.mark.parametrize(
        ("login", "second"),
        [
            ("jürgen", "JÜRGEN"), ("jürgen", spelt(NFD, "jürgen")), ("Елена", "елена"), ("weiß", "weiss"),
            ("сара", "capa"), ("capa", "сара"), ("оса@example.com", "oca@example.com"), ("АСЕ", "ace"),
            ("νικο", "vıko"),
        ],
    )  # fmt: skip
    def test_it_is_refused_at_the_login(self, login, second, admin_client):
        UserFactory(login=login)
        assert codes(admin_client.post(f"{LIST}add/", {**FORM, "login": second})) == {"login": ["unique"]}
        with pytest.raises(ValidationError):
            save_user(User(login=second, name="x"), actor=ACTOR)
        other = UserFactory(login="other")
        response = admin_client.post(f"{LIST}{other.pk}/change/", {**FORM, "login": second})
        assert codes(response) == {"login": ["unique"]}

    @pytest.mark.contract("OP-112")
    @pytest.mark.parametrize("second", ["ЕЛЕНА", "capa"])
    def test_a_former_login_rules_too(self, second, admin_client):
        for former in ("Елена", "сара"):
            user = UserFactory(login=former)
            user.login = f"{len(former)}-now"
            save_user(user, actor=ACTOR)
        assert codes(admin_client.post(f"{LIST}add/", {**FORM, "login": second})) == {"login": ["login_former"]}
        with pytest.raises(manifest.ManifestError, match="once belonged"):
            manifest.preview(f"users: [{{login: {second}}}]".encode(), environment={})

    @pytest.mark.contract("MF-04")
    def test_a_manifest_means_the_account_that_is_there(self):
        UserFactory(login="Елена", name="Елена")
        for typed in ("Елена", spelt(NFD, "Елена")):
            assert manifest.preview(f"users: [{{login: {typed}}}]".encode(), environment={})[1] is False
        lines, _ = manifest.preview("users: [{login: елена}]".encode(), environment={})
        assert lines == ["user елена: updated login"]
        with pytest.raises(manifest.ManifestError, match="stands already"):
            manifest.preview("users: [{login: ä}, {login: Ä}]".encode(), environment={})

    @pytest.mark.contract("MF-06")
    @pytest.mark.parametrize("text", ["users: [{login: capa}]", "users: [{login: оса}, {login: oca}]"])
    def test_a_manifest_says_what_looks_the_same(self, text):
        UserFactory(login="сара")
        for run in (manifest.preview, manifest.apply):
            with pytest.raises(manifest.ManifestError, match="looks the same"):
                run(text.encode(), environment={})


@pytest.mark.parametrize(
    ("login", "taken"),
    [
        ("аlice", False), ("раypal", False), ("ivan.петров", False), ("alice\u200b", False), ("ali\u00adce", False),
        ("\u202eecila", False), ("ﬁsh", False), ("ａlice", False), ("ali\ufe0fce", False), ("a\u3164b", False),
        ("a\u0378", False), ("x١٢", False), ("петров", True), ("петров@example.com", True), ("müller-ß", True),
        (spelt(NFD, "élodie"), True), ("山田taro", True), ("ひろしヒ田", True), ("김minsu", True), ("نور", True),
        ("o'neil_1+x", True), ("αθηνά", True),
    ],
)  # fmt: skip
def test_what_a_new_login_may_be(login, taken, admin_client):
    response = admin_client.post(f"{LIST}add/", {**FORM, "login": login})
    if taken:
        assert response.status_code == 302, codes(response)
        assert User.objects.filter(login=spelt(NFC, login)).exists()
    else:
        assert codes(response) == {"login": ["login_spelling"]}
        with pytest.raises(manifest.ManifestError, match="login"):
            manifest.apply(f'users: [{{login: "{login}"}}]'.encode(), environment={})


def test_what_was_there_before_the_rule_can_be_changed(admin_client):
    user = UserFactory(login="аlice\u200b", name="A\u200bB")
    sent = {**FORM, "login": user.login, "name": user.name, "email": "a@example.com"}
    assert admin_client.post(f"{LIST}{user.pk}/change/", sent).status_code == 302
    user.refresh_from_db()
    assert user.email == "a@example.com"


class TestSearch:
    @pytest.fixture(autouse=True)
    def _people(self):
        for login, name, email in (
            ("m.petrova", "Мария Петрова", "maria@example.com"),
            ("петров", "Иван", "ivan@exämple.com"),
            ("other", spelt(NFD, "Jürgen"), ""),
        ):
            UserFactory(login=login, name=name, email=email)

    @pytest.mark.parametrize(
        ("typed", "logins"),
        [
            ("петрова", ["m.petrova"]), ("ПЕТРОВ", ["m.petrova", "петров"]), ("JÜR", ["other"]),
            ("EXÄMPLE", ["петров"]), ("петрова мария", ["m.petrova"]), ("nobody", []),
        ],
    )  # fmt: skip
    def test_accounts(self, typed, logins, admin_client):
        page = admin_client.get(LIST, {"q": typed})
        assert sorted(user.login for user in page.context["cl"].result_list) == sorted(logins)

    def test_accounts_for_a_service_and_for_a_seat(self, admin_client):
        for address in ("/admin/trusted_apps/trustedapplication/system-users/", "/manage/reservations/suggestions"):
            found = admin_client.get(address, {"term": "ПЕТРОВ"})
            assert [row["login"] for row in found.json()["results"]] == ["m.petrova", "петров"], address

    def test_applications(self, admin_client):
        application = TrustedApplicationFactory(web=True, name="Склад Жълтуша", owner="Фирма")
        for typed in ("жълтуша", "ФИРМА склад"):
            page = admin_client.get("/admin/trusted_apps/trustedapplication/", {"q": typed})
            assert [row.pk for row in page.context["cl"].result_list] == [application.pk]

    def test_the_trail_by_any_spelling_and_by_a_former_login(self, admin_client):
        user = User.objects.get(login="петров")
        user.login = "Петрофф"
        save_user(user, actor=ACTOR)
        for typed in ("ПЕТРОВ", "петрофф"):
            page = admin_client.get("/admin/audit/auditevent/", {"q": typed})
            assert [event.name for event in page.context["cl"].result_list] == ["user.updated"], typed


def test_a_change_of_many_rows_changes_what_follows():
    user = UserFactory(login="a")
    User.objects.filter(pk=user.pk).update(name="ЖЪЛТ", login="B")
    user.refresh_from_db()
    assert (user.folded_name, user.folded_login, user.look) == ("жълт", "b", "b")


@pytest.mark.django_db(transaction=True)
class TestMigration:
    """What version 0.3 stored is folded; two accounts that would become one stop it."""

    BEFORE = [("users", "0002_refresh_tokens_and_former_logins")]
    AFTER = [("users", "0003_folded_names")]

    @pytest.fixture(autouse=True)
    def _back(self):
        MigrationExecutor(connection).migrate(self.BEFORE)
        yield
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    def stored(self, *logins):
        model = MigrationExecutor(connection).loader.project_state(self.BEFORE).apps.get_model("users", "User")
        return [model.objects.create(login=login, name="ЖЪЛТ", email="A@Example.com") for login in logins]

    def test_rows_are_folded(self):
        self.stored("Jürgen", "сара", "capa")
        MigrationExecutor(connection).migrate(self.AFTER)
        rows = User.objects.order_by("created").values_list(
            "login", "folded_login", "folded_name", "folded_email", "look"
        )
        assert list(rows) == [
            ("Jürgen", "jürgen", "жълт", "a@example.com", "jürgen"),
            ("сара", "сара", "жълт", "a@example.com", look("сара")),
            ("capa", "capa", "жълт", "a@example.com", None),
        ]

    def test_two_that_become_one_are_named_and_nothing_changes(self):
        users = self.stored("jürgen", spelt(NFD, "jürgen"))
        with pytest.raises(CommandError, match=r"j\\xfcrgen and ju\\u0308rgen"):
            MigrationExecutor(connection).migrate(self.AFTER)
        users[1].delete()
        MigrationExecutor(connection).migrate(self.AFTER)
        assert User.objects.get().folded_login == "jürgen"


def test_nobody_writes_the_columns_that_follow():
    user = UserFactory(login="Жана", name="Жана")
    former = FormerLogin.objects.create(login="Жанна", user=user)
    assert (user.folded_login, former.folded_login, former.look) == ("жана", "жанна", look("Жанна"))

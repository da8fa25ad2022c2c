"""Accounts with a reserved seat."""

import re

import pytest

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import License, ReservedSeat
from erpnet_identity.manage.views import reservations
from tests.factories.users import UserFactory
from tests.manage.test_home import text_of
from tests.manage.test_licenses import element
from tests.manage.test_sessions import message
from tests.support.live import live_session

pytestmark = pytest.mark.django_db
PAGE = "/manage/reservations"
SUGGESTIONS = f"{PAGE}/suggestions"


def seat(**account):
    return ReservedSeat.objects.create(user=UserFactory(**account)).user


def holders():
    return set(ReservedSeat.objects.values_list("user__login", flat=True))


def rows(response):
    page = response.content.decode()
    found = re.findall(r'<tr role="row" id="seat-[0-9a-f-]+">(.*?)</tr>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def changes():
    (event,) = AuditEvent.objects.filter(name="instance.updated")
    return event.actor_name, event.detail["changes"]


class TestList:
    @pytest.mark.contract("IS-89", "SE-65", "SE-71")
    def test_who_and_how(self, admin_client):
        live_session(seat(login="anna", name="Anna"))
        seat(login="boris", name="Boris", is_active=False)
        live_session(seat(login="carla", name="Carla"), idle=20)
        seat(login="svc", name="Sync", system=True)
        assert rows(admin_client.get(PAGE)) == [
            "Anna anna InternalUser Active Connected Remove the reserved seat of Anna",
            "Boris boris InternalUser Inactive: holds nothing back Offline Remove the reserved seat of Boris",
            "Carla carla InternalUser Active Offline Remove the reserved seat of Carla",
            "Sync svc SystemUserNoLogin Active Offline Remove the reserved seat of Sync",
        ]

    def test_nobody(self, admin_client):
        assert "No seat is reserved." in text_of(admin_client.get(PAGE))

    def test_a_page_at_a_time(self, admin_client, monkeypatch):
        monkeypatch.setattr(reservations, "ON_A_PAGE", 2)
        for _ in range(3):
            seat()
        first = admin_client.get(PAGE)
        assert len(rows(first)) == 2
        assert 'href="?page=2"' in first.content.decode()
        assert len(rows(admin_client.get(PAGE, {"page": 2}))) == 1

    def test_its_questions_do_not_grow_with_it(self, admin_client, django_assert_num_queries):
        admin_client.get(PAGE)
        for _ in range(30):
            live_session(seat())
        # Django's session, the account, the identity session; how many, the rows; the pool.
        with django_assert_num_queries(8):
            assert len(rows(admin_client.get(PAGE))) == 30


class TestAdd:
    @pytest.mark.contract("IS-89", "IS-95", "SE-65")
    @pytest.mark.parametrize("typed", ["maria", "MARIA", " maria "])
    def test_a_person(self, admin_client, administrator, typed):
        UserFactory(login="maria", name="Maria")
        response = admin_client.post(PAGE, {"login": typed})
        assert (response.status_code, response.headers["Location"]) == (303, PAGE)
        assert message(admin_client.get(PAGE)) == "A seat is kept for Maria now."
        assert holders() == {"maria"}
        assert changes() == (administrator.login, {"reserved_seats": {"old": [], "new": ["maria"]}})

    @pytest.mark.contract("SE-65")
    def test_an_account_that_services_run_as(self, admin_client, system_user):
        admin_client.post(PAGE, {"login": system_user.login})
        assert holders() == {system_user.login}

    @pytest.mark.contract("SE-71")
    def test_an_inactive_account_is_told_of(self, admin_client):
        UserFactory(login="maria", name="Maria", is_active=False)
        admin_client.post(PAGE, {"login": "maria"})
        assert "no slot is held back" in message(admin_client.get(PAGE))

    @pytest.mark.contract("SE-71")
    def test_more_than_there_are_licenses(self, admin_client):
        License.objects.create(slots=1)
        seat(login="anna")
        UserFactory(login="maria")
        response = admin_client.post(PAGE, {"login": "maria"})
        assert response.status_code == 200
        assert element(response, "id_login_error").strip() == "2 seats cannot be kept: there is 1 concurrent license."
        page = response.content.decode()
        assert 'value="maria"' in page, "what was typed is lost"
        assert 'aria-invalid="true"' in page
        assert holders() == {"anna"}
        assert not AuditEvent.objects.filter(name="instance.updated").exists()

    @pytest.mark.contract("SE-16")
    def test_an_account_that_never_uses_a_license(self, admin_client, community_user):
        response = admin_client.post(PAGE, {"login": community_user.login})
        assert "ExternalCommunityUser" in element(response, "id_login_error")
        assert holders() == set()

    @pytest.mark.parametrize(
        ("typed", "says"),
        [("nobody", "no account with the login nobody"), ("anna", "already"), ("", "required"), ("a\x00", "Null")],
    )
    def test_refused(self, admin_client, typed, says):
        seat(login="anna")
        response = admin_client.post(PAGE, {"login": typed})
        assert response.status_code == 200
        assert says in element(response, "id_login_error")
        assert holders() == {"anna"}


class TestRemove:
    @pytest.mark.contract("IS-89", "IS-95", "SE-65")
    def test_removed(self, admin_client, administrator):
        seat(login="anna")
        leaving = seat(login="boris", name="Boris")
        assert f'name="remove" value="{leaving.pk}"' in admin_client.get(PAGE).content.decode()
        response = admin_client.post(PAGE, {"remove": str(leaving.pk)})
        assert (response.status_code, response.headers["Location"]) == (303, PAGE)
        assert message(admin_client.get(PAGE)) == "No seat is kept for Boris any more."
        assert holders() == {"anna"}
        change = {"reserved_seats": {"old": ["anna", "boris"], "new": ["anna"]}}
        assert changes() == (administrator.login, change)

    @pytest.mark.parametrize("key", ["", "x", "0f8fad5b-d9cb-469f-a165-70867728950e"])
    def test_somebody_was_quicker(self, admin_client, key):
        seat(login="anna")
        assert admin_client.post(PAGE, {"remove": key}).status_code == 303
        assert "had no reserved seat" in message(admin_client.get(PAGE))
        assert holders() == {"anna"}


class TestSuggestions:
    @pytest.mark.contract("IS-89")
    def test_who_could_get_one(self, admin_client, community_user, administrator):
        seat(login="has-one")
        UserFactory(login="gone", is_active=False)
        UserFactory(login="maria", name="Maria P.")
        UserFactory(login="svc", name="Sync", system=True)
        found = admin_client.get(SUGGESTIONS).json()["results"]
        assert [one["login"] for one in found] == sorted(["maria", "svc", administrator.login])
        for term in ("ARI", "a P."):
            found = admin_client.get(SUGGESTIONS, {"term": term}).json()["results"]
            assert found == [{"login": "maria", "name": "Maria P."}]

    def test_a_few(self, admin_client, django_assert_num_queries):
        for _ in range(20):
            UserFactory()
        with django_assert_num_queries(4):
            found = admin_client.get(SUGGESTIONS, {"term": "user"}).json()["results"]
        assert len(found) == reservations.SUGGESTED

    def test_whatever_is_typed(self, admin_client):
        assert admin_client.get(SUGGESTIONS, {"term": "\x00%"}).json() == {"results": []}

"""A compiled query answers exactly as the query that it was made from."""

from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from erpnet_identity.audit import events
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.services import prepare
from erpnet_identity.platform.compiled import CompiledInsert, CompiledQuery
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

FIELDS = ("id", "login", "is_active", "created", "lockout_end")


def test_same_rows_and_types_as_the_orm(django_assert_num_queries):
    users = [UserFactory(login=login) for login in ("a", "b")]
    query = CompiledQuery(1, lambda login: User.objects.filter(login=login, is_active=True).values_list(*FIELDS))
    for _ in range(2):
        for user in users:
            with django_assert_num_queries(1):
                rows = query.rows(user.login)
            assert rows == list(User.objects.filter(pk=user.pk).values_list(*FIELDS))
    assert query.rows("nobody") == []
    User.objects.update(is_active=False)
    assert query.rows("a") == []


def test_values_are_bound_and_never_part_of_the_text():
    UserFactory(login="a")
    query = CompiledQuery(1, lambda login: User.objects.filter(login=login).values_list("login"))
    assert query.rows("x' OR '1'='1") == []


@pytest.mark.parametrize(("limit", "offset"), [(None, 0), (2, 0), (2, 1), (2, 3), (0, 0), (None, 1)])
def test_a_window_of_the_rows(limit, offset):
    for login in "abcd":
        UserFactory(login=login)
    query = CompiledQuery(1, lambda login: User.objects.filter(login__gt=login).order_by("login").values_list("login"))
    expected = [("b",), ("c",), ("d",)][offset:]
    assert query.rows("a", limit=limit, offset=offset) == (expected if limit is None else expected[:limit])


def test_keys_are_bound_as_the_database_keeps_them():
    keys = sorted(UserFactory().pk for _ in range(3))
    rows = User.objects.order_by("pk").values_list("pk", "login")
    after = CompiledQuery(1, lambda key: rows.filter(pk__gt=key), of=UUID)
    between = CompiledQuery(2, lambda low, high: rows.filter(pk__gt=low, pk__lt=high), of=UUID)
    for key in keys:
        assert after.rows(key) == list(rows.filter(pk__gt=key))
    assert [key for key, _ in between.rows(keys[0], keys[2])] == [keys[1]]


def test_a_placeholder_that_does_not_reach_the_sql_is_a_mistake():
    query = CompiledQuery(2, lambda one, two: User.objects.filter(login=one).values_list("login"))
    with pytest.raises(TypeError, match="placeholder"):
        query.rows("a", "b")


class TestInsert:
    @pytest.fixture
    def insert(self):
        return CompiledInsert(User, AuditEvent)

    def test_rows_are_stored_as_save_stores_them(self, insert):
        user = UserFactory.build(login="a")
        event = prepare(events.USER_CREATED, actor=SYSTEM, user=user, detail={"note": "Мария", "n": [1, None]})
        insert.insert(user, event)
        stored = User.objects.get()
        assert {field: getattr(stored, field) for field in FIELDS} == {field: getattr(user, field) for field in FIELDS}
        assert AuditEvent.objects.get().detail == {"note": "Мария", "n": [1, None]}
        assert AuditEvent.objects.get().time == event.time

    def test_all_or_none(self, insert):
        UserFactory(login="a")
        event = prepare(events.USER_CREATED, actor=SYSTEM)
        with pytest.raises(IntegrityError), transaction.atomic():
            insert.insert(UserFactory.build(login="A"), event)
        event.client_id = "x" * 300 if connection.vendor == "postgresql" else None
        with pytest.raises((IntegrityError, DataError)), transaction.atomic():
            insert.insert(UserFactory.build(login="b"), event)
        assert User.objects.count() == 1
        assert not AuditEvent.objects.exists()

    def test_one_statement_where_the_database_can(self, insert):
        with CaptureQueriesContext(connection) as captured:
            insert.insert(UserFactory.build(login="a"), prepare(events.USER_CREATED, actor=SYSTEM))
        inserts = [query["sql"] for query in captured if "INSERT" in query["sql"]]
        assert len(inserts) == (1 if connection.vendor == "postgresql" else 2)

"""A compiled query answers exactly as the query that it was made from."""

import pytest

from erpnet_identity.compiled import CompiledQuery
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


def test_a_placeholder_that_does_not_reach_the_sql_is_a_mistake():
    query = CompiledQuery(2, lambda one, two: User.objects.filter(login=one).values_list("login"))
    with pytest.raises(TypeError, match="placeholder"):
        query.rows("a", "b")

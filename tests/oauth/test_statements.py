"""How many statements each step of a sign-in costs a warm process, those that begin and end a transaction included."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.relying_party import answer_of

pytestmark = pytest.mark.django_db(transaction=True)

SCOPE = "openid profile read offline_access"
# PostgreSQL stores several rows in one statement, SQLite in one each.
EXPECTED = {
    "code": {"postgresql": 7, "sqlite": 9},
    "refresh": {"postgresql": 7, "sqlite": 9},
    "refresh again": {"postgresql": 7, "sqlite": 8},
    "silent": {"postgresql": 6, "sqlite": 9},
    "userinfo": {"postgresql": 2, "sqlite": 2},
}


@pytest.fixture
def count():
    """``count(name, call)``: what ``call`` returns, after it took the expected number of statements."""

    def run(name, call):
        with CaptureQueriesContext(connection) as captured:
            result = call()
        statements = [query["sql"] for query in captured]
        assert len(statements) == EXPECTED[name][connection.vendor], "\n".join([name, *statements])
        return result

    return run


@pytest.mark.contract("ID-110", "ID-120", "ID-71", "ID-140")
@pytest.mark.parametrize("kind", ["web_app", "public_app"])
def test_statements_of_a_sign_in(kind, request, relying_party, internal_user, count):
    party = relying_party(request.getfixturevalue(kind), user=internal_user, scope=SCOPE)
    party.tokens()  # keys, compiled statements, the time of last use, the consent
    for _ in range(2):
        response = count("silent", lambda: party.authorize(prompt="none"))
        code = answer_of(response)[2]["code"]
        body = count("code", lambda code=code: party.exchange(code)).json()
        used = body["refresh_token"]
        body = count("refresh", lambda used=used: party.refresh(used)).json()
        again = count("refresh again", lambda used=used: party.refresh(used)).json()
        assert again["refresh_token"] == body["refresh_token"]
        assert count("userinfo", lambda body=body: party.userinfo(body["access_token"])).status_code == 200

"""Whoever reads the database or the logs finds nothing that opens anything."""

import io
import logging
import logging.config

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from erpnet_identity.audit.request_log import LOGGER
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

CONTRACT = (
    "ID-09", "ID-60", "ID-251", "TK-58", "TA-55", "OP-79", "OP-138", "OP-154", "OP-233", "AU-02",
)  # fmt: skip


@pytest.fixture
def written():
    """Every line of every logger, the finest ones too, in the form in which it is written."""
    root, requests = logging.getLogger(), logging.getLogger(LOGGER)
    configuration = logging.config.dictConfigClass(settings.LOGGING)
    formatters = configuration.config["formatters"]
    formatter = configuration.configure_formatter(formatters["structured"])
    of_request = configuration.configure_formatter(formatters["request"])
    buffer = io.StringIO()
    handler, of_requests = logging.StreamHandler(buffer), logging.StreamHandler(buffer)
    handler.setFormatter(formatter)
    of_requests.setFormatter(of_request)
    levels = root.level, requests.level
    root.addHandler(handler)
    requests.addHandler(of_requests)
    root.setLevel(logging.DEBUG)
    requests.setLevel(logging.DEBUG)
    yield buffer.getvalue
    root.removeHandler(handler)
    requests.removeHandler(of_requests)
    root.setLevel(levels[0])
    requests.setLevel(levels[1])


def everything_stored():
    """All rows of all tables as text; what sessions hold, decoded."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    rows += [str(session.get_decoded()) for session in Session.objects.all()]
    assert {"tokens_grant", "tokens_accesstoken", "tokens_refreshtoken", "audit_auditevent"} <= set(tables)
    return "\n".join(rows)


@pytest.mark.contract(*CONTRACT)
@pytest.mark.parametrize("by", ["body", "header"])
def test_a_whole_sign_in_with_everything_that_can_go_wrong(by, relying_party, web_app, written):
    maria = UserFactory(login="maria", password="correct horse")
    party = relying_party(
        web_app, user=maria, scope="openid profile read offline_access", response_type="code id_token"
    )
    credentials = party.in_header if by == "header" else {}
    answer = party.answer()
    secrets = {"the code": answer["code"], "the ID token beside it": answer["id_token"]}
    guessed = {"code": "AB" * 32, "code_verifier": "guessed-" * 8, "client_secret": "guessed-secret-" * 3}
    secrets |= {f"guessed {name}": value for name, value in guessed.items()}
    for name, value in guessed.items():
        assert party.exchange(**{"code": answer["code"], name: value}).status_code == 400
    first = party.exchange(answer["code"], **credentials).json()
    second = party.refresh(first["refresh_token"], **credentials).json()
    for number, body in enumerate((first, second)):
        assert party.call_api(body["access_token"]) == 200
        assert party.userinfo(body["access_token"]).status_code == 200
        secrets |= {f"{name} {number}": body[name] for name in ("access_token", "refresh_token", "id_token")}
    guess = secrets["guessed refresh token"] = "CD" * 32
    assert party.refresh(guess, **credentials).status_code == 400
    assert party.refresh(first["refresh_token"], **credentials).status_code == 400
    assert party.exchange(answer["code"], **credentials).status_code == 400
    assert party.call_api(second["access_token"]) == 401
    secrets["the client secret"] = web_app.plain_secret
    secrets["the verifier"] = party.verifier
    secrets["the password"] = "correct horse"
    # A signed token is as good without its signature, where somebody else can make one.
    secrets |= {f"{name}: signature": value.split(".")[2] for name, value in secrets.items() if value.startswith("ey")}

    stored, lines = everything_stored(), written()
    assert "maria" in stored
    assert "/id/connect/token" in lines
    assert [name for name, value in secrets.items() if value in stored] == []
    assert [name for name, value in secrets.items() if value in lines] == []

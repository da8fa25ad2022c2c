"""Whoever has an answer already is not sent it again (RFC 9110 §13.1.2), wherever a tag is sent."""

import pytest
from django.contrib.staticfiles import finders

from erpnet_identity.platform.etags import is_current
from tests.support.addresses import without_values

TAG = '"abc"'
WITH_A_TAG = {
    "/id/.well-known/openid-configuration",
    "/id/.well-known/openid-configuration/jwks",
    "/id/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/id",
}


def static_file():
    """Some style sheet of ours."""
    for finder in finders.get_finders():
        for path, _ in finder.list([]):
            if path.endswith(".css"):
                return f"/static/{path}"
    raise AssertionError


@pytest.fixture
def answer(client):
    """``answer(address, named, method)``: status, headers and body of an answer that is read to its end."""

    def get(address, named=None, method="GET"):
        headers = {} if named is None else {"If-None-Match": named}
        response = client.generic(method, address, headers=headers)
        body = response.getvalue()
        if response.streaming:  # any other is closed by now, and once more would end the connection of the test
            response.close()
        return response.status_code, response.headers, body

    return get


@pytest.mark.parametrize(
    ("header", "current"),
    [
        ('"abc"', True), ('W/"abc"', True), ('"x", "abc"', True), ('"x",W/"abc" , "y"', True), ("*", True),
        (" * ", True),
        ('"x,y", "abc"', True), ('"abc', False), ("abc", False), ('"ABC"', False), ('w/"x"', False), ("", False),
        ('"x", *', False), ('"x,"abc"', False), ('""', False), ('"x" abc', False), ('W/"abcd"', False),
    ],
)  # fmt: skip
def test_weak_comparison(header, current):
    assert is_current(TAG, {"HTTP_IF_NONE_MATCH": header}) is current
    assert is_current(f"W/{TAG}", {"HTTP_IF_NONE_MATCH": header}) is current


def test_without_the_header():
    assert not is_current(TAG, {})


@pytest.mark.django_db
@pytest.mark.contract("OP-12")
@pytest.mark.parametrize("address", [*sorted(WITH_A_TAG), static_file()])
def test_wherever_a_tag_is_sent(answer, address):
    etag = answer(address)[1]["ETag"]
    for named in (etag, f"W/{etag}", f'"x", W/{etag}', "*"):
        status, headers, body = answer(address, named)
        assert (status, headers["ETag"], body) == (304, etag, b""), named
        assert "max-age" in headers["Cache-Control"]
        assert answer(address, named, "HEAD")[0] == 304
    for named in ('"x"', 'W/"x"', etag.strip('"'), ""):
        assert answer(address, named)[0] == 200, named


@pytest.mark.django_db
def test_other_answers_have_no_tag(answer, admin_client):
    """One that gets a tag belongs into the table above."""
    addresses = set(without_values())
    assert len(addresses) > 60
    for address in sorted(addresses - WITH_A_TAG):
        assert "ETag" not in answer(address)[1], address

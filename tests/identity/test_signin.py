"""The sign-in page."""

import pytest

pytestmark = pytest.mark.django_db


def test_smoke(person, maria):
    r = person.sign_in("maria")
    assert r.status_code == 302, r.content.decode()
    assert r["Location"] == "/id/"
    page = person.client.get("/id/")
    assert b"Maria" in page.content
    r = person.client.get("/id/password/change")
    r = person.submit(
        r, "change", oldpassword="correct horse battery", password1="x-another-pass", password2="x-another-pass"
    )
    assert r.status_code == 302, r.content.decode()
    assert person.client.get("/id/").status_code == 200


def test_wrong(person, maria):
    r = person.sign_in("maria", "x")
    assert r.status_code == 200
    assert "is not right" in r.content.decode()

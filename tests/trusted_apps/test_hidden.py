"""What a record may not hide: characters that do not show, hosts that are not what they look like, a second answer."""

import json

import pytest

from erpnet_identity import manifest
from tests.factories.trusted_apps import TrustedApplicationFactory
from trusted_apps import hosts, redirects
from trusted_apps.models import TrustedApplication

pytestmark = pytest.mark.django_db

FIELDS = {"redirect_uris": "impersonate_login_url", "post_logout_redirect_uris": "impersonate_logout_url"}


def refused_in_manifest(**values):
    application = {"application_uri": "app.example.com", "client_type": "Public", **values}
    text = json.dumps({"applications": [application]}).encode()
    with pytest.raises(manifest.ManifestError) as refused:
        manifest.preview(text, environment={})
    return " ".join(str(problem) for problem in refused.value.problems)


@pytest.mark.contract("TA-11")
@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u3164", "\x1b"])
@pytest.mark.parametrize("field", ["name", "owner"])
def test_names_and_owners_show_all_they_hold(field, character, register):
    values = {"name": "Shop", "owner": "Acme", field: f"Acme {character}Ltd."}
    errors = register(**values)
    code = f"U+{ord(character):04X}"
    assert list(errors) == [field]
    assert f"The {field} holds the invisible character {code}" in errors[field][0]
    if character != "\x1b":
        said = refused_in_manifest(**values)
        assert f"The {field} holds the invisible character {code}" in said


def test_names_in_every_script_are_fine(register):
    for name in ("Склад „Жълтуша“", "山田商店", "متجر", "Große Straße 7", "Café ☕ 2.0"):
        assert register(name=name, owner=name, client_id=f"app{len(name)}.{ord(name[0])}").name == name


@pytest.mark.contract("TA-40")
@pytest.mark.parametrize(
    "host",
    [
        "exa%6dple.com", "-a.example.com", "a-.example.com", "a..example.com", "a_b.example.com", "127.1", "0x7f.0.0.1",
        "2130706433", "1.2.3.4.5", "010.0.0.1", "256.1.1.1", "example.0x7f", "a" * 64 + ".com", "xn--a\x2d.com",
        "ex'ample.com", "(a).com", ".com", "..", "[::1%25eth0]", "xn--abc-.com",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", FIELDS)
def test_hosts_are_names_or_addresses(field, host, register):
    errors = register(**{field: f"https://{host}/cb"})
    assert list(errors) == [field]
    said = refused_in_manifest(name="x", **{FIELDS[field]: [f"https://{host}/cb"]})
    assert "DNS name nor an IP address" in said or "not an absolute address" in said


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/cb", "https://xn--mller-kva.example/cb", "https://10.0.0.1:8443/cb", "https://a/cb",
        "https://[2001:db8::1]/cb", "http://localhost:1/cb", "http://127.0.0.1/cb", "https://1a.example.com./cb",
        "https://App.Example.COM/x%20y?tenant=a&codes=1&_state=2", "https://127.0.0.1.example.com/",
    ],
)  # fmt: skip
def test_good_addresses(uri, register):
    assert register(redirect_uris=uri).redirect_uri_list == [uri]


@pytest.mark.contract("TA-40")
@pytest.mark.parametrize(
    ("uri", "written"),
    [
        ("https://müller.example/cb", "https://xn--mller-kva.example/cb"),
        ("https://MÜLLER.example:8443/rück?a=ß", "https://xn--mller-kva.example:8443/r%C3%BCck?a=%C3%9F"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://пример.бг/а%20", "https://xn--e1afmkfd.xn--90ae/%D0%B0%20"),
        ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://ｅｘａｍｐｌｅ.com/cb", "https://example.com/cb"),
        ("https://example.com/é", "https://example.com/%C3%A9"),
    ],
)
def test_letters_outside_ascii_are_offered_as_they_are_sent(uri, written, register):
    assert written in register(redirect_uris=uri)["redirect_uris"][0]
    assert written in refused_in_manifest(name="x", impersonate_login_url=[uri])
    assert redirects.problem(written, allow_custom_scheme=False, allow_insecure=False) is None
    assert hosts.in_ascii(written) == written


@pytest.mark.contract("OP-226", "TA-61")
@pytest.mark.parametrize("name", [*sorted(redirects.ANSWERS), "%69ss", "st%61te"])
@pytest.mark.parametrize("uri", ["https://app.example.com/cb?a=1&{}=x", "com.example.app:/cb?{}"])
def test_an_address_does_not_answer_for_us(uri, name, register):
    address = uri.format(name)
    errors = register(client_type="public", redirect_uris=address)
    assert list(errors) == ["redirect_uris"]
    assert "which the answer adds" in errors["redirect_uris"][0]
    assert "which the answer adds" in refused_in_manifest(name="x", impersonate_login_url=[address])


@pytest.mark.contract("TA-61", "ID-155")
def test_signing_out_adds_the_state_alone(register):
    taken = register(post_logout_redirect_uris="https://app.example.com/bye?code=1&iss=2")
    assert taken.post_logout_redirect_uri_list == ["https://app.example.com/bye?code=1&iss=2"]
    errors = register(client_id="other", post_logout_redirect_uris="https://app.example.com/bye?state=1")
    assert list(errors) == ["post_logout_redirect_uris"]


def test_a_record_from_before_says_what_is_wrong_when_it_is_saved(admin_client, change):
    application = TrustedApplicationFactory(web=True)
    TrustedApplication.objects.filter(pk=application.pk).update(redirect_uris="https://exa%6dple.com/cb")
    application.refresh_from_db()
    assert list(change(application, name="Other")) == ["redirect_uris"]

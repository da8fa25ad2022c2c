"""Every rule of a record, through the form over HTTP: the refusal stands at its field, what was typed is kept."""

import pytest

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.users.models import UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.trusted_apps.pages import LIST, errors_of, fields, fields_of, page_of, text_of
from trusted_apps.models import TrustedApplication

pytestmark = pytest.mark.django_db


@pytest.mark.contract("TA-12", "TA-48")
@pytest.mark.parametrize(
    "client_id", ["spa.example.com", "my.trusted.app/first", "com.vendor/app", "MYDEMOCLIENT", "x" * 254]
)
def test_client_ids_that_are_good(register, client_id):
    assert register(client_id=client_id).client_id == client_id


@pytest.mark.contract("TA-30", "TA-32")
@pytest.mark.parametrize(
    "client_id",
    [
        "", "   ", "two words", "x" * 255, "żółw", "tab\tbed", "nul\x00", "internal.erp.net/x", "INTERNAL.ERP.NET/x",
    ],
)  # fmt: skip
def test_client_ids_that_are_refused(register, client_id):
    assert list(register(client_id=client_id)) == ["client_id"]
    assert not TrustedApplication.objects.exists()


@pytest.mark.contract("TA-31")
@pytest.mark.parametrize("client_id", ["shop.example.com", "SHOP.example.com"])
def test_a_client_id_that_another_has(register, client_id):
    TrustedApplicationFactory(client_id="Shop.Example.com")
    assert register(client_id=client_id) == {
        "client_id": ["Another application already uses this client id (letter case does not count)."]
    }


@pytest.mark.contract("TA-33", "TA-53")
def test_a_public_application_has_no_secret(change, admin_client):
    application = TrustedApplicationFactory(web=True)
    assert "Retire its secrets first" in change(application, client_type="public")["client_type"][0]
    application.secrets.all().delete()
    public = change(application, client_type="public")
    assert public.is_public
    response = admin_client.post(page_of(public, "secrets/add"), {"how": "generate", "lifetime": "never"})
    assert response.status_code == 302
    assert not public.secrets.exists()


@pytest.mark.contract("TA-34")
def test_a_confidential_application_may_be_saved_without_a_secret(register, admin_client):
    application = register()
    assert not application.secrets.exists()
    page = text_of(admin_client.get(page_of(application)))
    assert "every token request fails" in page


@pytest.mark.contract("TA-36", "TA-37", "TA-38")
def test_a_service_needs_a_system_user_that_may_run_it(register, change, community_user, system_user):
    assert list(register(allows_service=True)) == ["system_user"]
    assert list(register(allows_service=True, system_user=community_user.login)) == ["system_user"]
    assert list(register(allows_service=True, system_user="nobody.at.all")) == ["system_user"]
    inactive = UserFactory(system=True, is_active=False)
    assert list(register(allows_service=True, system_user=inactive.login)) == ["system_user"]
    assert list(register(client_type="public", allows_service=True, system_user=system_user.login)) == [
        "allows_service"
    ]
    application = register(allows_service=True, system_user=system_user.login.upper())
    assert application.system_user == system_user
    internal = change(application, system_user=UserFactory(login="clerk").login, allows_internal_users=True)
    assert internal.system_user.login == "clerk"


@pytest.mark.contract("TA-38")
@pytest.mark.parametrize("user_type", sorted(set(UserType) - {UserType.INTERNAL, UserType.SYSTEM}))
def test_other_types_run_no_service(register, user_type):
    user = UserFactory(user_type=user_type)
    assert list(register(system_user=user.login)) == ["system_user"]


@pytest.mark.contract("TA-39", "TA-43", "TK-103")
def test_what_is_allowed_with_a_warning(register, admin_client, administrator):
    application = register(
        allows_service=True,
        system_user=administrator.login,
        allows_community_users=True,
        identity_scopes_imply_access=True,
    )
    page = text_of(admin_client.get(page_of(application)))
    assert "is an administrator; an account with only the rights the service needs is safer" in page
    assert "Community users may sign in while internal users may not" in page
    assert "less strict than least privilege" in page


@pytest.mark.contract("ID-85")
def test_who_owns_an_application_and_whether_people_are_asked(register, admin_client):
    application = register(owner=" Acme Ltd. ", is_verified=True, is_first_party=True, allows_internal_users=True)
    assert (application.owner, application.is_verified, application.is_first_party) == ("Acme Ltd.", True, True)
    values = AuditEvent.objects.get().detail["values"]
    assert (values["Owner"], values["IsVerified"], values["IsFirstParty"]) == ("Acme Ltd.", True, True)

    admin_client.post(page_of(application), fields_of(application, is_verified=False, is_first_party=False))
    application.refresh_from_db()
    assert (application.owner, application.is_verified, application.is_first_party) == ("Acme Ltd.", False, False)
    history = text_of(admin_client.get(page_of(application, "history")))
    assert "Owner is verified IsVerified yes → no" in history
    assert "Belongs to this organisation IsFirstParty yes → no" in history


@pytest.mark.parametrize("owner", ["", "   "])
def test_an_owner_who_is_not_named_cannot_be_verified(register, owner):
    assert register(owner=owner, is_verified=True) == {
        "is_verified": ["There is no owner who could have been verified."]
    }


@pytest.mark.contract("ID-85")
@pytest.mark.parametrize(
    ("values", "skips"),
    [
        ({}, False),
        ({"is_first_party": True}, True),
        ({"owner": "Acme Ltd.", "is_verified": True}, False),
        ({"client_id": "internal.erp.net/profile"}, True),
        ({"client_id": "internal.erp.network"}, False),
    ],
)
def test_who_is_not_asked_for_consent(values, skips):
    assert TrustedApplicationFactory.build(**values).skips_consent is skips


GOOD = [
    "https://app.example.com/callback",
    "https://app.example.com:8443/callback/?x=1&y=2",
    "http://localhost:5000/signin-oidc",
    "http://127.0.0.1/cb",
    "http://[::1]:7000/cb",
]

UNVERIFIED = "although nobody has verified who the owner is"
PRETENDING = "another program on their device could pretend to be this one"


def test_the_switch_says_whom_it_does_not_reach(admin_client):
    page = text_of(admin_client.get(page_of(TrustedApplicationFactory())))
    assert "public applications at loopback addresses and own schemes: there people are always asked" in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"web": True}, set()),
        ({"web": True, "is_first_party": True}, {UNVERIFIED}),
        ({"web": True, "is_first_party": True, "owner": "Acme Ltd.", "is_verified": True}, set()),
        ({"is_first_party": True}, set()),
        ({"public": True, "is_first_party": True}, {UNVERIFIED}),
        ({"public": True, "redirect_uris": "http://127.0.0.1/cb"}, set()),
        ({"public": True, "is_first_party": True, "redirect_uris": "http://127.0.0.1/cb"}, {PRETENDING}),
        ({"public": True, "is_first_party": True, "redirect_uris": "myapp://cb"}, {PRETENDING}),
        ({"public": True, "is_first_party": True, "redirect_uris": f"myapp://cb\n{GOOD[0]}"}, {UNVERIFIED, PRETENDING}),
        ({"web": True, "is_first_party": True, "redirect_uris": "http://localhost/cb"}, {UNVERIFIED}),
    ],
)
def test_what_deserves_attention_when_nobody_is_asked(admin_client, values, said):
    page = text_of(admin_client.get(page_of(TrustedApplicationFactory(**values))))
    assert {sentence for sentence in (UNVERIFIED, PRETENDING) if sentence in page} == said


BAD = [
    "app.example.com/callback",
    "/callback",
    "//app.example.com/cb",
    "http://app.example.com/cb",
    "http://192.168.10.55/signin-callback",
    "https://app.example.com/cb#part",
    "https://*.example.com/cb",
    "https://app.example.com/*",
    "https://user@app.example.com/cb",
    "https://",
    "myapp://auth/callback",
    "https://app.example.com/a b",
    "https://app.example.com/" + "x" * 2000,
]


@pytest.mark.contract("TA-40", "TA-41", "TA-42")
@pytest.mark.parametrize("field", ["redirect_uris", "post_logout_redirect_uris"])
def test_addresses(register, field):
    for bad in BAD:
        assert list(register(**{field: bad})) == [field], bad
    stored = register(**{field: "\r\n".join(f"  {uri} " for uri in GOOD) + ", ,\n"})
    assert getattr(stored, field).split("\n") == GOOD


@pytest.mark.contract("TA-40")
def test_commas_and_lines_separate_addresses(register):
    stored = register(redirect_uris=" https://a.example.com/ ,https://b.example.com/\nhttps://a.example.com/")
    assert stored.redirect_uri_list == ["https://a.example.com/", "https://b.example.com/"]


@pytest.mark.contract("TA-41")
def test_plain_http_when_the_instance_allows_it(register, settings):
    settings.ALLOW_INSECURE_REDIRECTS = True
    assert register(redirect_uris="http://192.168.10.55/cb").redirect_uris == "http://192.168.10.55/cb"


@pytest.mark.contract("TA-42")
@pytest.mark.parametrize("scheme", ["javascript", "data", "file", "vbscript", "about", "JavaScript"])
def test_schemes_that_are_never_allowed(register, scheme):
    assert list(register(client_type="public", redirect_uris=f"{scheme}:alert(1)")) == ["redirect_uris"]
    assert register(client_type="public", redirect_uris="myapp://auth/callback").is_public


@pytest.mark.contract("TA-21", "TA-44", "TA-45", "TA-47")
def test_scopes(register, change):
    assert list(register(scope=["write"])) == ["scope"]
    assert list(register(scope=["sec"])) == ["scope"]
    assert "reserved" in register(scope=["read", "sec"])["scope"][0]
    stored = register(scope=["DomainApi", "update", "read", "read", "email", "offline_access", "profile", "openid"])
    assert stored.scope == "openid profile email offline_access read update DomainApi"
    assert change(stored, scope=[]).scope == ""


@pytest.mark.contract("TA-21", "TA-73")
def test_the_order_of_stored_scopes_is_not_a_change(change):
    application = TrustedApplicationFactory(scope="update read openid")
    assert change(application).scope == "update read openid"
    assert change(application, name="Other").scope == "update read openid"
    assert set(AuditEvent.objects.get().detail["changes"]) == {"Name"}


def test_a_scope_that_an_older_rule_accepted_is_shown_and_refused(change, admin_client):
    application = TrustedApplicationFactory(scope="read everything")
    assert "everything" in admin_client.get(page_of(application)).content.decode()
    assert list(change(application, name="Other")) == ["scope"]
    assert change(application, scope=["read"]).scope == "read"


@pytest.mark.contract("TA-13", "TA-22")
def test_choices(register, change):
    assert list(register(client_type="")) == ["client_type"]
    assert list(register(client_type="secret")) == ["client_type"]
    assert list(register(client_type="none")) == ["client_type"], "None is the outcome of an install link"
    assert list(register(reference_tokens="everybody")) == ["reference_tokens"]
    placeholder = TrustedApplicationFactory(client_type="none")
    assert change(placeholder, name="Still a placeholder").client_type == "none"


def test_all_errors_at_once_and_what_was_typed_is_kept(admin_client):
    body = fields(
        name="", client_id="two words", client_type="public", redirect_uris="http://x.example.com/\nnope",
        allows_service=True, scope=["update", "wrong"], notes="Kept <b>notes</b>",
    )  # fmt: skip
    response = admin_client.post(f"{LIST}add/", body)
    assert set(errors_of(response)) == {"name", "client_id", "redirect_uris", "allows_service", "system_user", "scope"}
    page = response.content.decode()
    for name in ("name", "client_id", "redirect_uris", "allows_service", "system_user", "scope"):
        assert f'href="#id_{name}"' in page
    assert len(errors_of(response)["redirect_uris"]) == 2
    assert "two words" in page
    assert "Kept &lt;b&gt;notes&lt;/b&gt;" in page
    assert not TrustedApplication.objects.exists()


TEXTS = [
    "name", "owner", "client_id", "redirect_uris", "post_logout_redirect_uris", "system_user", "notes",
    "system_user_login_url",
]  # fmt: skip


@pytest.mark.parametrize("field", [*TEXTS, "client_type", "reference_tokens", "scope"])
@pytest.mark.parametrize("value", ["nul\x00nul", "x" * 200_000, "\ud800".encode("utf-8", "surrogatepass")])
def test_hostile_values_are_refused_at_their_field(admin_client, field, value):
    response = admin_client.post(f"{LIST}add/", fields(**{field: value}))
    if response.status_code == 302:  # what Django decoded to a replacement character is a text like any other
        assert isinstance(value, bytes)
        return
    assert field in errors_of(response)


def test_hostile_addresses_never_break_a_page(admin_client, service_app):
    for address in (
        f"{LIST}?q=%00", f"{LIST}?q=" + "x" * 5000, f"{LIST}?risk=%00&state=x&type='&mode=1&data=2", f"{LIST}?p=999999",
        f"{LIST}?p=x", f"{LIST}?o=99.x", f"{LIST}?nothing=1", f"{LIST}add/?preset=%00", f"{LIST}add/?client_type=x",
        f"{LIST}%00/change/", f"{LIST}not-a-key/change/", f"{LIST}not-a-key/history/", f"{LIST}not-a-key/secrets/add/",
        f"{LIST}system-users/?term=%00%25", page_of(service_app, "history") + "?page=x",
    ):  # fmt: skip
        assert admin_client.get(address).status_code in (200, 302, 404), address


@pytest.mark.contract("TA-28", "TA-73")
def test_two_administrators_at_once(admin_client, change):
    application = TrustedApplicationFactory(name="Before", scope="read")
    mine = fields_of(application, name="Mine")
    assert change(application, name="Theirs").object_version == 2

    response = admin_client.post(page_of(application), mine)
    errors = errors_of(response)
    assert "changed by someone else meanwhile" in errors["__all__"][0]
    assert errors["name"] == ["Stored now: Theirs"]
    assert 'value="Mine"' in response.content.decode()
    assert TrustedApplication.objects.get().name == "Theirs"

    again = {**mine, "object_version": response.context["adminform"].form["object_version"].value()}
    assert admin_client.post(page_of(application), again).status_code == 302
    assert TrustedApplication.objects.get().name == "Mine"


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "-1"])
def test_a_form_without_a_good_version_saves_nothing(admin_client, version):
    application = TrustedApplicationFactory(name="Before")
    response = admin_client.post(page_of(application), fields_of(application, name="After", object_version=version))
    assert response.status_code == 200
    assert TrustedApplication.objects.get().name == "Before"


def test_a_client_id_that_somebody_takes_between_check_and_write(admin_client, monkeypatch):
    from trusted_apps import services

    save = services.save_application

    def somebody_was_first(application, **kwargs):
        monkeypatch.undo()
        TrustedApplicationFactory(client_id="SHOP.example.com")
        return save(application, **kwargs)

    monkeypatch.setattr(services, "save_application", somebody_was_first)
    response = admin_client.post(f"{LIST}add/", fields())
    # The first attempt is rolled back together with what the other one wrote in this test; the second one succeeds.
    assert response.status_code == 302
    assert TrustedApplication.objects.get().client_id == "shop.example.com"


@pytest.mark.contract("TA-48")
def test_administrators_only(client, service_app, internal_user):
    addresses = [
        LIST, f"{LIST}add/", page_of(service_app), page_of(service_app, "history"), page_of(service_app, "secrets/add"),
        page_of(service_app, "enabled"), page_of(service_app, "delete"), f"{LIST}system-users/",
    ]  # fmt: skip
    for user in (None, internal_user):
        if user:
            client.force_login(user)
        for address in addresses:
            for response in (client.get(address), client.post(address, {"enabled": "0", "post": "yes"})):
                assert response.status_code in ((403,) if user else (302, 303))
                assert user or response["Location"].startswith("/id/signin?next=%2Fadmin%2F")
    service_app.refresh_from_db()
    assert service_app.is_enabled


@pytest.mark.contract("ID-102")
@pytest.mark.parametrize(
    ("values", "is_said"),
    [
        ({"service": True, "client_id": "urn:app"}, True),
        ({"public": True, "client_id": "urn:app"}, False),
        ({"service": True, "client_id": "urn.app"}, False),
    ],
)
def test_a_colon_in_the_client_id_deserves_attention(admin_client, values, is_said):
    page = text_of(admin_client.get(page_of(TrustedApplicationFactory(**values))))
    assert ("libraries must send it as %3A" in page) is is_said


@pytest.mark.contract("SE-64")
def test_a_limit_of_its_own(register, change):
    application = register(slot_limit="3")
    assert application.slot_limit == 3
    assert change(application, slot_limit="").slot_limit is None
    event = AuditEvent.objects.filter(name="application.updated").latest("id")
    assert event.detail["changes"] == {"LicenseSlotLimit": {"old": 3, "new": None}}


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "many", "9" * 20])
def test_a_limit_that_is_none(register, typed):
    assert list(register(slot_limit=typed)) == ["slot_limit"]
    assert not TrustedApplication.objects.exists()

"""Every mistake in a manifest is reported, all at once, with its path and line; variables."""

from textwrap import dedent

import pytest

from erpnet_identity import manifest
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.manifest import reader, variables
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from trusted_apps.models import TrustedApplication

pytestmark = pytest.mark.django_db


def problems_of(text, environment=None, **options):
    data = text if isinstance(text, bytes) else dedent(text).encode()
    with pytest.raises(manifest.ManifestError) as caught:
        manifest.apply(data, environment=environment or {}, **options)
    with pytest.raises(manifest.ManifestError) as planned:
        manifest.preview(data, environment=environment or {}, **options)
    # The two never disagree, and neither wrote anything.
    assert str(planned.value) == str(caught.value)
    assert not TrustedApplication.objects.exists()
    assert not AuditEvent.objects.exists()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.contract("MF-06")
def test_all_mistakes_are_reported_at_once_with_path_and_line():
    assert problems_of("""\
        version: 2
        instance:
          name: has spaces
          concurrent_licences: 3
          reserved_seats: [nobody]
        users:
          - login: has space
            type: Boss
            is_admin: "yes"
          - name: Nameless
          - login: ok
          - login: OK
        applications:
          - application_uri: ""
            name: A
          - application_uri: a
            client_type: Secret
            impersonate_login_url:
              - https://ok.example/cb
              - http://insecure.example/cb
            scope: read admin
            system_user_allowed: true
            system_user: nobody
          - application_uri: internal.erp.net/manage
            name: Mine
          - application_uri: b
            name: B
            is_enabled: maybe
            system_user_allowed: true
        """) == [
        "version (line 1): The only version of manifests is 1.",
        "instance.name (line 3): Letters, digits, dot, hyphen and underscore only.",
        (
            'instance.concurrent_licences (line 4): The key "concurrent_licences" is not known here. '
            "Did you mean concurrent_licenses?"
        ),
        'instance.reserved_seats[0] (line 5): There is no user "nobody", here or stored.',
        "users[0].login (line 7): A login has 1 to 64 characters and no spaces.",
        (
            'users[0].type (line 8): "Boss" is not one of InternalUser, ExternalCommunityUser, VirtualUserNoLogin, '
            "SystemUserNoLogin, ApplicationUserNoLogin, InvitationInternalNoLogin, InvitationExternalNoLogin"
        ),
        "users[0].is_admin (line 9): Expected true or false, found text.",
        "users[1].login (line 10): This key is required.",
        'users[3].login (line 12): "OK" stands already in line 11.',
        "applications[0].application_uri (line 14): This field cannot be blank.",
        "applications[1].name (line 16): This field cannot be blank.",
        'applications[1].client_type (line 17): "Secret" is not one of Confidential, Public, None',
        (
            "applications[1].impersonate_login_url[1] (line 20): 'http://insecure.example/cb' must use https; plain "
            "http is allowed only for localhost, 127.0.0.1 and [::1]."
        ),
        (
            "applications[1].scope (line 21): 'admin' is not a scope. Known scopes: DomainApi, email, offline_access, "
            "openid, profile, read, update."
        ),
        'applications[1].system_user (line 23): There is no user "nobody", here or stored.',
        (
            "applications[2].application_uri (line 24): The prefix internal.erp.net/ is reserved for the product's own "
            "sites."
        ),
        "applications[3].system_user (line 26): An app that may act as a service needs a system user.",
        "applications[3].is_enabled (line 28): Expected true or false, found text.",
    ]


@pytest.mark.contract("MF-06")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "manifest: The manifest is empty."),
        ("# nothing\n", "manifest: The manifest is empty."),
        ("- a\n", "manifest (line 1): A manifest is a mapping with the keys"),
        ("text", "manifest (line 1): A manifest is a mapping"),
        ("a: [1\n\nb: 2\n", "manifest (line 3): This is not valid YAML"),
        ("users:\n\t- login: a\n", "manifest (line 2): This is not valid YAML"),
        ("users: &a []\napplications: *a\n", "manifest (line 1): Anchors and aliases"),
        ("users: []\napplications: *a\n", "manifest (line 2): Anchors and aliases"),
        ("version: !!int 1\n", "manifest (line 1): YAML tags"),
        ("users: !!python/object:os.system []\n", "manifest (line 1): YAML tags"),
        ("version: 1\n---\nversion: 1\n", "manifest (line 2): A manifest is one document"),
        ("? [a]\n: b\n", "manifest (line 1): A key must be text."),
        ("users: " + "[" * 40, "manifest (line 1): The values are nested too deeply."),
        (b"version: 1\nusers:\n- login: \xff\n", "manifest (line 3): The file is not UTF-8 text."),
        (b"\xff\xfev\x00", "manifest (line 1): The file is not UTF-8 text."),
        (b"version: 1\n\x00", "manifest (line 2): The character U+0000 cannot be part"),
        ("a: \x1b[31m", "manifest (line 1): The character U+001B cannot be part"),
        ("version: 1\nversion: 1\n", 'manifest (line 2): The key "version" stands here twice.'),
        ("users: [{login: a, login: b}]", 'users[0] (line 1): The key "login" stands here twice.'),
        ("versio: 1", 'versio (line 1): The key "versio" is not known here. Did you mean version?'),
        ("xyz: 1", 'xyz (line 1): The key "xyz" is not known here. Known keys: version, instance, users'),
        ("<<: {a: b}", '<< (line 1): The key "<<" is not known here.'),
        ("version: '1'", "version (line 1): The only version"),
        ("users:", "users (line 1): Expected a list, found nothing (null); write [] for an empty list."),
        ("users: {login: a}", "users (line 1): Expected a list, found a mapping."),
        ("instance: []", "instance (line 1): Expected a mapping, found a list."),
        ("instance: {is_demo: true}", 'instance.is_demo (line 1): The key "is_demo" is not known here.'),
        ("instance: {concurrent_licenses: -1}", "instance.concurrent_licenses (line 1): Expected a whole number"),
        ("instance: {concurrent_licenses: 1.5}", "instance.concurrent_licenses (line 1): Expected a whole number"),
        ("instance: {concurrent_licenses: '10'}", "instance.concurrent_licenses (line 1): Expected a whole number or"),
        ("instance: {concurrent_licenses: 99999999999}", "instance.concurrent_licenses (line 1): Expected a whole"),
        ("instance: {reserved_seats: a}", "instance.reserved_seats (line 1): Expected a list, found text."),
        ("instance: {reserved_seats: [[a]]}", "instance.reserved_seats[0] (line 1): Expected text, found a list."),
        ("users: [{login: a, name: no}]", "users[0].name (line 1): Expected text, found what YAML reads as true or"),
        ("users: [{login: a, name: ~}]", "users[0].name (line 1): Expected text, found nothing; write ''"),
        ("users: [{login: a, is_active: 1}]", "users[0].is_active (line 1): Expected true or false, found a number."),
        ("users: [{login: a, is_active: null}]", "users[0].is_active (line 1): Expected true or false, found nothing"),
        (
            "applications: [{application_uri: a, name: A, is_verified: true}]",
            "applications[0].is_verified (line 1): There is no owner who could have been verified.",
        ),
        (
            "applications: [{application_uri: a, name: A, is_verified: true, owner: ' '}]",
            "applications[0].is_verified (line 1): There is no owner",
        ),
        ("users: [{login: a, id: 7}]", 'users[0].id (line 1): "7" is not a GUID.'),
        ("users: [{login: a, email: nowhere}]", "users[0].email (line 1): Enter a valid email address."),
        ("users: [{login: a, locale: Bulgarian}]", "users[0].locale (line 1): Expected a language tag"),
        ("users: [{login: a, email_confirmed: true}]", "users[0].email_confirmed (line 1): There is no e-mail"),
        (
            "users: [{login: a, type: SystemUserNoLogin, is_admin: true}]",
            "users[0].is_admin (line 1): Only an internal user",
        ),
        ('users: [{login: a, name: "a\\0b"}]', "users[0].name (line 1): The value holds characters that cannot be"),
        ("applications: [{name: A}]", "applications[0].application_uri (line 1): This key is required."),
        ("applications: [{application_uri: a}]", "applications[0].name (line 1): This field cannot be blank."),
        (
            "applications: [{application_uri: a, name: A, impersonate_login_url: https://a.example/}]",
            "applications[0].impersonate_login_url (line 1): Expected a list, found text.",
        ),
        (
            "applications: [{application_uri: a, name: A, impersonate_login_url: ['https://a.example/,https://b.example/']}]",
            "applications[0].impersonate_login_url[0] (line 1): Give each address an entry of its own",
        ),
        (
            "applications: [{application_uri: a, name: A, system_user_allowed: true, client_type: Public}]",
            "applications[0].system_user (line 1): An app that may act as a service needs a system user.",
        ),
        ("applications: [{application_uri: a b, name: A}]", "applications[0].application_uri (line 1): 1 to 254"),
        ("applications: [{application_uri: a, name: A, scope: sec}]", "applications[0].scope (line 1): The scope sec"),
        (
            (
                "users: [{login: a, type: ExternalCommunityUser}]\n"
                "applications: [{application_uri: a, name: A, system_user: a}]"
            ),
            "applications[0].system_user (line 2): The system user must be",
        ),
        (
            "applications: [{application_uri: a, name: A}, {application_uri: A, name: B}]",
            'applications[1].application_uri (line 1): "A" stands already in line 1.',
        ),
    ],
)
def test_mistakes(text, expected):
    assert problems_of(text)[0].startswith(expected)
    assert not User.objects.exists()


@pytest.mark.contract("MF-06")
def test_values_that_depend_on_an_unreadable_one_are_not_blamed():
    assert problems_of(
        "applications: [{application_uri: a, name: A, client_type: X, secret: s, "
        "impersonate_login_url: ['myapp://cb'], system_user: nobody, system_user_allowed: true}]"
    ) == [
        'applications[0].client_type (line 1): "X" is not one of Confidential, Public, None',
        'applications[0].system_user (line 1): There is no user "nobody", here or stored.',
    ]
    assert problems_of("users: [{login: a, type: X, is_admin: true, email: [], email_confirmed: true}]") == [
        (
            'users[0].type (line 1): "X" is not one of InternalUser, ExternalCommunityUser, VirtualUserNoLogin, '
            "SystemUserNoLogin, ApplicationUserNoLogin, InvitationInternalNoLogin, InvitationExternalNoLogin"
        ),
        "users[0].email (line 1): Expected text, found a list.",
    ]
    assert problems_of("applications: [{application_uri: a, name: A, owner: [], is_verified: true}]") == [
        "applications[0].owner (line 1): Expected text, found a list.",
    ]


@pytest.mark.contract("MF-06")
def test_huge_file_is_refused():
    assert problems_of(b"#" * (reader.MAX_BYTES + 1)) == ["manifest: The file is longer than 32 MiB."]


@pytest.mark.contract("MF-06")
def test_text_fields_take_the_text_as_it_stands():
    text = (
        "applications: [{application_uri: 2026-01-01, name: 0123, notes: 1_0}, {application_uri: !!str 7, name: '~'}]"
    )
    manifest.apply(text.encode(), environment={})
    assert list(TrustedApplication.objects.order_by("client_id").values_list("client_id", "name", "notes")) == [
        ("2026-01-01", "0123", "1_0"),
        ("7", "~", ""),
    ]


@pytest.mark.contract("MF-06")
def test_byte_order_mark_and_line_ends_of_windows_are_fine():
    data = b"\xef\xbb\xbfversion: 1\r\nusers:\r\n- login: a\r\n  name: b\r\n"
    assert manifest.apply(data, environment={}) == ["user a: created"]


@pytest.mark.contract("MF-08")
def test_variables_are_taken_from_the_environment():
    environment = {"WHO": "alice", "HOST": "a.example", "ON": "true", "SEATS": "3", "ODD": "null"}
    lines = manifest.apply(
        b"instance:\n  concurrent_licenses: ${SEATS}\n"
        b"users:\n- login: ${WHO}\n  name: ${ODD}\n  is_admin: ${ON}\n"
        b"applications:\n- application_uri: a\n  name: 'x $${WHO} ${WHO}-${WHO} $${ $WHO {WHO}'\n"
        b"  impersonate_login_url: ['https://${HOST}/cb']\n  system_user: ${WHO}\n",
        environment=environment,
    )
    assert lines[0] == "user alice: created"
    user = User.objects.get(login="alice")
    assert (user.name, user.is_admin) == ("null", True)
    application = TrustedApplication.objects.get()
    assert application.name == "x ${WHO} alice-alice ${ $WHO {WHO}"
    assert application.redirect_uris == "https://a.example/cb"
    assert application.system_user == user


@pytest.mark.contract("MF-08")
def test_value_of_a_variable_adds_no_structure():
    value = "x\n  is_admin: true\n- login: evil # ${HOME}"
    manifest.apply(b"users:\n- login: a\n  name: ${V}\n", environment={"V": value, "HOME": "h"})
    user = User.objects.get()
    assert (user.name, user.is_admin) == (value, False)


@pytest.mark.contract("MF-08")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${MISSING}", "The environment variable MISSING is not set."),
        ("x${EMPTY}${missing_2}", "The environment variable missing_2 is not set."),
        ("'${}'", "must be followed by the name of a variable"),
        ("'${A B}'", "must be followed by the name of a variable"),
        ("'${1A}'", "must be followed by the name of a variable"),
        ("'${EMPTY'", "must be followed by the name of a variable"),
        ("${BYTES}", "The value holds characters that cannot be stored."),
        ("${NUL}", "The value holds characters that cannot be stored."),
    ],
)
def test_bad_references_name_the_place(value, expected):
    UserFactory(login="a", name="before")
    environment = {"EMPTY": "", "BYTES": "\udcff", "NUL": "\x00"}
    (problem,) = problems_of(f"users:\n- login: a\n  name: {value}\n", environment)
    assert problem.startswith("users[0].name (line 3): ")
    assert expected in problem
    assert User.objects.get().name == "before"


@pytest.mark.contract("MF-08")
def test_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("MANIFEST_TEST_NAME", "From outside")
    manifest.apply(b"users: [{login: a, name: '${MANIFEST_TEST_NAME}'}]")
    assert User.objects.get().name == "From outside"


@pytest.mark.contract("MF-08")
@pytest.mark.parametrize("text", ["", "$", "${", "$${", "$$${", "${A}", "$${A}", "a$$b${{c}}", "${A"])
def test_escaped_text_stands_for_itself(text):
    assert variables.substitute(variables.escape(text), {}) == text

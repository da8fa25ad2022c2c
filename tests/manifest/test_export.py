"""Export, apply to an empty database, export again: the same bytes. With made-up instances."""

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import yaml
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpnet_identity import manifest
from erpnet_identity.erp_sessions.models import License, ReservedSeat
from erpnet_identity.manifest import emitter, reader, variables
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.users.models import MAY_RUN_SERVICES, User, UserType
from trusted_apps import secrets
from trusted_apps.models import ClientSecret, ClientType, ReferenceTokenPolicy, TrustedApplication

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
PLAIN_TRAPS = (
    "null ~ no 123 0x1 1e3 2026-01-01 ${HOME} $${ ' \" \\ % ... --- = << Юлия 🙂 *a &a !a | > {a} [a] @ ` ? a: :a #"
)
SPACE_TRAPS = ["- a", "a: b", "a #b", "a\nb", " a", "a ", "\n", "a\n\n b\n", "\ta", "a\r\nb", "\u2028", "\ufeff"]
TRICKY = st.sampled_from([*PLAIN_TRAPS.split(), *SPACE_TRAPS, "x" * 200 + ":,"])
WORDS = TEXT | TRICKY
LOGINS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda value: value.replace(tzinfo=UTC))
HASHES = st.integers(0, 5).map(lambda number: make_password(f"password {number}", salt="salt"))


@st.composite
def users(draw):
    email = draw(st.sampled_from(["", "a@example.com", "b.c+d@example.org"]))
    user_type = draw(st.sampled_from(UserType.values))
    return User(
        id=draw(st.uuids()),
        login=draw(LOGINS),
        name=draw(WORDS),
        email=email,
        email_confirmed=bool(email) and draw(st.booleans()),
        user_type=user_type,
        is_admin=user_type == UserType.INTERNAL and draw(st.booleans()),
        is_active=draw(st.booleans()),
        locale=draw(st.sampled_from(["en", "bg", "en-US", "zh-Hans-CN"])),
        password=draw(HASHES | st.just("!unusable") | st.just("")),
    )


@st.composite
def applications(draw, service_users):
    client_type = draw(st.sampled_from(ClientType.values))
    system_user = draw(st.none() | st.sampled_from(service_users)) if service_users else None
    urls = ["https://a.example/cb", "http://localhost:5000/", "https://b.example/?x=1&y=%2C", "http://[::1]/x"]
    return TrustedApplication(
        id=draw(st.uuids()),
        client_id=draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)),
        name=draw(WORDS),
        owner=(owner := draw(st.just("") | WORDS)),
        is_verified=bool(owner.strip()) and draw(st.booleans()),
        is_first_party=draw(st.booleans()),
        client_type=client_type,
        redirect_uris="\n".join(draw(st.lists(st.sampled_from(urls), unique=True))),
        post_logout_redirect_uris="\n".join(draw(st.lists(st.sampled_from(urls), unique=True))),
        allows_internal_users=draw(st.booleans()),
        allows_community_users=draw(st.booleans()),
        allows_service=system_user is not None and client_type == ClientType.CONFIDENTIAL and draw(st.booleans()),
        system_user=system_user,
        scope=draw(st.sampled_from(["", "read", "read update", "update DomainApi openid"])),
        reference_tokens=draw(st.sampled_from(ReferenceTokenPolicy.values)),
        allows_basic_authentication=draw(st.booleans()),
        identity_scopes_imply_access=draw(st.booleans()),
        is_enabled=draw(st.booleans()),
        notes=draw(st.just("") | WORDS),
        system_user_login_url=draw(st.just("") | WORDS),
    )


def stored(rows, **options):
    """Those of the rows that the rules let in."""
    kept = []
    for row in rows:
        try:
            row.full_clean(**options)
        except ValidationError:
            continue
        row.save(force_insert=True)
        kept.append(row)
    return kept


def make_up_an_instance(draw):
    people = stored(draw(st.lists(users(), max_size=5)), exclude=["password"])
    runners = [user for user in people if user.is_active and user.user_type in MAY_RUN_SERVICES]
    for application in stored(draw(st.lists(applications(runners), max_size=4))):
        names = draw(st.lists(st.just("default") | TEXT, max_size=3, unique=True))
        stored(
            ClientSecret(
                application=application,
                name=name,
                secret_hash=secrets.digest(name),
                expires=draw(st.none() | MOMENTS),
                disabled_at=draw(st.none() | MOMENTS),
            )
            for name in names
        )
    seats = draw(st.lists(st.sampled_from(people), unique=True)) if people else []
    ReservedSeat.objects.bulk_create(ReservedSeat(user=user) for user in seats)
    if draw(st.booleans()):
        Instance.objects.create(name=draw(st.sampled_from(["ERP", "demodb", "123", "null", "a.b-c_d"])))
    if draw(st.booleans()):
        License.objects.create(slots=draw(st.none() | st.integers(len(seats), 10)))


@contextmanager
def undone():
    """A transaction that does not last."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.contract("MF-05", "MF-02")
@QUICK
@given(data=st.data())
def test_export_apply_export_is_the_same_file(data):
    exported = without = again = None
    with undone():
        make_up_an_instance(data.draw)
        exported = manifest.export()
        without = manifest.export(with_secrets=False)
        lines, differs = manifest.preview(exported.encode(), environment={})
        assert not differs, lines
        assert not manifest.preview(without.encode(), environment={})[1]
    assert not User.objects.exists()
    with undone():
        manifest.apply(exported.encode(), environment={})
        again = manifest.export()
        assert manifest.export(with_secrets=False) == without
    assert again == exported
    # Any reader of YAML understands it.
    assert isinstance(yaml.safe_load(exported), dict)


@pytest.mark.contract("MF-05")
@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_emitted_text_is_read_as_it_was(text):
    for block in (False, True):
        rows = emitter.lines("key", text, "  ") if block else [f"  - key: {emitter.scalar(text)}"]
        document = "".join(f"{row}\n" for row in rows)
        problems = []
        root = reader.read(document.encode(), problems)
        node = (root if block else root.items[0]).entries["key"][0]
        assert node.kind == "str"
        assert variables.substitute(node.text, {}) == text
        assert not problems


@pytest.mark.django_db
@pytest.mark.contract("MF-05")
def test_export_is_readable_sorted_and_complete():
    service = User(id=uuid.UUID(int=1), login="svc", name="Service", user_type=UserType.SYSTEM, locale="bg")
    service.set_unusable_password()
    service.save()
    User(
        id=uuid.UUID(int=2), login="Bob", name="123", email="b@example.com", password=make_password("x", salt="s")
    ).save()
    application = TrustedApplication(
        id=uuid.UUID(int=3),
        client_id="z.app",
        name="Ново ${X}",
        owner="Acme Ltd.",
        is_verified=True,
        is_first_party=True,
        redirect_uris="https://a.example/cb\nhttp://localhost/",
        allows_service=True,
        system_user=service,
        scope="read",
        notes="first line\n  second: line\n",
        reference_tokens=ReferenceTokenPolicy.ADMINISTRATORS_ONLY,
    )
    application.save()
    ClientSecret.objects.create(application=application, secret_hash=secrets.digest("DEMO"))
    other = TrustedApplication(id=uuid.UUID(int=4), client_id="A.app", name="Other", client_type=ClientType.NONE)
    other.save()
    ClientSecret.objects.create(
        application=other, name="b", secret_hash=secrets.digest("2"), expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    ClientSecret.objects.create(
        application=other, name="a", secret_hash=secrets.digest("1"), disabled_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    TrustedApplication(client_id="internal.erp.net/manage", name="Manage").save()
    ReservedSeat.objects.create(user=service)
    assert (
        manifest.export()
        == f"""\
version: 1
instance:
  name: ERP
  concurrent_licenses: null
  kept_from_services_percent: 20
  reserved_seats:
    - svc
  title: ""
  logo: ""
  support_url: ""
  privacy_url: ""
  terms_url: ""
users:
  - login: Bob
    id: 00000000-0000-0000-0000-000000000002
    name: "123"
    email: b@example.com
    email_confirmed: false
    type: InternalUser
    is_admin: false
    is_active: true
    locale: en
    password_hash: "{make_password("x", salt="s")}"
  - login: svc
    id: 00000000-0000-0000-0000-000000000001
    name: Service
    email: ""
    email_confirmed: false
    type: SystemUserNoLogin
    is_admin: false
    is_active: true
    locale: bg
applications:
  - application_uri: A.app
    id: 00000000-0000-0000-0000-000000000004
    name: Other
    owner: ""
    is_verified: false
    client_type: None
    secrets:
      - name: a
        secret_hash: a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=
        expires: null
        is_enabled: false
      - name: b
        secret_hash: 1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=
        expires: 2030-01-02T03:04:05Z
        is_enabled: true
    impersonate_login_url: []
    impersonate_logout_url: []
    impersonate_as_internal_user_allowed: false
    impersonate_as_community_user_allowed: false
    is_first_party: false
    system_user_allowed: false
    system_user: null
    scope: ""
    access_tokens: None
    basic_authentication_allowed: false
    identity_scopes_imply_access: false
    license_slot_limit: null
    is_enabled: true
    notes: ""
    system_user_login_url: ""
  - application_uri: z.app
    id: 00000000-0000-0000-0000-000000000003
    name: "Ново $${{X}}"
    owner: Acme Ltd.
    is_verified: true
    client_type: Confidential
    secret_hash: T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4=
    impersonate_login_url:
      - https://a.example/cb
      - http://localhost/
    impersonate_logout_url: []
    impersonate_as_internal_user_allowed: false
    impersonate_as_community_user_allowed: false
    is_first_party: true
    system_user_allowed: true
    system_user: svc
    scope: read
    access_tokens: AdministratorsOnly
    basic_authentication_allowed: false
    identity_scopes_imply_access: false
    license_slot_limit: null
    is_enabled: true
    notes: |
      first line
        second: line
    system_user_login_url: ""
"""
    )

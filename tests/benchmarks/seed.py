"""What the workloads need: an application for services, one for people, a person, and ten customers."""

import os
import subprocess
import sys
from pathlib import Path

import django
from django.core.management import call_command

CLIENT_ID = "benchmark.app"
SIGN_IN_CLIENT_ID = "benchmark.web"
REDIRECT_URI = "https://benchmark.example/callback"
LOGIN, PASSWORD = "benchmark.person", "a password of the benchmark"


def seed(environment: dict[str, str]) -> str:
    """Migrate and fill the database that ``environment`` names. Returns the secret of both applications."""
    os.environ.update(environment)
    django.setup()
    call_command("migrate", verbosity=0)
    secret = _application()
    _customers()
    from django.db import connection

    connection.close()
    return secret


def seed_elsewhere(environment: dict[str, str], *, root: Path) -> str:
    """The same by the copy of the product in the folder ``root``, with the packages of this one."""
    code = "import os; from tests.benchmarks import seed; print(seed.seed(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{root} cannot be measured:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]


def _application() -> str:
    from erpnet_identity.users.models import User, UserType
    from trusted_apps import secrets
    from trusted_apps.models import ClientSecret, TrustedApplication

    user = User.objects.create(login="benchmark", name="Benchmark", user_type=UserType.SYSTEM, is_active=True)
    application = TrustedApplication.objects.create(
        name="Benchmark", client_id=CLIENT_ID, allows_service=True, system_user=user, scope="read update"
    )
    person = User(login=LOGIN, name="A person", email="person@benchmark.example")
    person.set_password(PASSWORD)
    person.save()
    web = TrustedApplication.objects.create(
        name="Benchmark, web",
        client_id=SIGN_IN_CLIENT_ID,
        redirect_uris=REDIRECT_URI,
        allows_internal_users=True,
        scope="read update",
    )
    secret = secrets.generate()
    for owner in (application, web):
        ClientSecret.objects.create(application=owner, secret_hash=secrets.digest(secret))
    return secret


def _customers() -> None:
    from erp_api.models import Currency, Customer, EnterpriseCompany, Party, PartyType

    euro = Currency.objects.create(currency_sign="EUR", name="Euro")
    own = Party.objects.create(party_code="0", party_name={"EN": "Own company"}, party_type=PartyType.COMPANY)
    company = EnterpriseCompany.objects.create(company=own, base_currency=euro)
    for number in range(1, 11):
        party = Party.objects.create(
            party_code=str(number), party_name={"EN": f"Company {number}"}, party_type=PartyType.COMPANY
        )
        Customer.objects.create(
            number=f"{number:06}", party=party, enterprise_company=company, default_currency=euro, credit_limit=1000
        )

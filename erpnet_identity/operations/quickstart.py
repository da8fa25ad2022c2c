"""A demo instance on this machine: made, filled, and explained (OPS-06)."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from django.core.management import call_command
from django.db import connection, models, transaction
from django.utils import timezone

from erpnet_identity import bootstrap, manifest
from erpnet_identity.audit import events
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.services import record
from erpnet_identity.keys.services import ensure_key, signing_key
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.users.models import User
from trusted_apps.models import TrustedApplication

from .version import VERSION

MANIFEST = Path(__file__).parent / "demo" / "manifest.yaml"
# The applications that the printed calls use, and the person whose password is printed beside the last of them.
SERVICE = "ServiceDemoClient"
SIGN_IN = "PublicDemoClient"
PERSON = "alice"


class RealInstance(Exception):
    """The database holds an instance that quickstart has not made."""


def refuse_real_instance() -> None:
    """Raises ``RealInstance``. Comes before everything else, migrations included: they are an administrator's
    decision."""
    tables = set(connection.introspection.table_names())
    if Instance._meta.db_table in tables:
        marks = list(Instance.objects.values_list("is_demo", flat=True))
        if any(marks):
            return
        if marks:
            raise RealInstance
    owned: tuple[type[models.Model], ...] = (User, TrustedApplication)
    if any(model._meta.db_table in tables and model._default_manager.exists() for model in owned):
        raise RealInstance


def prepare() -> None:
    """Bring the database to what the demo needs. What it holds already is kept, except that the accounts and
    applications of the demo get back the values that are printed."""
    refuse_real_instance()
    call_command("migrate", verbosity=0, interactive=False)
    _mark()
    manifest.apply_file(MANIFEST)
    call_command("load_demo_data", verbosity=0, stdout=_Silence())
    ensure_key()
    # Raises when the database was made with other secrets, before the printed calls would fail for that reason.
    signing_key(timezone.now())


class _Silence:
    """A stream for a command whose words would only stand in the way."""

    def write(self, text: str) -> int:
        return len(text)

    def isatty(self) -> bool:
        return False


@transaction.atomic
def _mark() -> None:
    # At once after the tables exist: a start that is interrupted later must find its own database again.
    _, is_new = Instance.objects.get_or_create(pk=Instance.SINGLETON, defaults={"is_demo": True})
    if is_new:
        record(events.INSTANCE_UPDATED, actor=SYSTEM, detail={"changes": {"is_demo": {"old": False, "new": True}}})


def demo() -> dict[str, Any]:
    """The demo's manifest as it was written, so that what is printed is what was applied."""
    content: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return content


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _kind(application: dict[str, Any]) -> str:
    uses = []
    if application.get("impersonate_as_internal_user_allowed") or application.get(
        "impersonate_as_community_user_allowed"
    ):
        uses.append("people")
    if application.get("system_user_allowed"):
        uses.append(f"service as {application['system_user']}")
    return f"{application.get('client_type', 'Public')}, {', '.join(uses)}; scope {application.get('scope', 'none')}"


def summary(root: str) -> str:
    """Addresses, applications, and last, where the eye rests, the accounts."""
    content = demo()
    accounts = [
        (user["login"], user["password"], user["type"] + (", administrator" if user.get("is_admin") else ""))
        for user in content["users"]
        if "password" in user
    ]
    applications = [
        (application["application_uri"], application.get("secret", "(no secret)"), _kind(application))
        for application in content["applications"]
    ]
    addresses = [
        ("Start page", f"{root}/"),
        ("Sign in", f"{root}/id/signin"),
        ("Identity Server", f"{root}/id"),
        ("Domain API", f"{root}/api/domain/odata/"),
        ("Instance Manager", f"{root}/manage"),
        ("Administration", f"{root}/admin/"),
        ("Database", str(connection.settings_dict["NAME"])),
    ]
    return f"""ERP Identity {VERSION}: the demo instance "{content["instance"]["name"]}" is ready.

{_columns(addresses)}

Applications

{_columns(applications)}

Calls to copy and paste, for a second terminal in this folder:

  {_command(root)}

Accounts. Every password and secret here is public: keep this instance on your own machine.

{_columns(accounts)}
"""


def _command(root: str) -> str:
    """What prints the calls in a terminal that knows nothing of this one, its INSTANCE_URL included."""
    command = "python3 manage.py quickstart --calls"
    parts = urlsplit(root)
    if parts.hostname != bootstrap.LOOPBACK[0] or parts.path:
        return f"INSTANCE_URL={root} {command}"
    port = parts.port or 80
    return command + (f" --port {port}" if port != 8000 else "")


def _curl(root: str, customers: str, secret: str) -> str:
    return f"""# Which sites there are, and how to talk to the Identity Server
curl -sw '\\n' {root}/tools/auto-discovery
curl -sw '\\n' {root}/id/.well-known/openid-configuration

# A token for a service, with its own credentials
TOKEN=$(curl -s {root}/id/connect/token -d grant_type=client_credentials \\
  -d client_id={SERVICE} -d client_secret={secret} -d scope=read |
  $PYTHON -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')

# Business data with that token; without it the answer is 401
curl -sw '\\n' '{customers}' -H "Authorization: Bearer $TOKEN"
curl -s -o /dev/null -w '%{{http_code}}\\n' '{customers}'
"""


def _without_curl(root: str, customers: str, secret: str) -> str:
    return f"""# Which sites there are, and how to talk to the Identity Server
GET='import sys, urllib.request as r; a = sys.argv[1:]
print(r.urlopen(r.Request(a[0], headers=dict([a[1:3]] if a[1:] else []))).read().decode())'
$PYTHON -c "$GET" {root}/tools/auto-discovery
$PYTHON -c "$GET" {root}/id/.well-known/openid-configuration

# A token for a service, with its own credentials
TOKEN=$($PYTHON - <<'EOF'
import json, urllib.parse, urllib.request
form = {{"grant_type": "client_credentials", "client_id": "{SERVICE}", "client_secret": "{secret}", "scope": "read"}}
answer = urllib.request.urlopen("{root}/id/connect/token", urllib.parse.urlencode(form).encode())
print(json.load(answer)["access_token"])
EOF
)

# Business data with that token; without it the answer is 401
$PYTHON -c "$GET" '{customers}' Authorization "Bearer $TOKEN"
$PYTHON - <<'EOF'
import urllib.error, urllib.request
try:
    urllib.request.urlopen("{customers}")
except urllib.error.HTTPError as error:
    print(error.code)
EOF
"""


def calls(root: str) -> str:
    """Calls that work as they stand, for any POSIX shell: with curl where this machine has it, and with the Python of
    this process, by its path."""
    secret = next(app["secret"] for app in demo()["applications"] if app["application_uri"] == SERVICE)
    password = next(user["password"] for user in demo()["users"] if user["login"] == PERSON)
    customers = f"{root}/api/domain/odata/Crm_Sales_Customers?$top=3"
    first = (_curl if shutil.which("curl") else _without_curl)(root, customers, secret)
    verified = f"""# What the token says, verified with the published keys
$PYTHON - "$TOKEN" <<'EOF'
import jwt, sys
key = jwt.PyJWKClient("{root}/id/.well-known/openid-configuration/jwks").get_signing_key_from_jwt(sys.argv[1])
print(jwt.decode(sys.argv[1], key, algorithms=["RS256"], issuer="{root}/id", audience="{root}/id/resources"))
EOF
"""
    from_python = f"""# The same from Python, with requests-oauthlib
$PYTHON - <<'EOF'
import os
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, on this machine only
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session
session = OAuth2Session(client=BackendApplicationClient(client_id="{SERVICE}", scope="read"))
session.fetch_token("{root}/id/connect/token", client_secret="{secret}")
for customer in session.get("{customers}").json()["value"]:
    print(customer["@odata.id"], customer["Number"])
EOF
"""
    signed_in = f"""# A person signs in: your browser opens; sign in as {PERSON} with {password}, and look here again
$PYTHON - <<'EOF'
import os, webbrowser
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, on this machine only
from http.server import BaseHTTPRequestHandler, HTTPServer
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.answer = "http://127.0.0.1" + self.path
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Done. Look at the terminal again.")

server = HTTPServer(("127.0.0.1", 0), Callback)
provider = requests.get("{root}/id/.well-known/openid-configuration").json()
callback = f"http://127.0.0.1:{{server.server_port}}/callback.html"
session = OAuth2Session("{SIGN_IN}", scope="openid profile read", redirect_uri=callback,
                        token_endpoint_auth_method="none", code_challenge_method="S256")
verifier = generate_token(64)
address, state = session.create_authorization_url(provider["authorization_endpoint"], code_verifier=verifier)
webbrowser.open(address) or print("Open this address in a browser:", address)
server.handle_request()
session.fetch_token(provider["token_endpoint"], authorization_response=server.answer,
                    state=state, code_verifier=verifier)
print(session.get(provider["userinfo_endpoint"]).json())
print(len(session.get("{customers}").json()["value"]), "customers")
EOF
"""
    shown = [
        first,
        f"# That call opened a session and took a license slot: see {root}/manage/sessions as an administrator\n",
        *_those_that_work((verified, "jwt"), (from_python, "requests_oauthlib"), (signed_in, "authlib", "requests")),
    ]
    return "\n".join(shown).rstrip().replace("$PYTHON", shlex.quote(sys.executable))


def _those_that_work(*calls: tuple[str, ...]) -> list[str]:
    """Of calls, each with the modules it imports, those that this environment can run: a production one has no
    libraries of clients."""
    missing = [name for _, *names in calls for name in names if find_spec(name) is None]
    able = [text for text, *names in calls if not set(names) & set(missing)]
    told = "# More calls are shown where the packages of the tests are installed: unset UV_NO_DEV.\n"
    return [*able, told] if missing else able

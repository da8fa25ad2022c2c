"""The sites that this instance publishes, and whether they work (IS-10 to IS-19)."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext_noop

from erpnet_identity.tenancy.models import database_name

log = structlog.get_logger("erpnet.instance")

WORKING = "Working"
NOT_WORKING = "NotWorking"


@dataclass(frozen=True, slots=True)
class Site:
    """One site. ``type`` and ``status`` are names that the vendor's client knows (IS-13, IS-14); ``has_pages`` says
    that people find a page at its address: programs find nothing but JSON at the others."""

    type: str
    title: str
    purpose: str
    url: str
    has_pages: bool
    is_system: bool
    status: str
    status_description: str | None = None
    properties: dict[str, str] | None = None

    @property
    def works(self) -> bool:
        return self.status == WORKING


@dataclass(frozen=True, slots=True)
class Instance:
    """What the instance says of itself to anybody."""

    host: str
    path: str
    database: str | None
    sites: tuple[Site, ...]

    @property
    def works(self) -> bool:
        return all(site.works for site in self.sites)


def describe() -> Instance:
    """The instance and its sites. At most one query, and an answer also when the database is away (IS-05)."""
    database: str | None = None
    status, description = WORKING, None
    try:
        database = database_name()
    except DatabaseError as error:
        log.warning("auto-discovery: the database does not answer", error=type(error).__name__)
        status, description = NOT_WORKING, gettext_noop("The database does not answer.")
    root: str = settings.INSTANCE_URL
    issuer: str = settings.ISSUER
    service_root = f"{root}/api/domain/odata/"
    return Instance(
        host=urlsplit(root).hostname or "",
        path=urlsplit(root).path,
        database=database,
        # Only sites that exist are listed (IS-19); each is named where its addresses are mounted.
        sites=(
            Site(
                type="ID",
                title="Identity Server",
                purpose=gettext_noop(
                    "Signs people in and issues tokens to Trusted Applications: OAuth 2.0 and OpenID Connect."
                ),
                url=issuer,
                has_pages=True,
                is_system=True,
                status=status,
                status_description=description,
            ),
            Site(
                type="InstanceManager",
                title="Instance Manager",
                purpose=gettext_noop("Who is connected, and how the licenses are shared out."),
                url=f"{root}/manage",
                has_pages=True,
                is_system=True,
                status=status,
                status_description=description,
            ),
            Site(
                type="DomainAPI",
                title="Domain API",
                purpose=gettext_noop("Business data over OData 4, guarded by scopes."),
                url=f"{root}/api",
                has_pages=False,
                is_system=False,
                status=status,
                status_description=description,
                properties={"ODataServiceRoot": service_root},
            ),
        ),
    )

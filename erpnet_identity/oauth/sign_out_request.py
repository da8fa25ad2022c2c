"""A request to sign out: what it says, whose it is, and where it may lead (RP-Initiated Logout §2, ID-150, ID-154)."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import Refusal
from erpnet_identity.identity.models import IdentitySession
from trusted_apps.models import TrustedApplication
from trusted_apps.redirects import MAX_LENGTH, with_query, without_port

from . import form, id_token_hint
from .id_token_hint import Hint

_KNOWN = ("id_token_hint", "post_logout_redirect_uri", "state", "client_id", "ui_locales")
_SALT = "erpnet.oauth.end_session"
_SECONDS = 3600


class BadSignOut(Refusal):
    """A request that gets the error page. ``description`` is for the page, ``cause`` for the operator."""

    def __init__(self, description: str, cause: Cause, client_id: str = "") -> None:
        super().__init__("invalid_request", description, cause)
        self.client_id = client_id


@dataclass(frozen=True, slots=True)
class SignOutRequest:
    """``hint`` is None when there is none or it is not ours. The texts are as they were sent; whether ``uri`` may be
    used is for ``return_url`` to say. ``languages`` are those that the application would like. ``sid`` is the session
    that the person was asked about, in a request that comes back from the question."""

    hint: Hint | None
    application: TrustedApplication | None
    uri: str
    state: str
    languages: str
    sid: str = ""

    def is_of(self, session: IdentitySession) -> bool:
        """Whether the hint proves that this very session is meant: then nobody has to be asked (ID-152)."""
        return self.hint is not None and self.hint.sid == session.sid

    @property
    def client_id(self) -> str:
        return self.application.client_id if self.application is not None else ""

    @property
    def return_url(self) -> str:
        """The way back to the application, with the ``state``; empty unless the address is registered for it (ID-154,
        ID-155)."""
        application = self.application
        if application is None or not application.is_enabled:
            return ""
        if not application.post_logout_redirect_uri_allowed(self.uri):
            return ""
        if not self.state:
            return self.uri
        return with_query(self.uri, urlencode({"state": self.state}))

    @property
    def refused_address(self) -> str:
        """The address that was asked for and is not gone to; empty when there is none."""
        return "" if self.return_url else self.uri

    @property
    def cause(self) -> Cause:
        """Why the address is refused, for the operator."""
        if self.application is not None:
            return Cause.POST_LOGOUT_REDIRECT_URI_NOT_REGISTERED
        if len(_registered_for(self.uri)) > 1:
            return Cause.POST_LOGOUT_REDIRECT_URI_OF_SEVERAL_APPLICATIONS
        return Cause.POST_LOGOUT_REDIRECT_URI_OF_NO_APPLICATION

    def seal(self, sid: str = "") -> str:
        """What the pages must know, as text for a hidden field and an address. Only in the field of the question is
        ``sid``."""
        content = [self.client_id, self.uri, self.state, self.languages, sid]
        return signing.dumps(content, salt=_SALT, compress=True)


def unseal(text: str) -> SignOutRequest:
    """The request in ``text``. Signing out is what the person wanted, however old the page was: of a text that is no
    good only the way back is lost."""
    try:
        client_id, uri, state, languages, sid = signing.loads(text, salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError):
        client_id = uri = state = languages = sid = ""
    return SignOutRequest(None, _find(client_id), uri, state, languages, sid)


def read(request: HttpRequest) -> dict[str, str]:
    """The known parameters of a request; one without a value counts as not sent. Raises ``BadSignOut``."""
    try:
        if request.method == "POST":
            raw = request.body
            if raw:
                form.check_media_type(request.META.get("CONTENT_TYPE", ""))
        else:
            # The server hands the bytes of the request line over as latin-1 (PEP 3333).
            raw = request.META.get("QUERY_STRING", "").encode("latin-1")
        values: dict[str, str] = {}
        for name, value in form.pairs(raw):
            if name in _KNOWN:
                if name in values:
                    raise BadSignOut("A parameter is repeated", Cause.PARAMETER_REPEATED)
                values[name] = value
    except (form.BadForm, UnicodeEncodeError) as bad:
        description = str(bad) if isinstance(bad, form.BadForm) else "The query is not readable"
        raise BadSignOut(description, Cause.FORM_UNREADABLE) from None
    return {name: value for name, value in values.items() if value}


def parse(parameters: dict[str, str]) -> SignOutRequest:
    """What is wanted. Raises ``BadSignOut`` for an unknown application and for two that contradict each other
    (OP-198, OP-200)."""
    client_id = parameters.get("client_id", "")
    application = _find(client_id)
    if client_id and application is None:
        raise BadSignOut("The application is not known here", Cause.CLIENT_UNKNOWN, client_id)
    hint = _hint(parameters.get("id_token_hint", ""))
    if hint is not None:
        if client_id and hint.client_id != client_id:
            description = "The id_token_hint was issued to another application"
            raise BadSignOut(description, Cause.HINT_OF_ANOTHER_CLIENT, client_id)
        application = application or _find(hint.client_id)
        if application is None:
            hint = None  # of an application that is gone: worth as much as none (OP-194)
    uri, state = parameters.get("post_logout_redirect_uri", ""), parameters.get("state", "")
    if application is None and len(owners := _registered_for(uri)) == 1:
        application = owners[0]  # whose else could it be: the address tells as much as a client_id (OP-196)
    return SignOutRequest(hint, application, uri, state, parameters.get("ui_locales", ""))


def _hint(text: str) -> Hint | None:
    if not text:
        return None
    try:
        return id_token_hint.read(text, now=timezone.now())
    except id_token_hint.BadHint:
        return None


def _registered_for(uri: str) -> list[TrustedApplication]:
    """The applications that have registered this address, those that are switched off included."""
    # A port that does not count is not part of what is stored; the comparison proper is that of the row.
    stored = f"://{urlsplit(uri).hostname or ''}" if without_port(uri) else uri
    if not uri or len(uri) > MAX_LENGTH:
        return []
    candidates = TrustedApplication.objects.filter(post_logout_redirect_uris__contains=stored).order_by("pk")
    return [application for application in candidates if application.post_logout_redirect_uri_allowed(uri)]


def _find(client_id: str) -> TrustedApplication | None:
    return TrustedApplication.objects.filter(client_id=client_id).first() if client_id else None
